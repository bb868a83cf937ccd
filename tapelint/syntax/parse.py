"""From a document to its compact tree."""

from tapelint.source.document import Document
from tapelint.source.span import Position
from tapelint.syntax.tree import Module


class Unparsable(Exception):
    """A text that is not Python; the message says why, and the position where."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def parse(document: Document) -> Module:
    """The compact tree of `document`. Raises Unparsable."""
    import libcst

    from tapelint.syntax.lower import lower

    try:
        return lower(libcst.parse_module(document.text))[0]
    except libcst.ParserSyntaxError as error:
        raise Unparsable(error.message, Position(error.raw_line, error.raw_column + 1)) from None
