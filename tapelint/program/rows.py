"""Which examples a value holds: all of an array, a part of it, a side of a split. Two of them may share some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.program import kinds
from tapelint.program.arrays import integer_of, order_of
from tapelint.program.knowledge import matches, table
from tapelint.program.labels import SPLITTING
from tapelint.program.models import BATCH
from tapelint.program.pipelines import Pipeline, pipeline_of
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call
from tapelint.program.values import (
    Computed,
    Constant,
    Display,
    Element,
    Item,
    Library,
    Mapping,
    Result,
    SliceValue,
    Value,
    alternatives,
)

_ARITHMETIC = frozenset({"+", "-", "*", "/", "//"})


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of the rows of something: between two bounds, one side of a `split`, or who knows which."""

    bounds: SliceValue | None = None
    split: Call | None = None
    side: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A value as rows of `of`, in the end: each window is taken from what the ones before it left, outermost first."""

    of: Value
    windows: tuple[Window, ...] = ()


def share_rows(left: Value, right: Value) -> bool | None:
    """Whether two arrays surely have examples in common, or surely have none; None when it cannot be told."""
    pairs = [
        (one, other)
        for one in _stations(left)
        for other in _stations(right)
        if one.of is other.of and not (isinstance(one.of, Constant) or isinstance(other.of, Constant))
    ]
    if not pairs:
        parts = [share_rows(part, right) for part in _joined(left)] + [
            share_rows(left, part) for part in _joined(right)
        ]
        return True if True in parts else None
    # The first pair is what is nearest to both.
    one, other = pairs[0]
    if not one.windows or not other.windows:
        return True
    apart = _apart(one.windows[0], other.windows[0])
    if apart is False and (len(one.windows), len(other.windows)) != (1, 1):
        return None
    return None if apart is None else not apart


def columns_of(given: Value) -> list[Value]:
    """The arrays in a value that may be one array or several side by side."""
    match given:
        case Display(kind="list" | "tuple", open=False, items=items) if items:
            return [column for item in items for column in columns_of(item)]
        case Mapping(open=False, entries=entries):
            return [column for entry in entries.values() for column in columns_of(entry)]
    return [given]


def origins(value: Value) -> list[Value]:
    """A value, and what its rows are taken from, step by step, nearest first."""
    return [station.of for station in _stations(value)]


def origins_in_order(value: Value) -> list[Value]:
    """The same, as far back as the rows surely have kept their order."""
    found = []
    for station in _stations(value):
        if any(window.bounds is None for window in station.windows):
            break
        found.append(station.of)
    return found


def _stations(value: Value) -> list[Rows]:
    """What a value is rows of: itself, what it is a part of, and so on to where it comes from, nearest first."""
    found: list[Rows] = []
    windows: tuple[Window, ...] = ()
    seen: set[int] = set()
    while id(value) not in seen:
        seen.add(id(value))
        found.append(Rows(value, windows))
        options = alternatives(value)
        if len(options) != 1:
            break
        step = _one_back(options[0])
        if step is None:
            break
        value, window = step
        windows = (window, *windows) if window is not None else windows
    return found


def _one_back(value: Value) -> tuple[Value, Window | None] | None:
    """What a value was taken from, and which part of it, if not all rows; None where its rows are made."""
    match value:
        case Item(of=Result(call=call), index=Constant(value=int() as side)) if call.op == SPLITTING:
            return (
                (call.arguments[side // 2], Window(split=call, side=side % 2))
                if side // 2 < len(call.arguments)
                else None
            )
        case Item(of=of, index=index):
            return _taken(of, index)
        case Computed(operator=operator, parts=(left, right)) if operator in _ARITHMETIC:
            return (left, None) if _measures(right) else (right, None) if _measures(left) else None
        case Result(call=call):
            kept = _row_by_row(call)
            return (kept, None) if kept is not None else None
    return None


def _taken(of: Value, index: Value) -> tuple[Value, Window | None] | None:
    first, *rest = index.items if isinstance(index, Display) and index.kind == "tuple" and index.items else [index]
    if not all(map(_keeps_columns, rest)):
        # Other columns are other examples, as those of a series that is cut in time.
        return None
    if isinstance(first, SliceValue):
        bounds = first if first.step is None else None
        return of, None if _is_everything(first) else Window(bounds=bounds)
    if isinstance(first, (Constant, Element)):
        # A column of a table, a member of a tuple, one row.
        return None
    return of, Window()


def _is_everything(index: SliceValue) -> bool:
    return index.lower is None and index.upper is None and index.step is None


def _keeps_columns(index: Value) -> bool:
    """Whether an index behind the first takes all that is there: `:`, `...`, or a new axis."""
    if isinstance(index, SliceValue):
        return _is_everything(index)
    return (isinstance(index, Constant) and index.value in (None, ...)) or (
        isinstance(index, Library) and index.name.endswith(".newaxis")
    )


def _row_by_row(call: Call) -> Value | None:
    """The argument of which a call makes a row of each row."""
    if call.op is not None and matches(call.op, "rows", "functions") and call.arguments:
        return call.arguments[0]
    if call.op is None and call.method in table("tensors")["rows"]["methods"]:
        return call.receiver
    return None


@asked_once
def _measures(value: Value) -> bool:
    """Whether a value says something about all examples, or has nothing to do with them: 255, their mean."""
    if isinstance(value, (Constant, Library)):
        return True
    if isinstance(value, Result):
        return (value.call.op or value.call.method or "").rpartition(".")[2] in ("mean", "std", "max", "min", "float")
    return isinstance(value, Computed) and all(_measures(part) for part in value.parts)


def _joined(value: Value) -> Iterator[Value]:
    """The arrays that stand one after another in `value`."""
    if isinstance(value, Result) and matches(value.call.op or "", "rows", "joining"):
        parts, axis = value.call.argument(0), value.call.argument(1, "axis")
        if isinstance(parts, Display) and (axis is None or integer_of(axis) == 0):
            yield from parts.items


def _apart(one: Window, other: Window) -> bool | None:
    """Whether two parts of the same rows have none in common."""
    if one.split is not None and one.split is other.split:
        return one.side != other.side
    if one.bounds is None or other.bounds is None:
        return None
    orders = (_before(one.bounds.upper, other.bounds.lower), _before(other.bounds.upper, one.bounds.lower))
    if True in orders:
        return True
    return False if orders == (False, False) else None


def _before(upper: Value | None, lower: Value | None) -> bool | None:
    """Whether rows that end at `upper` have ended where others begin, at `lower`."""
    if upper is None or lower is None:
        # To the end of the data, or from its beginning.
        return False
    if upper is lower:
        return True
    end, start = integer_of(upper), integer_of(lower)
    if end is None or start is None or (end < 0) != (start < 0):
        return None
    return end <= start


# Steps after which a pipeline has only a part of its examples.
_SELECTING = frozenset({"take", "skip", "shard", "filter", "take_while", "rejection_resample", "unique", "window"})
_FROM_FOLDERS = ("_dataset_from_directory", ".flow_from_directory")
# Sources that may make other examples each time.
_ENDLESS = ("from_generator", "range", "random", "sample_from_datasets", "choose_from_datasets")


def share_examples(data: Value, other: Value) -> bool:
    """Whether two datasets or sequences surely have examples in common."""
    if _may_be_drawn_anew(data) or _may_be_drawn_anew(other):
        return False
    if data is other:
        return True
    left, right = pipeline_of(data), pipeline_of(other)
    if left is None or right is None:
        folders = [made_by(data), made_by(other)]
        return _is_same_folder(*folders) if None not in folders else False
    chosen = [step for step in left.steps if step.method in _SELECTING]
    chosen_too = [step for step in right.steps if step.method in _SELECTING]
    if [id(step) for step in chosen] != [id(step) for step in chosen_too[: len(chosen)]]:
        return False
    if left.source is right.source:
        return left.share is right.share
    return _is_same_folder(left.source, right.source) or _share_arrays(left, right)


def _share_arrays(left: Pipeline, right: Pipeline) -> bool:
    arrays, others = left.arrays or [], right.arrays or []
    return bool(arrays) and len(arrays) == len(others) and all(map(share_rows, arrays, others))


def _may_be_drawn_anew(data: Value) -> bool:
    """Whether going through `data` again may bring examples that never were there before."""
    if "generator" in data.marks:
        return True
    if kinds.of(data) == "pydataset":
        batch = data.attributes.get(BATCH)
        return batch is None or any(order_of(value) == "random" for value in ancestors(batch))
    pipeline = pipeline_of(data)
    source = pipeline.source if pipeline is not None else made_by(data)
    return source is not None and (source.op or "").rpartition(".")[2] in _ENDLESS


def _is_same_folder(left: Call | None, right: Call | None) -> bool:
    """Whether both read the same part of one folder."""
    if left is None or right is None or left.op != right.op or not (left.op or "").endswith(_FROM_FOLDERS):
        return False
    if left.receiver is not right.receiver or left.opaque or right.opaque:
        return False
    parts = [(call.argument(0, "directory"), call.argument(None, "subset")) for call in (left, right)]
    return all(_is_one(one, other) for one, other in zip(*parts, strict=True))


def _is_one(left: Value | None, right: Value | None) -> bool:
    """Whether two arguments are surely the same: one value, equal constants, or both left out."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return left.value == right.value
    return left is right
