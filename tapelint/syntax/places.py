"""Where chosen nodes of a LibCST tree stand in the text: one pass of code generation that only counts.

LibCST's nodes do not know their places. Printing a module gives back its text to the letter, so the number of
characters printed before a node is its offset.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeAlias

import libcst as cst
from libcst._nodes.internal import CodegenState

from tapelint.syntax.concrete import Concrete
from tapelint.syntax.lower import Origin
from tapelint.syntax.stack import with_room

Stretch: TypeAlias = tuple[int, int]

# Space that may stand inside brackets, with the comments in it.
_GAP = re.compile(r"(?:\s|\\|#[^\r\n]*)*")

_BYTE_ORDER_MARK = "\ufeff"


def stretches(concrete: Concrete, numbers: Iterable[int]) -> dict[int, Stretch]:
    """The start and the end offset of each node of `numbers`, without the space and the comments around it.

    A statement with a body is represented by its header, up to the colon.
    """
    origins = {number: concrete.origin(number) for number in numbers}
    counter = _Counter(concrete, {id(mark) for origin in origins.values() for mark in _marks(origin)})
    with _printing_without_c_recursion():
        with_room(lambda: concrete.concrete._codegen(counter))
    return {number: _trimmed(concrete.text, *_stretch(counter, origin)) for number, origin in origins.items()}


@contextmanager
def _printing_without_c_recursion() -> Iterator[None]:
    """A time in which LibCST prints by calls that Python makes without recursion in C, of which 3.12 allows only 1,500.

    It prints the same, so that it does not matter who else prints at that time.
    """
    usual = cst.CSTNode._codegen
    cst.CSTNode._codegen = _print  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        cst.CSTNode._codegen = usual  # type: ignore[method-assign]


def _print(node: cst.CSTNode, state: CodegenState, **options: Any) -> None:
    state.before_codegen(node)
    if not options:
        node._codegen_impl(state)
    elif "is_elif" in options:
        node._codegen_impl(state, is_elif=options["is_elif"])  # type: ignore[call-arg]
    else:
        node._codegen_impl(state, **options)
    state.after_codegen(node)


class _Counter(CodegenState):
    """A printer that keeps no text but, for each watched node, where it began and where it ended.

    `outer` is the whole of what a node prints, with the space and the brackets that belong to it; `inner` is what
    LibCST declares to be its syntax proper, where it declares something.
    """

    def __init__(self, concrete: Concrete, watched: set[int]) -> None:
        super().__init__(concrete.concrete.default_indent, concrete.concrete.default_newline)
        self.text = concrete.text
        self.offset = len(_BYTE_ORDER_MARK) if concrete.text.startswith(_BYTE_ORDER_MARK) else 0
        self.watched = watched
        self.begins: dict[int, int] = {}
        self.outer: dict[int, Stretch] = {}
        self.inner: dict[int, Stretch] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.offset += len(token)

    def add_token(self, value: str) -> None:
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.watched:
            self.begins[id(node)] = self.offset

    def after_codegen(self, node: cst.CSTNode) -> None:
        if id(node) in self.watched:
            self.outer[id(node)] = self.begins[id(node)], self.offset

    # LibCST declares the result of a generator; any context manager does, and this one costs a tenth of that.
    def record_syntactic_position(  # type: ignore[override]
        self, node: cst.CSTNode, **_: object
    ) -> AbstractContextManager[Any]:
        return _Proper(self, id(node)) if id(node) in self.watched else _UNWATCHED


_UNWATCHED = nullcontext()


class _Proper:
    """The time in which a counter prints the syntax proper of one node."""

    def __init__(self, counter: _Counter, node: int) -> None:
        self.counter = counter
        self.node = node
        self.start = counter.offset

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.counter.inner[self.node] = self.start, self.counter.offset


def _marks(origin: Origin) -> list[cst.CSTNode]:
    """The nodes whose places say where `origin` stands."""
    match origin:
        case (first, last):
            return [first, last]
        case cst.Match():
            return [origin, origin.subject]
        case cst.BaseCompoundStatement() | cst.ExceptHandler() | cst.ExceptStarHandler() | cst.MatchCase():
            return [origin, origin.body]
        case cst.Tuple() | cst.GeneratorExp() if origin.lpar:
            return [origin.lpar[-1], origin.rpar[0]]
        case cst.CompFor():
            return [origin, origin.ifs[-1] if origin.ifs else origin.iter]
        case cst.Param():
            return [origin, origin.default or origin.annotation or origin.name]
        case cst.Slice():
            return [origin, *(part for part in (origin.lower, origin.upper, origin.step) if part)]
    return [origin]


def _stretch(counter: _Counter, origin: Origin) -> Stretch:
    outer, inner = counter.outer, counter.inner
    match origin:
        case (first, last):
            return inner[id(first)][0], inner[id(last)][1]
        case cst.Module():
            return 0, 0
        case cst.Match():
            return inner[id(origin)][0], _after_colon(counter.text, outer[id(origin.subject)][1])
        case cst.BaseCompoundStatement() | cst.ExceptHandler() | cst.ExceptStarHandler() | cst.MatchCase():
            return inner[id(origin)][0], outer[id(origin.body)][0]
        case cst.Tuple() | cst.GeneratorExp() if not origin.lpar:
            return inner[id(origin)]
        case cst.Tuple() | cst.GeneratorExp() | cst.CompFor() | cst.Param():
            marks = _marks(origin)
            return outer[id(marks[0])][0], outer[id(marks[-1])][1]
        case cst.Slice():
            return outer[id(origin)][0], _slice_end(counter, origin)
    return inner.get(id(origin), outer[id(origin)])


def _slice_end(counter: _Counter, node: cst.Slice) -> int:
    """The end of the last thing in a slice, which may be a colon with space behind it that belongs to the colon."""
    end = counter.outer[id(node)][0]
    if node.lower:
        end = counter.outer[id(node.lower)][1]
    end = _after_colon(counter.text, end)
    if node.upper:
        end = counter.outer[id(node.upper)][1]
    if isinstance(node.second_colon, cst.Colon):
        end = _after_colon(counter.text, end)
    return counter.outer[id(node.step)][1] if node.step else end


def _after_colon(text: str, offset: int) -> int:
    return _after_gap(text, offset) + len(":")


def _after_gap(text: str, offset: int) -> int:
    gap = _GAP.match(text, offset)
    return gap.end() if gap else offset


def _trimmed(text: str, start: int, end: int) -> Stretch:
    start = min(_after_gap(text, start), end)
    return start, start + len(text[start:end].rstrip())
