"""Programs to be run under observation, and findings to be placed in them by a mark in a comment."""

import atexit
import functools
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tapelint.finding import Finding, Place, TrailStep, Verdict
from tapelint.probe.launch import run
from tapelint.probe.nursery import AVAILABLE, Nursery
from tapelint.probe.verdict import judge
from tapelint.record import Record, Site
from tapelint.source.span import Position, Span


@dataclass(frozen=True)
class Observed:
    """A program that was run, and what was seen."""

    script: Path
    record: Record

    @property
    def lines(self) -> list[str]:
        """The lines of the program."""
        return self.script.read_text(encoding="utf-8").splitlines()

    def line(self, mark: str) -> int:
        """The number of the line that ends in the comment `# mark`."""
        (number,) = (number for number, line in enumerate(self.lines, start=1) if line.endswith(f"# {mark}"))
        return number

    def text(self, where: Site | None) -> str:
        """What the program says at a place of one line."""
        assert where is not None
        assert where.line == where.end_line
        return self.lines[where.line - 1][where.column - 1 : where.end_column - 1]

    def finding(self, rule: str, mark: str, message: str = "", trail: tuple[str, ...] = ()) -> Finding:
        """A finding as the linter would make it, on the line with this mark."""
        steps = tuple(TrailStep(self._place(step), "") for step in trail)
        return Finding(rule, self._place(mark), message, "warning", steps)

    def verdict(self, rule: str, mark: str, message: str = "", trail: tuple[str, ...] = ()) -> Verdict:
        """What the run says about such a finding."""
        judged = judge([self.finding(rule, mark, message, trail)], self.record)[0]
        assert judged.verdict is not None
        return judged.verdict

    def discovered(self) -> list[tuple[str, int, str]]:
        """What only the run has found: rule, line, message."""
        return [(found.rule, found.place.span.start.line, found.message) for found in judge([], self.record)]

    def _place(self, mark: str) -> Place:
        number = self.line(mark)
        code = self.lines[number - 1].partition("#")[0]
        start = len(code) - len(code.lstrip()) + 1
        return Place(self.script, Span(Position(number, start), Position(number, len(code.rstrip()) + 1)))


def write(folder: Path, text: str, name: str = "train.py") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


@functools.cache
def nursery() -> Nursery | None:
    """Where the tests' children come from, so that TensorFlow is imported once and not hundreds of times."""
    if not AVAILABLE:
        return None
    shared = Nursery()
    atexit.register(shared.close)
    return shared


def observe(folder: Path, text: str, **options: object) -> Observed:
    """Run a program under observation."""
    script = write(folder, text)
    return Observed(script, run(script, **{"seconds": 120, "nursery": nursery(), **options}))  # type: ignore[arg-type]
