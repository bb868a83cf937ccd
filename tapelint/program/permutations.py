"""Permutations: which drawn orders the rows of an array have been brought into, on their way from their source."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program import kinds
from tapelint.program.arrays import measures
from tapelint.program.knowledge import matches
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call, Trace
from tapelint.program.values import (
    Attribute,
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Item,
    Result,
    SliceValue,
    Value,
    alternatives,
)

# Functions that bring what they are given into a drawn order, in place.
_IN_PLACE = frozenset({"numpy.random.shuffle", "random.shuffle"})

# Methods of random generators, whoever has made them, that return what they are given in a drawn order.
_PERMUTING = frozenset({"permutation", "permuted"})

# Methods of random generators that draw numbers of rows.
_DRAWING = frozenset({"permutation", "permuted", "integers", "randint", "choice"})

_VIEWS = frozenset(
    {"reshape", "ravel", "squeeze", "transpose", "view", "swapaxes", "asarray", "ascontiguousarray", "expand_dims",
     "atleast_2d", "astype", "split", "array_split", "rot90", "flip", "list", "tuple"}
)  # fmt: skip

# Lists of functions whose result has the rows of their first argument, in its order or in another.
_ROW_BY_ROW = ("permutes", "keeps", "picks")

# These bring several arrays into one order, and hand them out side by side.
_SIDE_BY_SIDE = frozenset({"sklearn.utils.shuffle", "sklearn.model_selection.train_test_split"})


class Permutations:
    """The calls of a program that bring rows into a drawn order, by the values they do it to."""

    def __init__(self, trace: Trace) -> None:
        self._in_place: dict[int, list[Call]] = {}
        for call in trace.calls:
            given = _shuffled_in_place(call)
            for value in alternatives(given) if given is not None else ():
                self._in_place.setdefault(id(value), []).append(call)

    def certain(self, array: Value) -> set[Call]:
        """The calls that surely have a part in the order of the rows of `array`."""
        return self.whole(array).union(*map(self._picked_by, self._stations(array)))

    @staticmethod
    def _stations(array: Value) -> list[Value]:
        """What `array` has its rows from, nearest first."""
        seen: set[int] = set()
        pending = [array]
        for value in pending:
            if id(value) not in seen:
                seen.add(id(value))
                pending.extend(_same_rows(value))
        return pending

    def whole(self, array: Value) -> set[Call]:
        """The calls that surely bring all the rows of `array` into a drawn order, and not the numbers of the rows."""
        found: set[Call] = set()
        for value in self._stations(array):
            found.update(shuffle for shuffle in self._in_place.get(id(value), ()) if self._reaches(shuffle, array))
            if isinstance(value, Result) and _permutes(value.call):
                found.add(value.call)
        return found

    def possible(self, array: Value) -> set[Call]:
        """The calls that may have a part in it."""
        found = {one.call for one in ancestors(array) if isinstance(one, Result) and _draws_rows(one.call)}
        shuffles = {call for one in ancestors(array) for call in self._in_place.get(id(one), ())}
        return found | {shuffle for shuffle in shuffles if self._reaches(shuffle, array)}

    def _reaches(self, shuffle: Call, array: Value) -> bool:
        """Whether `array` is, or was computed from, what had been shuffled in place by then."""
        alive = ancestors(array, lambda one: not _is_made_before(one, shuffle) and not measures(one))
        return any(shuffle in self._in_place.get(id(one), ()) for one in alive)

    def _picked_by(self, value: Value) -> set[Call]:
        """The calls that have drawn which rows `value` picks, or in which order it has all of them."""
        match value:
            case Item(index=index):
                first = index.items[0] if isinstance(index, Display) and index.items else index
                return self.possible(first) if not isinstance(first, (Constant, SliceValue)) else set()
            case Result(call=call) if matches(call.op or "", "order", "picks") and len(call.arguments) > 1:
                return self.possible(call.arguments[1])
        return set()


def _is_made_before(value: Value, call: Call) -> bool:
    """Whether `value` was surely computed before a call, and so knows nothing of what that does to its operands."""
    match value:
        case Result(call=made) if not _is_view(made):
            context, before = made.context, made.order < call.order
        case Computed(site=site, context=context):
            before = context.frame is call.context.frame and site.node < call.site.node
        case _:
            return False
    return before and not any(loop is other for loop in context.loops for other in call.context.loops)


def _is_view(call: Call) -> bool:
    """Whether a call may return another view of what it is given, as opposed to new numbers."""
    return (call.op or call.method or "").rpartition(".")[2] in _VIEWS


def _shuffled_in_place(call: Call) -> Value | None:
    """What a call shuffles in place, if it surely does, and by chance alone."""
    if len(call.arguments) != 1 or call.opaque:
        return None
    generator = call.op is None and call.method == "shuffle" and _is_generator(call.receiver)
    return call.arguments[0] if generator or call.op in _IN_PLACE else None


def _is_generator(value: Value | None) -> bool:
    """Whether `value` is a random number generator of NumPy or Python."""
    return value is not None and any(
        isinstance(option, Result) and matches(option.call.op or "", "order", "generators")
        for option in alternatives(value)
    )


def _permutes(call: Call) -> bool:
    """Whether a call returns the rows of its first argument in a drawn order."""
    if call.op is None:
        return (call.method in _PERMUTING and _is_generator(call.receiver)) or _draws_a_table(call)
    return matches(call.op, "order", "permutes")


def _draws_a_table(call: Call) -> bool:
    """Whether a call is `frame.sample(frac=1)`, which returns the rows of a table in a drawn order."""
    return call.method == "sample" and call.argument(None, "frac") is not None


def _draws_rows(call: Call) -> bool:
    """Whether a call may have drawn the numbers of rows, or their order."""
    if call.op is None:
        return call.method in _DRAWING or call.method == "sample"
    return matches(call.op, "order", "random")


def _same_rows(value: Value) -> Iterator[Value]:
    """What `value` has its rows from, one by one and in the same order but for what picks them."""
    match value:
        case Choice():
            yield from value.options
        case Item(of=of) | Element(of=of):
            yield of
        case Computed(parts=parts):
            yield from parts
        case Attribute(of=of, name=name) if matches(name, "order", "methods"):
            yield of
        case Display(items=items) if "generator" not in value.marks:
            yield from items
        case Result(call=call) if kinds.of(value) is None:
            if call.op is None:
                kept = _keeps_rows(call) or _draws_a_table(call)
                yield from [call.receiver] if call.receiver is not None and kept else []
            elif call.op not in _SIDE_BY_SIDE and any(matches(call.op, "order", row) for row in _ROW_BY_ROW):
                yield from call.arguments[:1]


def _keeps_rows(call: Call) -> bool:
    return call.method is not None and matches(call.method, "order", "methods")
