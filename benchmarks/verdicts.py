"""What readers judged of the findings in other people's packages, and the figures that follow from it."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

ROOT = Path(__file__).parents[1]
ADJUDICATED = Path(__file__).with_name("adjudicated.toml")
README = ROOT / "README.md"

Verdict = Literal["true", "false", "debatable"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

_BLOCK = re.compile(r"(<!-- precision: [^\n]* -->\n)(.*?)(\n<!-- end of precision -->)", re.DOTALL)


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """What tells a finding in a pinned package from all others; `cell` is 0 outside notebooks."""

    package: str
    version: str
    path: str
    cell: int
    line: int
    rule: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One reader's verdict on a finding: true if the program does what the message says and nobody can want that."""

    key: Key
    verdict: Verdict
    reason: str


def judgements() -> list[Judgement]:
    """All that have been written down."""
    entries = tomllib.loads(ADJUDICATED.read_text(encoding="utf-8"))["finding"]
    return [
        Judgement(Key(**{"cell": 0, **entry}), verdict, reason)
        for entry in entries
        for verdict, reason in [(entry.pop("verdict"), entry.pop("reason"))]
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """The result of a measurement. Files and lines are those of files that import tensorflow or keras."""

    packages: int
    files: int
    lines: int
    true: int
    false: int
    debatable: int

    @classmethod
    def counted(cls, packages: int, files: int, lines: int, verdicts: Iterable[Verdict]) -> "Figures":
        """The figures of so much text and these verdicts."""
        count = Counter(verdicts)
        return cls(packages, files, lines, count["true"], count["false"], count["debatable"])

    @property
    def findings(self) -> int:
        return self.true + self.false + self.debatable

    @property
    def precision(self) -> float:
        """The share of true findings among those that are true or false."""
        return self.true / ((self.true + self.false) or 1)

    @property
    def density(self) -> float:
        """Findings, whatever their verdict, in 1,000 lines."""
        return 1000 * self.findings / (self.lines or 1)

    def told(self) -> str:
        """The figures as the README gives them."""
        return (
            f"| packages | files that import tensorflow or keras | lines in them | warnings and errors | true | false "
            f"| debatable | precision | findings in 1,000 lines |\n|---|---|---|---|---|---|---|---|---|\n"
            f"| {self.packages} | {self.files:,} | {self.lines:,} | {self.findings} | {self.true} | {self.false} "
            f"| {self.debatable} | {100 * self.precision:.1f} % | {self.density:.4f} |"
        )


def published() -> tuple[Figures, str]:
    """The figures that the README gives, with the text that gives them."""
    found = _BLOCK.search(README.read_text(encoding="utf-8"))
    if found is None:
        raise LookupError("the README has no place for the figures")
    cells = [cell.strip().replace(",", "") for cell in found[2].splitlines()[-1].strip("|").split("|")]
    packages, files, lines, _, true, false, debatable = map(int, cells[:7])
    return Figures(packages, files, lines, true, false, debatable), found[2]


def publish(figures: Figures) -> None:
    """Write the figures into the README."""
    text = README.read_text(encoding="utf-8")
    README.write_text(_BLOCK.sub(lambda found: found[1] + figures.told() + found[3], text), encoding="utf-8")
