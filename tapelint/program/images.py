"""Images as they come out of a file or a data set: numbers from 0 to 255, whatever their type."""

from __future__ import annotations

from tapelint.program.knowledge import table
from tapelint.program.models import layers_inside, library_class
from tapelint.program.pipelines import dataset_behind, pipeline_of
from tapelint.program.trace import Call
from tapelint.program.values import (
    Constant,
    Display,
    Element,
    Instance,
    Item,
    Result,
    SliceValue,
    Value,
    alternatives,
)

# What leaves the numbers of an array as they are, as a function of it or as a method.
_KEEPING = frozenset(
    {"numpy.array", "numpy.asarray", "numpy.expand_dims", "numpy.reshape", "numpy.float32", "numpy.float64",
     "numpy.copy", "tensorflow.cast", "tensorflow.constant", "tensorflow.convert_to_tensor", "tensorflow.expand_dims",
     "tensorflow.reshape", "tensorflow.image.resize", "numpy.stack", "numpy.repeat", "tensorflow.ensure_shape",
     "tensorflow.image.resize_with_pad", "tensorflow.image.resize_with_crop_or_pad", "tensorflow.image.central_crop",
     "tensorflow.image.random_crop", "tensorflow.image.random_flip_left_right", "tensorflow.image.random_flip_up_down",
     "tensorflow.image.flip_left_right", "tensorflow.image.flip_up_down", "tensorflow.image.rot90"}
)  # fmt: skip
_KEEPING_METHODS = frozenset({"astype", "reshape", "copy"})
# Steps of a pipeline that leave the images in it as they are.
_HANDING_ON = frozenset(
    {"batch", "shuffle", "prefetch", "cache", "repeat", "take", "skip", "with_options", "unbatch", "shard", "enumerate",
     "as_numpy_iterator"}
)  # fmt: skip


def raw_source(value: Value) -> Call | None:
    """The call that loads images of which a value surely is a part, as they were loaded; None for all else."""
    seen: set[int] = set()
    while id(value) not in seen:
        seen.add(id(value))
        options = alternatives(value)
        if len(options) != 1:
            return None
        match options[0]:
            case Item(of=Item(of=Result(call=call)), index=Constant(value=0)) if (
                call.op in table("inputs")["images"]["sets"]
            ):
                return call
            case Item(of=Element(of=data), index=Constant(value=0)):
                return _raw_in_pipeline(data)
            case Item(of=of, index=SliceValue() | Display()):
                value = of
            case Element(of=data):
                return _raw_in_pipeline(data)
            case Result(call=call) if call.op in table("inputs")["images"]["decoders"]:
                return call if _gives_bytes(call) else None
            case Result(call=call) if call.op in _KEEPING and call.arguments:
                value = call.arguments[0]
            case Result(call=call) if call.op is None and call.method in _KEEPING_METHODS and call.receiver is not None:
                value = call.receiver
            case _:
                return _raw_in_pipeline(options[0])
    return None


def _raw_in_pipeline(data: Value) -> Call | None:
    """The call that loads the images that a pipeline hands out, if nothing on the way may change them."""
    pipeline = pipeline_of(dataset_behind(data))
    if pipeline is None:
        return None
    made = next((step for step in reversed(pipeline.steps) if step.method not in _HANDING_ON), None)
    if made is not None:
        first = _first_part(made.body) if made.method == "map" else None
        return raw_source(first) if first is not None else None
    if pipeline.source.op in table("inputs")["images"]["folders"]:
        return pipeline.source
    arrays = pipeline.arrays
    return raw_source(arrays[0]) if arrays else None


def _first_part(example: Value | None) -> Value | None:
    """What a model is fed of an example: the first of its parts, or all of it."""
    return example.items[0] if isinstance(example, Display) and example.kind == "tuple" and example.items else example


def _gives_bytes(decoder: Call) -> bool:
    """Whether a decoder gives numbers from 0 to 255, and no fractions, nor numbers of two bytes."""
    return decoder.argument(None, "dtype") is None and len(decoder.arguments) <= _BEFORE_DTYPE


_BEFORE_DTYPE = 2
"""Image bytes and channels come first; what may follow is a type, or how to shrink."""


def takes_images_as_they_are(model: Value) -> bool:
    """Whether a model surely does nothing that would bring large numbers to the size that layers are made for."""
    if library_class(model) not in ("keras.Sequential", "keras.Model") or not isinstance(model, Instance):
        return False
    if library_class(model) == "keras.Model" and not _is_of_layers(model):
        return False
    layers = [layer for layer, _ in layers_inside(model)]
    if not layers:
        return False
    plain = table("inputs")["images"]["plain"]
    return all(is_input(layer) or library_class(layer) in plain for layer in layers)


def _is_of_layers(model: Instance) -> bool:
    """Whether a functional model is made of calls of layers alone."""
    outputs = model.call.argument(1, "outputs") if model.call is not None else None
    pending = [outputs] if outputs is not None else []
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        match value:
            case Result(call=call) if call.op == "forward":
                pending.extend(call.arguments)
            case Display(items=items):
                pending.extend(items)
            case _ if not is_input(value):
                return False
    return bool(seen)


def is_input(value: Value) -> bool:
    return (isinstance(value, Result) and value.call.op == "keras.Input") or library_class(value) == "keras.InputLayer"
