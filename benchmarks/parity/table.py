"""The page with what was planted and what was named: written from the outcomes, and read again by the tests."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from benchmarks.parity.bank import Program
from benchmarks.parity.measure import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
GOAL = 0.95
OPTIMIZERS = ("SGD", "Adam", "RMSprop", "AdamW")

_HEAD = """\
# Does the probe know why a step is not the one of `fit`?

Made by `make parity`, which runs every program of [the bank](../benchmarks/parity/programs) for a few steps under the
probe. Each is correct, or a correct program with a small edit that plants one or several causes; the edits stand beside
the program. *Right* means for a correct program that its updates match those of `fit`, and for a broken one that just
what was planted is named, no more and no less; a cause that has the same effect in this program may stand for another.
The bank was written by those who wrote the probe: programs of other people are harder.
"""
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|(?P<rest>.*)\|$")


@dataclass(frozen=True, slots=True)
class Figures:
    """How many broken programs there were and were understood, and of how many correct ones that was said wrongly."""

    planted: int
    named: int
    correct: int
    matching: int
    alarms: int

    @classmethod
    def counted(cls, outcomes: Sequence[Outcome]) -> "Figures":
        """The figures of these outcomes."""
        broken = [each for each in outcomes if each.program.planted]
        correct = [each for each in outcomes if not each.program.planted]
        return cls(
            len(broken),
            sum(each.right for each in broken),
            len(correct),
            sum(each.right for each in correct),
            sum(each.verdict == "differs" for each in correct),
        )

    @property
    def good(self) -> bool:
        """Whether every correct program matches, and of nearly all broken ones the causes are named."""
        return self.matching == self.correct and self.named >= GOAL * self.planted

    def told(self) -> str:
        """The figures in two sentences."""
        share = 100 * self.named / (self.planted or 1)
        return (
            f"Of {self.planted} programs with planted causes, {self.named} are named right ({share:.1f} %). "
            f"Of {self.correct} correct programs, {self.matching} match and {self.alarms} are called wrong."
        )


@dataclass(frozen=True, slots=True)
class Row:
    """What the page says of one program."""

    name: str
    optimizer: str
    planted: frozenset[str]
    said: str
    right: bool


def written(outcomes: Sequence[Outcome]) -> str:
    """The page."""
    broken = [each for each in outcomes if each.program.planted]
    correct = [each for each in outcomes if not each.program.planted]
    parts = [
        _HEAD,
        f"{Figures.counted(outcomes).told()}\n\n{_versions()}\n\n{_by_optimizer(outcomes)}",
        f"## Causes\n\n{_by_cause(broken)}",
        f"## Correct programs\n\n{_correct(correct)}",
        f"## Programs with planted causes\n\n{_broken(broken)}",
    ]
    return "\n".join(parts)


def rows(page: str) -> Iterator[Row]:
    """What a page says of each program."""
    for line in page.splitlines():
        if found := _ROW.match(line):
            cells = [cell.strip() for cell in found["rest"].split("|")]
            if len(cells) == 4:
                optimizer, planted, said, right = cells
                causes = frozenset(planted.split(", ")) if planted != "–" else frozenset[str]()
                yield Row(found["name"], optimizer, causes, said, right == "yes")


def _versions() -> str:
    names = ", ".join(f"{title} {version(name)}" for title, name in (("TensorFlow", "tensorflow"), ("Keras", "keras")))
    return f"Measured with {names} and Python {python_version()}, on a processor, without XLA."


def _by_optimizer(outcomes: Sequence[Outcome]) -> str:
    text = "| optimizer | planted | named right | correct | matching |\n|---|---|---|---|---|\n"
    for name in OPTIMIZERS:
        figures = Figures.counted([each for each in outcomes if each.program.optimizer == name])
        text += f"| {name} | {figures.planted} | {figures.named} | {figures.correct} | {figures.matching} |\n"
    return text


def _by_cause(broken: Sequence[Outcome]) -> str:
    text = "| cause | planted | found | what is said, for instance |\n|---|---|---|---|\n"
    for cause in sorted({cause for each in broken for cause in each.program.planted}):
        those = [each for each in broken if cause in each.program.planted]
        found = sum(cause in each.named | each.also for each in those)
        # Alone, if it was planted alone anywhere: the sentence is about nothing else.
        example = min((each for each in those if each.right and each.messages), key=_complexity, default=None)
        text += f"| {cause} | {len(those)} | {found} | {_cell(example.messages[0]) if example else '–'} |\n"
    return text


def _complexity(outcome: Outcome) -> int:
    return len(outcome.program.planted)


def _correct(correct: Sequence[Outcome]) -> str:
    text = "| program | optimizer | planted | verdict | right |\n|---|---|---|---|---|\n"
    for each in correct:
        text += _line(each.program, each.verdict, each)
    titles = {each.program.base: each.program.title for each in correct}
    return text + "\n" + "".join(f"- `{base}`: {title}.\n" for base, title in titles.items())


def _broken(broken: Sequence[Outcome]) -> str:
    text = "| program | optimizer | planted | named | right |\n|---|---|---|---|---|\n"
    for each in broken:
        text += _line(each.program, ", ".join(sorted(each.named)) or each.verdict, each)
    return text


def _line(program: Program, said: str, outcome: Outcome) -> str:
    planted = ", ".join(sorted(program.planted)) or "–"
    return f"| `{program.name}` | {program.optimizer} | {planted} | {said} | {'yes' if outcome.right else '**no**'} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
