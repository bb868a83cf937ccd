"""What the parent tells the child to do."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """A script to run, the limits of the run, and where its traces go.

    `private` is the only directory the child may write to, `work` the part of it that is the working directory;
    `roots` are the directories whose files are the user's own code; `parent` is the process that waits for the child,
    without which it must not live; `patient`: what is looked for may come late, so that a run of quick steps is given
    more of them; `loss` names the one that the steps are meant to have, where they compute one of their own;
    `unconfined`: it is run even where a guard is missing; `journal` is the descriptor to write to, once there is one;
    `imported` are the seconds that went into imports for the child before there was one.
    """

    script: str
    arguments: tuple[str, ...]
    steps: int
    seconds: float
    memory: int
    graph: bool
    private: str
    work: str
    roots: tuple[str, ...]
    parent: int
    patient: bool = False
    loss: str = ""
    unconfined: bool = False
    journal: int = -1
    imported: float = 0.0

    def encode(self) -> str:
        """The plan as one argument of a command line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def decode(cls, text: str) -> "Plan":
        """The plan that `encode` made the text of."""
        value = json.loads(text)
        return cls(**{**value, "arguments": tuple(value["arguments"]), "roots": tuple(value["roots"])})

    @property
    def folder(self) -> str:
        """The directory the script lies in."""
        return str(Path(self.script).parent)
