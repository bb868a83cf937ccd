"""Columns as others count them, who do not count characters."""

from collections.abc import Sequence
from typing import Literal

from tapelint.source.span import Position

Encoding = Literal["utf-8", "utf-16-le"]
_BYTES_OF_A_UNIT = {"utf-8": 1, "utf-16-le": 2}


def units_before(lines: Sequence[str], position: Position, encoding: Encoding) -> int:
    """How many code units of an encoding stand before a position in its line; characters, if the line is not known."""
    before = position.column - 1
    if position.line > len(lines):
        return before
    return len(lines[position.line - 1][:before].encode(encoding, "surrogatepass")) // _BYTES_OF_A_UNIT[encoding]
