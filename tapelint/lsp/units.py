"""The units in which a client counts columns: those of UTF-16, unless both sides know better."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lsprotocol.types import Position, PositionEncodingKind

from tapelint.report.lsp import utf16


def _utf8(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Units:
    """One way of counting columns. `length` is that of a text."""

    kind: PositionEncodingKind
    length: Callable[[str], int]

    def characters(self, line: str, units: int) -> int:
        """How many characters of a line so many units are; at most all of them."""
        if line.isascii() or self.length is len:
            return min(units, len(line))
        counted = 0
        for number, character in enumerate(line):
            if counted >= units:
                return number
            counted += self.length(character)
        return len(line)


UTF16 = Units(PositionEncodingKind.Utf16, utf16)
KNOWN = (Units(PositionEncodingKind.Utf32, len), UTF16, Units(PositionEncodingKind.Utf8, _utf8))


# Python would cut lines at form feeds, too, and at other things that end no line here.
_LINE_END = re.compile(r"\r\n|\r|\n")


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def lines(text: str) -> list[str]:
    """The lines of a text with their ends, as the protocol cuts them."""
    return _LINE.findall(text)


def offset(text: str, position: Position, units: Units) -> int:
    """Where in a text a position is. Behind the end of a line or of the text means at its end."""
    starts = [0, *(end.end() for end in _LINE_END.finditer(text))]
    if position.line >= len(starts):
        return len(text)
    start = starts[position.line]
    end = _LINE_END.search(text, start)
    return start + units.characters(text[start : end.start() if end else len(text)], position.character)


def characters_before(text: str, position: Position, units: Units) -> int:
    """How many characters of its line are before a position."""
    return offset(text, position, units) - offset(text, Position(position.line, 0), units)
