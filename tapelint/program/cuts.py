"""Batches that a program cuts from its arrays by itself: slices that move with a counter, or rows picked by them."""

from __future__ import annotations

from dataclasses import dataclass

from tapelint.program.arrays import counter_of, moves
from tapelint.program.trace import Call, Context
from tapelint.program.values import Display, Item, Result, Site, SliceValue, Value, alternatives

# Functions and a method that pick the rows of their first argument that their second one lists.
_PICKING = frozenset({"tensorflow.gather", "numpy.take", "keras.ops.take", "tensorflow.experimental.numpy.take"})
_PICKING_METHOD = "take"


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A batch, and the array it is cut from in the order in which that happens.

    `rows` are the indices that pick the batch, if it is not a slice itself; `counting` is where the counter moves on.
    """

    batch: Value
    array: Value
    index: SliceValue
    counter: Call
    site: Site
    context: Context
    counting: Context
    rows: Value | None = None


def cut_of(batch: Value) -> Cut | None:
    """The cut that a value is; None if it is none."""
    picked = _picked(batch)
    if picked is None:
        return None
    of, index, site, context = picked
    moving = _moving(index)
    if moving is not None:
        counter = counter_of(moving)
        return Cut(batch, of, moving, counter, site, context, context) if counter is not None else None
    rows = alternatives(index)
    inner = cut_of(rows[0]) if len(rows) == 1 else None
    if inner is None:
        return None
    ordered = Item(of, inner.array, site, context)
    return Cut(batch, ordered, inner.index, inner.counter, site, context, inner.counting, rows[0])


def _picked(value: Value) -> tuple[Value, Value, Site, Context] | None:
    """An array, the index of what is taken from it, and where that happens."""
    match value:
        case Item(of=of, index=index, site=site, context=context):
            return of, index, site, context
        case Result(call=call) if call.op in _PICKING and len(call.arguments) > 1:
            return call.arguments[0], call.arguments[1], call.site, call.context
        case Result(call=call) if call.op is None and call.method == _PICKING_METHOD and call.receiver is not None:
            return (call.receiver, call.arguments[0], call.site, call.context) if call.arguments else None
    return None


def _moving(index: Value) -> SliceValue | None:
    """The slice that takes one batch after another along the first axis."""
    first = index.items[0] if isinstance(index, Display) and index.kind == "tuple" and index.items else index
    options = alternatives(first)
    if len(options) == 1 and isinstance(options[0], SliceValue) and moves(options[0]) == "batch":
        return options[0]
    return None
