"""How many axes an array or tensor has, where that is surely known: of data, of batches of it, of what is computed."""

from __future__ import annotations

from collections.abc import Sequence

from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.knowledge import table
from tapelint.program.pipelines import dataset_behind, steps_behind
from tapelint.program.provenance import made_by
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Instance,
    Item,
    Library,
    Mapping,
    Result,
    SliceValue,
    Value,
    alternatives,
    is_none,
)

_ELEMENTWISE = frozenset({"+", "-", "*", "/", "//", "%", "**", ">", ">=", "<", "<=", "==", "!=", "&", "|", "~"})
_RESHAPING = frozenset({"numpy.reshape", "tensorflow.reshape", "keras.ops.reshape"})
_EXPANDING = frozenset({"numpy.expand_dims", "tensorflow.expand_dims", "keras.ops.expand_dims"})
_SQUEEZING = frozenset({"numpy.squeeze", "tensorflow.squeeze", "keras.ops.squeeze"})
_NEW_AXES = frozenset({"numpy.newaxis", "tensorflow.newaxis"})
_COUNTING_AXES = frozenset({"rand", "randn"})
_ENCODING = frozenset({"keras.utils.to_categorical", "tensorflow.one_hot", "keras.ops.one_hot"})
_STACKING = frozenset({"numpy.concatenate", "numpy.append", "numpy.hstack", "tensorflow.concat"})
_SPLITTING = frozenset({"numpy.split", "numpy.array_split", "tensorflow.split", "keras.ops.split"})
_TABLES = ("pandas.read_", "pandas.DataFrame")
# Steps of a pipeline that leave the shape of its elements alone.
_STEPS = frozenset(
    {"shuffle", "repeat", "cache", "prefetch", "take", "skip", "shard", "filter", "with_options", "snapshot"}
)
_ARRAYS = ("numpy.", "tensorflow.", "keras.ops.")


def rank_of(value: Value | None) -> int | None:
    """The number of axes of an array or tensor; None where it cannot be told."""
    return _rank_of(value) if value is not None else None


@asked_once
def _rank_of(value: Value) -> int | None:
    match value:
        case Constant(value=bool() | int() | float()):
            return 0
        case Choice():
            ranks = {rank_of(option) for option in alternatives(value) if not is_none(option)}
            return ranks.pop() if len(ranks) == 1 else None
        case Display(kind="list" | "tuple", items=items) if items:
            inner = {rank_of(item) for item in items}
            first = inner.pop() if len(inner) == 1 else None
            return first + 1 if first is not None else None
        case Computed(operator="@", parts=(left, right)):
            return _rank_of_product(left, right)
        case Computed(operator=operator, parts=parts) if operator in _ELEMENTWISE:
            return _most(parts)
        case Attribute(of=of, name=name):
            return _rank_of_attribute(of, name)
        case Item(of=of, index=index):
            return _rank_of_item(of, index)
        case Element(of=of):
            return _rank_of_element(of)
        case Instance(call=Call() as call) | Result(call=call):
            return _rank_of_call(call)
    return None


def _most(parts: Sequence[Value]) -> int | None:
    """The most axes that any of several arrays has, if all are known."""
    ranks = [rank_of(part) for part in parts]
    known = [rank for rank in ranks if rank is not None]
    return max(known) if len(known) == len(ranks) and known else None


def _rank_of_product(left: Value, right: Value) -> int | None:
    first, second = rank_of(left), rank_of(right)
    if first is None or second is None:
        return None
    return max(first, second) if 1 not in (first, second) else first + second - 2


def _rank_of_attribute(of: Value, name: str) -> int | None:
    if name in ("values", "T"):
        return rank_of(of)
    if name in ("shape", "size"):
        return int(name == "shape")
    call = made_by(of)
    if call is not None and call.op in table("axes")["bunches"] and name in ("data", "target"):
        rank: int = table("axes")["bunches"][call.op][name == "target"]
        return rank
    return None


# Parts of something


def _rank_of_item(of: Value, index: Value) -> int | None:
    known = _rank_of_component(of, index)
    if known is not None:
        return known
    if isinstance(of, Result) and (of.call.op or "").startswith(_TABLES):
        # A column of a table, or several.
        return 1 if isinstance(index, Constant) and isinstance(index.value, str) else 2 if _lists(index) else None
    rank = rank_of(of)
    if rank is None:
        return None
    indices = index.items if isinstance(index, Display) and index.kind == "tuple" else [index]
    for one in indices:
        change = _change_by(one)
        if change is None:
            return None
        rank += change
    return rank if rank >= 0 else None


def _lists(index: Value) -> bool:
    return isinstance(index, Display) and index.kind == "list"


def _change_by(index: Value) -> int | None:
    """By how much an index changes the number of axes."""
    if isinstance(index, SliceValue):
        return 0
    if is_none(index) or (isinstance(index, Library) and index.name in _NEW_AXES):
        return 1
    picked = rank_of(index)
    return {0: -1, 1: 0}.get(picked) if picked is not None else None


def _rank_of_component(of: Value, index: Value) -> int | None:
    """The axes of one of several things: an array of a shipped data set, a side of a split, a part of a batch."""
    position = index.value if isinstance(index, Constant) and isinstance(index.value, int) else None
    if position is None:
        return None
    call = made_by(of)
    facts = table("axes")
    if isinstance(of, Item) and position in (0, 1):
        shipped = made_by(of.of)
        rank = facts["shipped"].get(shipped.op, [None, None])[position] if shipped is not None else None
        if rank is not None:
            return int(rank)
    if isinstance(of, Element):
        return rank_in_batch(dataset_behind(of.of), position)
    if call is None or position < 0:
        return None
    if call.op == "sklearn.model_selection.train_test_split" and position // 2 < len(call.arguments):
        return rank_of(call.arguments[position // 2])
    pair = facts["pairs"].get(call.op)
    if pair is None and "return_X_y" in call.keywords:
        pair = facts["bunches"].get(call.op)
    return int(pair[position]) if pair is not None and position < len(pair) else None


def _rank_of_element(of: Value) -> int | None:
    of = dataset_behind(of)
    if kinds.of(of) == "dataset":
        return rank_in_batch(of, None)
    rank = rank_of(of)
    return rank - 1 if rank else None


def is_batch_of_rows(value: Value) -> bool:
    """Whether `value` is surely a batch that a dataset gives, or a part of it, with axes besides that of the batch."""
    element = value.of if isinstance(value, Item) else value
    if not isinstance(element, Element):
        return False
    batched = any(step.method in ("batch", "padded_batch") for step in steps_behind(dataset_behind(element.of)))
    return batched and (rank_of(value) or 0) >= 2


def rank_in_batch(dataset: Value, position: int | None) -> int | None:
    """The axes of the element of a dataset, or of the part of it at `position`."""
    call = made_by(dataset)
    if call is None or kinds.of(dataset) != "dataset":
        return None
    if call.op == "tensorflow.data.Dataset.from_tensor_slices":
        rank = rank_of(_part(call.argument(0, "tensors"), position))
        return rank - 1 if rank else None
    if call.op == "tensorflow.data.Dataset.from_tensors":
        return rank_of(_part(call.argument(0, "tensors"), position))
    if call.op == "tensorflow.data.Dataset.zip" and position is not None:
        part = _part(
            call.arguments[0] if len(call.arguments) == 1 else Display("tuple", list(call.arguments)), position
        )
        return rank_in_batch(part, None) if part is not None else None
    if call.receiver is None:
        return None
    if call.method == "map":
        return rank_of(_part(call.body, position)) if call.body is not None else None
    change = {"batch": 1, "padded_batch": 1, "unbatch": -1}.get(call.method or "", 0)
    if change == 0 and call.method not in _STEPS:
        return None
    rank = rank_in_batch(call.receiver, position)
    return rank + change if rank is not None and rank + change >= 0 else None


def _part(given: Value | None, position: int | None) -> Value | None:
    """The part at `position` of a tuple; the whole where no position is asked for."""
    if position is None:
        return None if isinstance(given, (Display, Mapping)) and getattr(given, "kind", "") != "list" else given
    if isinstance(given, Display) and given.kind == "tuple" and not given.open and -1 <= position < len(given.items):
        return given.items[position]
    return None


# Results of calls


def _rank_of_call(call: Call) -> int | None:
    facts, op, method = table("axes"), call.op or "", call.method or ""
    name = op.rpartition(".")[2]
    if op in facts["shipped"] or call.opaque:
        return None
    if op in facts["made"] or (not op and method in facts["made"] and _draws(call.receiver)):
        return _rank_of_shape(call, facts["made"][op or method])
    if op.startswith("numpy.random.") and name in _COUNTING_AXES:
        return len(call.arguments)
    if op in facts["alike"]["names"] and call.arguments:
        first = rank_of(call.arguments[0])
        return 1 if op == "numpy.random.permutation" and first == 0 else first
    if op in facts["fixed"]:
        return int(facts["fixed"][op])
    if op in facts["alike"]["joint"]:
        return _most(call.arguments)
    if op.startswith(_ARRAYS):
        return _rank_of_function(call, name)
    if op in _ENCODING:
        return _one_more(call)
    return _rank_of_method(call, method) if not op and call.receiver is not None else None


def _draws(receiver: Value | None) -> bool:
    """Whether a receiver is a random generator of NumPy."""
    call = made_by(receiver) if receiver is not None else None
    return call is not None and (call.op or "").startswith("numpy.random.")


def _rank_of_shape(call: Call, position: int) -> int | None:
    shape = call.argument(position, "size") or call.argument(None, "shape") or call.argument(None, "dims")
    if shape is None:
        return 0 if (call.op or "numpy.").startswith("numpy.random.") and position else None
    if isinstance(shape, Display):
        return None if shape.open else len(shape.items)
    if integer_of(shape) is not None or _is_count(shape):
        return 1 if not (call.op or "").startswith(("tensorflow.", "keras.")) else None
    return None


def _is_count(value: Value) -> bool:
    """Whether `value` is one number that is not known: a length or a size."""
    return rank_of(value) == 0


def _one_more(call: Call) -> int | None:
    rank = rank_of(call.argument(0))
    return rank + 1 if rank is not None else None


def _rank_of_function(call: Call, name: str) -> int | None:
    op, first = call.op or "", call.argument(0)
    if first is None:
        return None
    if op in _RESHAPING:
        shape = call.argument(1, "shape") or call.argument(None, "newshape")
        return _rank_by_shape([shape] if shape is not None else [])
    if op in _EXPANDING or op in _ENCODING or op in _SPLITTING:
        # A list of parts counts as one array with an axis for the parts.
        return _one_more(call)
    if op in _SQUEEZING:
        return _squeezed(rank_of(first), call.argument(1, "axis"))
    if op in _STACKING and isinstance(first, Display):
        ranks = {rank_of(item) for item in first.items}
        return ranks.pop() if len(ranks) == 1 else None
    if op in ("tensorflow.matmul", "numpy.matmul", "numpy.dot", "keras.ops.matmul") and len(call.arguments) > 1:
        return _rank_of_product(first, call.arguments[1])
    if name in table("axes")["alike"]["reducing"]:
        return _reduced(rank_of(first), call.argument(1, "axis"), call)
    return None


def _rank_of_method(call: Call, method: str) -> int | None:
    facts = table("axes")["alike"]
    if method == "reshape":
        return _rank_by_shape(list(call.arguments))
    if method in ("ravel", "flatten"):
        return 1
    if method == "pop" and isinstance(call.receiver, Result) and (call.receiver.call.op or "").startswith(_TABLES):
        return 1
    rank = rank_of(call.receiver)
    if method in facts["methods"]:
        return rank
    if method == "squeeze":
        return _squeezed(rank, call.argument(0, "axis"))
    if method in facts["reducing"]:
        return _reduced(rank, call.argument(0, "axis"), call)
    return None


def _rank_by_shape(given: list[Value]) -> int | None:
    """The axes of what is reshaped: one for each number."""
    if len(given) == 1:
        shape = given[0]
        if isinstance(shape, Display):
            return None if shape.open else len(shape.items)
        return 1 if rank_of(shape) == 0 else None
    return len(given) or None


def _squeezed(rank: int | None, axis: Value | None) -> int | None:
    return rank - 1 if rank and isinstance(axis, Constant) and isinstance(axis.value, int) else None


def _reduced(rank: int | None, axis: Value | None, call: Call) -> int | None:
    keeps = call.argument(None, "keepdims")
    if keeps is not None:
        return rank if isinstance(keeps, Constant) and keeps.value else None
    if axis is None or is_none(axis):
        return 0
    removed = len(axis.items) if isinstance(axis, Display) else 1 if isinstance(axis, Constant) else None
    return rank - removed if rank is not None and removed is not None and rank >= removed else None
