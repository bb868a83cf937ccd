"""From a document to its compact tree."""

import ast
import warnings
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tapelint.source.document import Document
from tapelint.source.lines import Lines
from tapelint.source.span import Position
from tapelint.syntax.complaint import complaint
from tapelint.syntax.memory import Key, Known, known_of
from tapelint.syntax.nesting import overload
from tapelint.syntax.nodes import children
from tapelint.syntax.outline import Body, bodies
from tapelint.syntax.tree import Function, Module, Node, Suite, Unread

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
    return Parts(document).tree()


def check(document: Document) -> None:
    """Raises Unparsable if `document` is not Python."""
    parts = Parts(document)
    # Part by part, which takes a fraction of the memory. What Python refuses may be too new for the Python that runs
    # tapelint, or cut at the wrong place: LibCST decides about the whole.
    if not all(map(_is_python, parts.texts())):
        parts.whole()


class Parts:
    """A text in parts: its outline, and the bodies of functions that can be cut out of it.

    Raises Unparsable for a text that is more than can be parsed.
    """

    def __init__(self, document: Document) -> None:
        text = document.text
        nul = text.find("\0")
        if excess := ("the text contains a NUL character", nul) if nul >= 0 else overload(text):
            message, offset = excess
            raise Unparsable(message, Lines(text).position(offset))
        self.text = text
        self._path = document.path
        self._functions = bodies(text)
        self._cuts = [body for body in self._functions if body.is_long]
        self._outline: Concrete | None = None

    def tree(self) -> Module:
        """The compact tree of the text, with bodies that are read when they are asked for. Raises Unparsable."""
        known = self._settled()
        if known.tree is None:
            known.tree = self.outline().compact
            known.functions = _unread(known.tree) if known.kept else []
            # Bodies that are not read yet hold on to this object, and LibCST's tree is many times as large as the text.
            self._outline = None
        else:
            for number, function in enumerate(known.functions, start=1):
                function.suite = self._unread(number)
        return known.tree

    def stretches(self, number: int, nodes: Collection[int]) -> dict[int, tuple[int, int]]:
        """Where in a part these of its nodes stand; the outline is part 0. Raises Unparsable."""
        from tapelint.syntax.places import stretches

        known = self._settled() if number == 0 else self._known(number)
        missing = [node for node in nodes if node not in known.stretches]
        if missing:
            known.stretches |= stretches(self.part(number) if number else self.outline(), missing)
        return {node: known.stretches[node] for node in nodes}

    def outline(self) -> "Concrete":
        """The text without the bodies, or the whole if it cannot be cut. Raises Unparsable."""
        if self._outline is None:
            self._outline = self._read_outline()
        return self._outline

    def _settled(self) -> Known:
        """What is known of the outline, once it is clear what that is. Raises Unparsable."""
        known = self._known(0)
        if known.whole:
            self._cuts = []
        elif known.tree is None and self._cuts:
            self.outline()
            known.whole = not self._cuts
        return self._known(0) if known.whole else known

    def _known(self, number: int) -> Known:
        """What is known already of a part."""
        if number:
            return known_of(Key(self._path, number, self._text_of(self._cuts[number - 1])))
        cut = tuple(number for number, body in enumerate(self._functions) if body in self._cuts)
        return known_of(Key(self._path, 0, self._without_bodies(), cut))

    def _read_outline(self) -> "Concrete":
        from tapelint.syntax.concrete import Refused, read  # LibCST is loaded when the first file is parsed

        if self._cuts:
            numbers = {body: number for number, body in enumerate(self._cuts, start=1)}
            suites = [(body.name, self._unread(numbers[body]) if body in numbers else None) for body in self._functions]
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

    def _unread(self, number: int) -> Unread:
        body = self._cuts[number - 1]
        return Unread(self.text[body.start : body.end], partial(self._suite, number))

    def _suite(self, number: int) -> Suite:
        known = self._known(number)
        if known.tree is None:
            known.tree = self.part(number).compact
        (function,) = known.tree.body
        assert isinstance(function, Function)
        return function.read()


def _unread(module: Module) -> list[Function]:
    """The functions whose bodies are parts by themselves, in order."""
    found: list[Function] = []
    pending: list[Node] = [module]
    while pending:
        node = pending.pop()
        if isinstance(node, Function) and isinstance(node.suite, Unread):
            found.append(node)
        else:
            pending += children(node)
    return sorted(found, key=lambda function: function.id)


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
