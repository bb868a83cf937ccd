"""What a project says of its own helpers in the configuration: which of them apply gradients, take a step, shuffle …"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["applies-gradients", "evaluates", "resets-metrics", "shuffles", "takes-step"]
ROLES: Sequence[Role] = get_args(Role)

# The operations that calls of such helpers are recorded as; a helper that shuffles a dataset is a `Dataset.shuffle`.
APPLIES_GRADIENTS, EVALUATES, RESETS_METRICS, SHUFFLES, TAKES_STEP = (f"wrapper.{role}" for role in ROLES)


@dataclass(frozen=True, slots=True)
class Wrappers:
    """The helpers of a project, by name, each with what it does.

    A name with dots means every function whose full name ends with it, in view or not; one without dots means functions
    of the project, in whatever file.
    """

    roles: tuple[tuple[str, Role], ...] = ()

    @property
    def words(self) -> frozenset[str]:
        """What a function must mention to call one of them: its name, or that as an attribute."""
        names = {name.rpartition(".")[2] for name, _ in self.roles}
        return frozenset(names | {f".{name}" for name in names})

    def role_of(self, names: Iterable[str]) -> Role | None:
        """What the function with these full names does by the word of the configuration."""
        called = list(names)
        return next((role for name, role in self.roles if any(_ends_with(full, name) for full in called)), None)


def _ends_with(full: str, name: str) -> bool:
    return full == name or ("." in name and full.endswith(f".{name}"))
