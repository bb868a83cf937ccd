"""Tensors that have another shape in each turn of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tapelint.program import kinds
from tapelint.program.changes import changing_number
from tapelint.program.graphs import is_number
from tapelint.program.pipelines import dataset_behind, pipeline_of
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call, Loop, Trace
from tapelint.program.values import (
    Constant,
    Display,
    Element,
    Item,
    Mapping,
    Result,
    Site,
    SliceValue,
    Value,
    alternatives,
    is_none,
)

_FILLING = frozenset(
    {
        f"{module}.{name}"
        for module in ("tensorflow", "numpy", "keras.ops")
        for name in ("zeros", "ones", "full", "fill")
    }
)
_KEEPING = frozenset(
    {"tensorflow.constant", "tensorflow.convert_to_tensor", "tensorflow.cast", "numpy.array", "numpy.asarray"}
)
_KEEPING_METHODS = frozenset({"astype", "copy", "numpy"})
_GENERATORS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState"})
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Changing:
    """A shape that changes with the turns of a loop: why, and what says so."""

    loop: Loop
    why: str
    site: Site


def changing_shape(trace: Trace, value: Value, loops: Sequence[Loop], depth: int = 0) -> Changing | None:
    """Why a tensor has surely another shape in each of many turns of a loop; None on doubt."""
    if depth > _DEEPEST or not loops:
        return None
    options = alternatives(value)
    if len(options) != 1:
        return None
    match options[0]:
        case Element(of=of):
            return _of_dataset(of, loops)
        case Item(of=of, index=Constant()):
            return changing_shape(trace, of, loops, depth + 1)
        case Item(index=index, site=site):
            loop = _of_slices(trace, index, loops)
            return Changing(loop, "it is cut to another length in each turn", site) if loop is not None else None
        case Result(call=call):
            return _of_call(trace, call, loops, depth)
    return None


def _of_call(trace: Trace, call: Call, loops: Sequence[Loop], depth: int) -> Changing | None:
    kept = call.arguments[0] if call.op in _KEEPING and call.arguments else None
    if call.op is None and call.method in _KEEPING_METHODS:
        kept = call.receiver
    if kept is not None:
        return changing_shape(trace, kept, loops, depth + 1)
    shape = _shape_given(call)
    for part in shape.items if isinstance(shape, Display) else [shape] if shape is not None else []:
        loop = changing_number(trace, part, loops)
        if loop is not None:
            return Changing(loop, "its size changes with each turn", call.site)
    return None


def _shape_given(call: Call) -> Value | None:
    """The shape that a call that draws or fills is given."""
    op = call.op or ""
    if op in _FILLING or op.startswith(("tensorflow.random.", "keras.random.")):
        return call.argument(0, "shape")
    made = [one.call.op for one in alternatives(call.receiver) if isinstance(one, Result)] if call.receiver else []
    if op.startswith("numpy.random.") or (made and made[0] in _GENERATORS):
        return call.argument(None, "size")
    return None


def _of_slices(trace: Trace, index: Value, loops: Sequence[Loop]) -> Loop | None:
    """The loop in which `[:n]` or `[n:]` takes another number of things each time, as `[n:n + 1]` does not."""
    for part in index.items if isinstance(index, Display) else [index]:
        if not isinstance(part, SliceValue):
            continue
        lower, upper = (None if each is None or is_none(each) else each for each in (part.lower, part.upper))
        bound = upper if lower is None else lower if upper is None else None
        if bound is None and isinstance(lower, Constant) and is_number(lower):
            bound = upper
        loop = changing_number(trace, bound, loops) if bound is not None else None
        if loop is not None:
            return loop
    return None


def _of_dataset(iterable: Value, loops: Sequence[Loop]) -> Changing | None:
    """Batches that are padded to the longest of their examples each have a length of their own."""
    dataset = dataset_behind(iterable)
    pipeline = pipeline_of(dataset) if kinds.of(dataset) == "dataset" else None
    step = pipeline.step("padded_batch") if pipeline is not None else None
    loop = next((each for each in loops if each.iterable is not None and _is_behind(dataset, each.iterable)), None)
    if step is None or loop is None or pipeline is None or not _has_lengths(pipeline.source):
        return None
    shapes = step.argument(1, "padded_shapes")
    if shapes is not None and not any(is_none(one) for one in ancestors(shapes, _is_listing)):
        return None
    return Changing(loop, "each batch is padded to a length of its own", step.site)


def _has_lengths(source: Call) -> bool:
    """Whether the examples of a dataset say that their length is open: `TensorSpec([None], …)`."""
    if source.op != "tensorflow.data.Dataset.from_generator":
        return False
    said = source.argument(None, "output_signature") or source.argument(2, "output_shapes")
    return said is not None and any(is_none(one) for one in ancestors(said))


def _is_listing(value: Value) -> bool:
    return isinstance(value, (Display, Mapping))


def _is_behind(dataset: Value, iterable: Value) -> bool:
    return any(one is dataset for one in ancestors(iterable))
