"""From a document to its compact tree."""

from typing import TYPE_CHECKING

from tapelint.source.document import Document
from tapelint.source.span import Position
from tapelint.syntax.complaint import complaint
from tapelint.syntax.lines import Lines
from tapelint.syntax.nesting import overload
from tapelint.syntax.tree import Module

if TYPE_CHECKING:
    from tapelint.syntax.concrete import Concrete

# What was parsed last, if it is small: whoever lints one file asks for the places in it next. LibCST's trees are large,
# so there is never more than one.
_latest: "list[Concrete]" = []
_MOST_REMEMBERED = 1 << 16


class Unparsable(Exception):
    """A text that is not Python; the message says why, and the position where."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position


def parse(document: Document) -> Module:
    """The compact tree of `document`, a new one each time. Raises Unparsable."""
    concrete = _read(document.text)
    _latest.clear()
    if len(document.text) <= _MOST_REMEMBERED:
        _latest.append(concrete)
    return concrete.compact


def recall(document: Document) -> "Concrete":
    """Both trees of `document`, the LibCST tree too. Raises Unparsable."""
    latest = list(_latest)
    if latest and latest[0].text == document.text:
        return latest[0]
    return _read(document.text)


def _read(text: str) -> "Concrete":
    from tapelint.syntax.concrete import Refused, read  # LibCST is loaded when the first file is parsed

    if excess := _nul(text) or overload(text):
        message, offset = excess
        raise Unparsable(message, Lines(text).position(offset))
    try:
        return read(text)
    except Refused as refusal:
        raise Unparsable(*complaint(text, str(refusal))) from None


def _nul(text: str) -> tuple[str, int] | None:
    """Python takes no NUL anywhere, LibCST takes it in strings."""
    offset = text.find("\0")
    return ("the text contains a NUL character", offset) if offset >= 0 else None
