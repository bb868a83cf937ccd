"""Columns: predictions of shape (examples, 1), and the labels of shape (examples,) that they meet by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.program.arrays import integer_of, size_of
from tapelint.program.axes import rank_of
from tapelint.program.knowledge import table
from tapelint.program.outputs import Head, head_of, heads_of_model
from tapelint.program.provenance import made_by
from tapelint.program.trace import Call, Trace
from tapelint.program.values import Computed, Constant, Display, Result, Site, Value, alternatives

_PREDICTING = frozenset({"keras.Model.predict", "keras.Model.predict_on_batch", "keras.Model.__call__"})
_MULTIPLYING = frozenset({"tensorflow.matmul", "tensorflow.linalg.matmul", "keras.ops.matmul"})
_COMPARING = frozenset({">", ">=", "<", "<="})
# What goes through two arrays element by element, and gives each pair of elements where their axes differ.
_PAIRING = frozenset({"-", "*", "=="})
_PAIRING_FUNCTIONS = frozenset(
    {f"{module}.{name}" for module in ("tensorflow", "tensorflow.math", "keras.ops", "numpy")
     for name in ("subtract", "multiply", "squared_difference", "equal")}
)  # fmt: skip
_DEPTH = 12


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A column and a row in one elementwise operation at `site`, which is done for every pair of their elements."""

    site: Site
    column: Value
    row: Value
    made: Value


def meshes(trace: Trace) -> Iterator[Mesh]:
    """Every operation of a prediction of shape (examples, 1) with something of shape (examples,)."""
    seen: set[int] = set()
    for call in trace.calls:
        starts = (call.op == "forward" and not call.context.forwards) or call.op in _PREDICTING | _MULTIPLYING
        if starts and id(call.result) not in seen:
            yield from _meshes_of(call.result, seen, _DEPTH)


def _meshes_of(value: Value, seen: set[int], depth: int) -> Iterator[Mesh]:
    """The meshes of a value that may be a column, and of what is made of it and stays one."""
    if id(value) in seen or not depth:
        return
    seen.add(id(value))
    for use in value.uses:
        made = use.by.result if isinstance(use.by, Call) else use.by
        if made is None:
            continue
        for site, one, other in _pairs(made):
            if (one is value or other is value) and id(made) not in seen:
                column, row = (one, other) if is_column(one) else (other, one)
                if is_column(column) and rank_of(row) == 1 and size_of(row) != 1:
                    seen.add(id(made))
                    yield Mesh(site, column, row, made)
        if is_column(made):
            yield from _meshes_of(made, seen, depth - 1)


def _pairs(made: Value) -> Iterator[tuple[Site, Value, Value]]:
    """The two operands of an operation that goes through both element by element."""
    match made:
        case Computed(operator=operator, parts=(left, right), site=site) if operator in _PAIRING:
            yield site, left, right
        case Result(call=call) if call.op in _PAIRING_FUNCTIONS and len(call.arguments) > 1:
            yield call.site, call.arguments[0], call.arguments[1]


def is_column(value: Value) -> bool:
    """Whether `value` has surely one axis for the examples and a last one of length one."""
    return _is_column(value, _DEPTH)


def _is_column(value: Value, depth: int) -> bool:
    if not depth:
        return False
    head = head_of(value)
    if head is not None and (head.units is not None or not head.bare):
        return head.bare and head.units == 1
    match value:
        case Computed(operator="@", parts=(_, right)):
            return _width(right) == 1 and rank_of(right) == 2
        case Computed(operator=operator, parts=(left, right)) if operator in _COMPARING:
            return _is_column(left, depth - 1) and isinstance(right, Constant)
        case Computed(operator="+", parts=(left, right)):
            return any(
                _is_column(one, depth - 1) and (rank_of(other) == 0 or _width(other) == 1)
                for one, other in ((left, right), (right, left))
            )
        case Result(call=call):
            return _is_column_of(call, depth)
    return False


def _is_column_of(call: Call, depth: int) -> bool:
    op = call.op or ""
    if op in _PREDICTING and call.receiver is not None:
        found = heads_of_model(call.receiver, call.order)
        return isinstance(found, Head) and found.units == 1
    if op in _MULTIPLYING and len(call.arguments) > 1:
        return _width(call.arguments[1]) == 1 and rank_of(call.arguments[1]) == 2
    facts = table("axes")["alike"]
    if op in facts["names"] and call.arguments:
        return _is_column(call.arguments[0], depth - 1)
    if not op and call.method in facts["methods"] and call.receiver is not None:
        return _is_column(call.receiver, depth - 1)
    return False


def _width(value: Value) -> int | None:
    """The length of the last axis of an array or variable that is made with a known shape."""
    widths = {_width_of(option) for option in alternatives(value)}
    return widths.pop() if len(widths) == 1 else None


def _width_of(value: Value) -> int | None:
    if isinstance(value, Display) and value.items and value.kind == "list":
        return len(value.items) if isinstance(value.items[0], Constant) else _width(value.items[0])
    call = made_by(value)
    if call is None:
        return None
    facts = table("axes")
    if call.op in facts["made"]:
        shape = call.argument(facts["made"][call.op], "size") or call.argument(None, "shape")
        if isinstance(shape, Display) and shape.items and not shape.open:
            return integer_of(shape.items[-1])
        return None
    return _width(call.arguments[0]) if call.op in facts["alike"]["names"] and call.arguments else None
