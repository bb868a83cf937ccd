"""The line ends of a text: from offsets to positions."""

import re
from bisect import bisect_right

from tapelint.source.span import Position, Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Lines:
    """An index of where the lines of a text begin."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def span(self, start: int, end: int) -> Span:
        return Span(self.position(start), self.position(end))
