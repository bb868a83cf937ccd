"""From a document to its compact tree."""

import ast
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tapelint.source.document import Document
from tapelint.source.lines import Lines
from tapelint.source.span import Position
from tapelint.syntax.complaint import complaint
from tapelint.syntax.nesting import overload
from tapelint.syntax.outline import Body, bodies
from tapelint.syntax.tree import Function, Module, Suite, Unread

if TYPE_CHECKING:
    from tapelint.syntax.concrete import Concrete

# A text is parsed in parts: what is left of it without the bodies of its functions, then these. The ids of the nodes in
# a part count from a multiple of this number, which is more than one part can hold.
_PART = 1 << 24

# What stands for a body that was cut out.
_PLACEHOLDER = " 0\n"


class Unparsable(Exception):
    """A text that is not Python; the message says why, and the position where."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position


def parse(document: Document, *, imported: bool = False) -> Module:
    """The compact tree of `document`, a new one each time. The bodies of long functions are parsed when asked for.

    Raises Unparsable. What is wrong in a body of an `imported` document is told only when that body is asked for.
    """
    if not imported:
        check(document)
    return Parts(document.text).outline().compact


def check(document: Document) -> None:
    """Raises Unparsable if `document` is not Python."""
    parts = Parts(document.text)
    # Part by part, which takes a fraction of the memory. What Python refuses may be too new for the Python that runs
    # tapelint, or cut at the wrong place: LibCST decides about the whole.
    if not all(map(_is_python, parts.texts())):
        parts.whole()


class Parts:
    """A text in parts: its outline, and the bodies of functions that can be cut out of it.

    Raises Unparsable for a text that is more than can be parsed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        nul = text.find("\0")
        if excess := ("the text contains a NUL character", nul) if nul >= 0 else overload(text):
            message, offset = excess
            raise Unparsable(message, Lines(text).position(offset))
        self._functions = bodies(text)
        self._cuts = [body for body in self._functions if body.is_long]

    def outline(self) -> "Concrete":
        """The text without the bodies, or the whole if it cannot be cut. Raises Unparsable."""
        from tapelint.syntax.concrete import Refused, read  # LibCST is loaded when the first file is parsed

        if self._cuts:
            numbers = {body: number for number, body in enumerate(self._cuts, start=1)}
            suites = [(body.name, self._unread(numbers.get(body))) for body in self._functions]
            with suppress(Refused):
                return read(self._without_bodies(), 0, suites)
            self._cuts = []
        return self.whole()

    def whole(self) -> "Concrete":
        """The whole text as one part. Raises Unparsable."""
        from tapelint.syntax.concrete import Refused, read

        try:
            return read(self.text)
        except Refused as refusal:
            raise Unparsable(*complaint(self.text, str(refusal))) from None

    def part(self, number: int) -> "Concrete":
        """The body with this number, from 1, as a module with one function. Raises Unparsable."""
        from tapelint.syntax.concrete import Refused, read

        body = self._cuts[number - 1]
        try:
            return read(self._text_of(body), number * _PART)
        except Refused as refusal:
            raise Unparsable(str(refusal), Lines(self.text).position(body.start)) from None

    def texts(self) -> Iterator[str]:
        """What is parsed: the text without the bodies, then each of them."""
        yield self._without_bodies()
        yield from map(self._text_of, self._cuts)

    def offset(self, number: int, offset: int) -> int:
        """Where in the text an offset in one of its parts lies; the outline is part 0."""
        if number:
            body = self._cuts[number - 1]
            return body.start + offset - len(_header(body))
        for body in self._cuts:
            if offset <= body.start:
                break
            offset += body.end - body.start - len(_placeholder(body))
        return offset

    def _text_of(self, body: Body) -> str:
        return _header(body) + self.text[body.start : body.end]

    def _without_bodies(self) -> str:
        pieces, offset = [], 0
        for body in self._cuts:
            pieces += [self.text[offset : body.start], _placeholder(body)]
            offset = body.end
        return "".join([*pieces, self.text[offset:]])

    def _unread(self, number: int | None) -> Unread | None:
        if number is None:
            return None
        body = self._cuts[number - 1]
        return Unread(self.text[body.start : body.end], partial(self._suite, number))

    def _suite(self, number: int) -> Suite:
        (function,) = self.part(number).compact.body
        assert isinstance(function, Function)
        return Suite(function.body, function.is_generator)


def part_of(number: int) -> int:
    """The part of its document that the node with this id stands in."""
    return number // _PART


def _header(body: Body) -> str:
    return "async def _():\n" if body.is_async else "def _():\n"


def _placeholder(body: Body) -> str:
    return f"{body.indent} 0\n"


def _is_python(text: str) -> bool:
    """Whether Python itself takes the text: the quick way to know that nothing is wrong in what is read later."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
