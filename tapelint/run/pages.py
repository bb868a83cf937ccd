"""The programs on a rule's page: the blocks under one heading are one program, each file of it padded to page lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tapelint import catalog
from tapelint.source.markdown import Fence, Heading, fences

FOLDER = Path(__file__).parents[1] / "rules"
SCRIPT = "train.py"
"""The file that a block belongs to when no line before it names another."""


@dataclass(frozen=True)
class Program:
    """The files under one heading. `headings` leads there from the page's title, which is the first."""

    rule: catalog.Rule
    headings: tuple[str, ...]
    files: dict[str, str]

    @property
    def part(self) -> str:
        """The part of the page it stands in: the rule's name for the first, else such as `Instead`."""
        return self.headings[1] if len(self.headings) > 1 else self.headings[0]

    def __str__(self) -> str:
        return " > ".join(self.headings)


def programs() -> Iterator[Program]:
    """Every program of every page."""
    for rule in catalog.rules().values():
        under: dict[tuple[Heading, ...], list[Fence]] = {}
        for fence in fences(rule.text):
            if fence.language == "python":
                under.setdefault(fence.headings, []).append(fence)
        for headings, blocks in under.items():
            yield Program(rule, tuple(heading.title for heading in headings), assembled(blocks))


def assembled(blocks: list[Fence]) -> dict[str, str]:
    """The text of each file, its lines where the page has them, so that line numbers are the page's own."""
    files: dict[str, str] = {}
    for block in blocks:
        name = block.file or SCRIPT
        text = files.get(name, "")
        files[name] = text + "\n" * (block.line - 1 - text.count("\n")) + block.text
    return files
