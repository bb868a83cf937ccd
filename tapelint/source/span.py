"""Positions in a text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two characters: 1-based line, 1-based column in Unicode code points."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text from `start` up to, but not including, `end`."""

    start: Position
    end: Position
