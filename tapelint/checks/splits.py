"""Checks of how examples are held out for validation."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program.arrays import order_of, size_of
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, site_of
from tapelint.program.questions import asked_once
from tapelint.program.rows import origins_in_order
from tapelint.program.trace import Call
from tapelint.program.values import Computed, Constant, Display, Element, Item, Result, Value, alternatives, is_none

_SORTING = frozenset({"numpy.argsort", "tensorflow.argsort", "keras.ops.argsort"})
_SORTED = frozenset({"numpy.sort", "builtins.sorted", "tensorflow.sort"})
_JOINING = frozenset(
    {"numpy.concatenate", "numpy.hstack", "numpy.vstack", "numpy.append", "tensorflow.concat", "numpy.r_"}
)


@check
def ordered_validation_split(program: Program) -> Reports:
    for fit in program.fits:
        share, y = fit.argument(6, "validation_split"), fit.argument(1, "y")
        if share is None or y is None or is_none(y) or (isinstance(share, Constant) and not share.value):
            continue
        stations = origins_in_order(y)
        station = next((one for one in stations if _stands_by_class(one)), None)
        if station is not None and not any("shuffled" in one.marks for one in stations):
            yield Report(
                fit.site,
                "`validation_split` takes the last rows, which stand class by class here: some are never trained on",
                trails.distinct([(site_of(station), "the labels are put one after another here")]),
            )


@asked_once
def _stands_by_class(labels: Value) -> bool:
    """Whether labels surely come one class after another, as they were written down or put together."""
    match labels:
        case Result(call=call) if call.op == "numpy.repeat":
            first, axis = call.argument(0, "a"), call.argument(2, "axis")
            return axis is None and first is not None and _is_several(first)
        case Result(call=call) if call.op in _SORTED:
            return "key" not in call.keywords
        case Result(call=call) if call.op in _JOINING:
            parts = call.arguments[0] if call.arguments else None
            items = parts.items if isinstance(parts, Display) and not parts.open else list(call.arguments)
            return len(items) > 1 and all(map(_is_of_one_class, items))
        case Computed(operator="+", parts=parts):
            return all(_is_of_one_class(part) or _stands_by_class(part) for part in parts)
        case Item(index=Result(call=call)):
            return call.op in _SORTING and any(one is labels.of for one in ancestors(labels.index))
        case Display(kind="list", open=True):
            return _is_filled_by_class(labels)
    return False


def _is_several(numbers: Value) -> bool:
    return (size_of(numbers) or 0) > 1


def _is_of_one_class(part: Value) -> bool:
    """Whether an array or list is one label, over and over."""
    match part:
        case (
            Computed(operator="*", parts=(Display(items=[Constant()]), _))
            | Computed(operator="*", parts=(_, Display(items=[Constant()])))
        ):
            return True
        case Computed(operator="*", parts=(left, right)):
            return any(isinstance(one, Result) and order_of(one) == "constant" for one in (left, right))
        case Result():
            return order_of(part) == "constant"
    return False


def _is_filled_by_class(labels: Display) -> bool:
    """Whether a list is filled in nested loops, with a label that the outer one hands out for all of the inner one."""
    appended = list(_appended(labels))
    return bool(appended) and all(_comes_from_outside(call) for call in appended)


def _appended(labels: Display) -> Iterator[Call]:
    for use in labels.uses:
        if use.kind == "receiver" and isinstance(use.by, Call) and use.by.method in ("append", "extend", "insert"):
            yield use.by


def _comes_from_outside(append: Call) -> bool:
    loops, label = append.context.loops, append.argument(0)
    if append.method != "append" or len(loops) < 2 or label is None:
        return False
    handed = {id(one.of) for one in ancestors(label) if isinstance(one, Element)}
    parts = {id(one) for one in ancestors(label)}
    outer = [loop.iterable for loop in loops[:-1] if loop.iterable is not None]
    inner = loops[-1].iterable
    told_apart = any(id(one) in handed or (isinstance(one, Display) and _names(one) & parts) for one in outer)
    return told_apart and inner is not None and id(inner) not in handed


def _names(listed: Display) -> set[int]:
    """What a loop over a list that is written down hands out."""
    return {id(option) for item in listed.items for option in alternatives(item)}
