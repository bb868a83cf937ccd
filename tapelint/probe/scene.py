"""The part of a Record that a finding is about: the entries whose lines meet the finding's."""

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from tapelint.finding import Finding, Place
from tapelint.record import Caller, ModelCall, Record, Site

NEAR = 10
"""The lines by which an entry may miss a finding, as a last resort."""


class Sited(Protocol):
    """Anything that happened somewhere."""

    @property
    def where(self) -> Site | None: ...


Entry = TypeVar("Entry", bound=Sited)


@dataclass(frozen=True, slots=True)
class _Lines:
    path: str
    cell: int | None
    first: int
    last: int

    def meets(self, first: int, last: int, where: Site | Caller) -> bool:
        return self.shares_text(where) and first <= self.last and self.first <= last

    def shares_text(self, where: Site | Caller) -> bool:
        return (self.path, self.cell) == (_real(where.path), where.cell)


class Scene:
    """A finding, and the run that it is held against."""

    def __init__(self, finding: Finding, record: Record) -> None:
        self.finding = finding
        self.record = record
        self._spot = _lines(finding.place)
        self._trail = [_lines(step.place) for step in finding.trail]

    def near(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries on the finding's own lines; else on its trail's; else called from there; else in its function.

        As a last resort, those that come closest to it.
        """
        placed = [(entry, entry.where) for entry in entries if entry.where is not None]
        for test in (self._on_spot, self._on_trail, self._called_from):
            if found := [entry for entry, where in placed if test(where)]:
                return found
        return _innermost([entry for entry, where in placed if self._in_function(where)]) or self._closest(placed)

    def at(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries on the finding's own lines only."""
        return [entry for entry in entries if entry.where is not None and self._on_spot(entry.where)]

    def holds(self, line: Caller | None) -> bool:
        """Whether a line is among the finding's own or its trail's."""
        spots = (self._spot, *self._trail)
        return line is not None and any(spot.meets(line.line, line.line, line) for spot in spots)

    def stands_on(self, line: Caller) -> bool:
        """Whether a line is among the finding's own."""
        return self._spot.meets(line.line, line.line, line)

    def began(self, entries: Iterable[Sited]) -> bool:
        """Whether any of the entries begins on the finding's own lines. A `with` goes on for the length of its body."""
        return any(
            entry.where is not None and self._spot.meets(entry.where.line, entry.where.line, entry.where)
            for entry in entries
        )

    def model_calls(self) -> list[ModelCall]:
        """Every call of a model under a tape of the user's own."""
        calls = [call for tape in self.record.tapes for call in tape.calls]
        return calls or [call for gradient in self.record.gradients for call in gradient.calls]

    def _on_spot(self, where: Site) -> bool:
        return self._spot.meets(where.line, where.end_line, where)

    def _on_trail(self, where: Site) -> bool:
        return any(lines.meets(where.line, where.end_line, where) for lines in self._trail)

    def _called_from(self, where: Site) -> bool:
        return any(self.holds(caller) for caller in where.callers)

    def _in_function(self, where: Site) -> bool:
        return where.function != "<module>" and self._spot.meets(where.first, where.last, where)

    def _closest(self, placed: list[tuple[Entry, Site]]) -> list[Entry]:
        distances = [(self._distance(where), entry) for entry, where in placed if self._spot.shares_text(where)]
        least = min((distance for distance, _ in distances), default=NEAR + 1)
        return [entry for distance, entry in distances if distance == least] if least <= NEAR else []

    def _distance(self, where: Site) -> int:
        return max(where.line - self._spot.last, self._spot.first - where.end_line)


def _innermost(entries: list[Entry]) -> list[Entry]:
    """The entries of the smallest function among those that contain the finding."""

    def extent(entry: Entry) -> int:
        return entry.where.last - entry.where.first if entry.where else 0

    smallest = min((extent(entry) for entry in entries), default=0)
    return [entry for entry in entries if extent(entry) == smallest]


def _lines(place: Place) -> _Lines:
    return _Lines(_real(str(place.path)), place.cell, place.span.start.line, place.span.end.line)


@functools.cache
def _real(path: str) -> str:
    return os.path.realpath(path)


def same_file(left: str | Path, right: str | Path) -> bool:
    """Whether two paths lead to the same file."""
    return _real(str(left)) == _real(str(right))


def only(entries: Sequence[Entry], test: Callable[[Entry], bool]) -> list[Entry]:
    """The one entry that passes, if there is exactly one."""
    found = [entry for entry in entries if test(entry)]
    return found if len(found) == 1 else []
