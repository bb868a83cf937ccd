"""The line ends of a text: from offsets to positions, and back."""

import re
from bisect import bisect_right

from tapelint.source.span import Position, Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Lines:
    """An index of where the lines of a text begin, and what the first of them ends with."""

    def __init__(self, text: str) -> None:
        ends = list(_LINE_END.finditer(text))
        self._starts = [0, *(end.end() for end in ends)]
        self.end = ends[0][0] if ends else "\n"

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def span(self, start: int, end: int) -> Span:
        return Span(self.position(start), self.position(end))

    def offset(self, position: Position) -> int:
        """The offset of a position, which must be in the text."""
        return self._starts[position.line - 1] + position.column - 1
