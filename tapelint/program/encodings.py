"""How class labels are encoded: as the number of each example's class, or as a row with a share for each class."""

from __future__ import annotations

from typing import Literal

from tapelint.program.axes import rank_in_batch, rank_of
from tapelint.program.knowledge import table
from tapelint.program.labels import SPLITTING
from tapelint.program.pipelines import dataset_behind
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
    Item,
    Result,
    SliceValue,
    Value,
    alternatives,
)

Encoding = Literal["numbers", "shares"]

# Functions that make a row of shares of each class number.
_ENCODING = frozenset(
    {"keras.utils.to_categorical", "keras.utils.np_utils.to_categorical", "tensorflow.one_hot", "keras.ops.one_hot",
     "pandas.get_dummies", "sklearn.preprocessing.label_binarize"}
)  # fmt: skip
_IDENTITIES = frozenset({"numpy.eye", "numpy.identity", "tensorflow.eye"})
_SLICING = frozenset({"tensorflow.data.Dataset.from_tensor_slices", "tensorflow.data.Dataset.from_tensors"})
_HANDING_ON = frozenset({"batch", "shuffle", "repeat", "cache", "prefetch", "take", "skip", "padded_batch", "filter"})
# What `label_mode` makes of the names of folders; by default, numbers.
_FOLDERS = "_dataset_from_directory"
_BY_MODE: dict[object, Encoding] = {"int": "numbers", "categorical": "shares"}


def encoding_of(labels: Value) -> Encoding | None:
    """How labels are encoded; None where it cannot be told. What has one axis surely holds numbers."""
    if is_encoded(labels):
        return "shares"
    return "numbers" if rank_of(labels) == 1 or _are_shipped(labels) else None


def encoding_in(dataset: Value) -> Encoding | None:
    """How the labels of a dataset of pairs are encoded."""
    if _is_encoded_in(dataset, 1):
        return "shares"
    source = _source_of(dataset)
    if source is not None and (source.op or "").endswith(_FOLDERS):
        mode = source.argument(2, "label_mode")
        return _BY_MODE.get(mode.value if isinstance(mode, Constant) else mode if mode is not None else "int")
    return "numbers" if rank_in_batch(dataset, 1) == 1 and _is_batched(dataset) else None


def _source_of(dataset: Value) -> Call | None:
    """The source of a dataset, if no step may change its labels."""
    call = made_by(dataset)
    if call is not None and call.receiver is not None and call.method in _HANDING_ON:
        return _source_of(call.receiver)
    return call


def _is_batched(dataset: Value) -> bool:
    call = made_by(dataset)
    return call is not None and (
        call.method in ("batch", "padded_batch") or (call.receiver is not None and _is_batched(call.receiver))
    )


def _are_shipped(labels: Value) -> bool:
    """Whether labels are those of a data set that Keras ships: numbers, of one axis or two."""
    match labels:
        case Item(of=Item(of=Result(call=call)), index=Constant(value=1)):
            return call.op in table("axes")["shipped"]
        case Result(call=call) if call.op in table("axes")["alike"]["names"] and call.arguments:
            return _are_shipped(call.arguments[0])
        case Result(call=call) if not call.op and call.method in table("axes")["alike"]["methods"] and call.receiver:
            return _are_shipped(call.receiver)
    return False


@asked_once
def is_encoded(labels: Value) -> bool:
    """Whether labels are surely rows with a share for each class."""
    match labels:
        case Choice():
            return all(bool(is_encoded(option)) for option in alternatives(labels))
        case Item(of=of, index=index):
            return _is_encoded_part(of, index)
        case Attribute(of=of, name="values"):
            return is_encoded(of)
        case Computed(operator="*" | "+" | "-", parts=parts):
            # Smoothed labels.
            return any(is_encoded(part) for part in parts) and all(
                is_encoded(part) or isinstance(part, Constant) for part in parts
            )
        case Result(call=call):
            return _is_encoded_by(call)
    return False


def _is_encoded_part(of: Value, index: Value) -> bool:
    position = index.value if isinstance(index, Constant) and isinstance(index.value, int) else None
    call = made_by(of)
    if position is None:
        if call is not None and call.op in _IDENTITIES:
            # The rows of an identity matrix.
            return rank_of(index) == 1
        whole_rows = isinstance(index, SliceValue) or rank_of(index) == 1
        return whole_rows and bool(is_encoded(of))
    if call is not None and call.op == SPLITTING and 0 <= position // 2 < len(call.arguments):
        return is_encoded(call.arguments[position // 2])
    return isinstance(of, Element) and _is_encoded_in(dataset_behind(of.of), position)


def _is_encoded_in(dataset: Value, position: int) -> bool:
    """Whether the part of a dataset's examples at `position` is encoded so."""
    call = made_by(dataset)
    if call is None:
        return False
    given = call.body if call.method == "map" else call.argument(0) if call.op in _SLICING else None
    if isinstance(given, Display) and given.kind == "tuple" and not given.open:
        return position < len(given.items) and is_encoded(given.items[position])
    return call.method in _HANDING_ON and call.receiver is not None and _is_encoded_in(call.receiver, position)


def _is_encoded_by(call: Call) -> bool:
    op = call.op or ""
    if op in _ENCODING:
        return True
    facts = table("axes")["alike"]
    if op in facts["names"] and call.arguments:
        return bool(is_encoded(call.arguments[0]))
    return not op and call.method in facts["methods"] and call.receiver is not None and bool(is_encoded(call.receiver))
