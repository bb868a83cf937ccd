"""Weights: which layers make them, and where in the course of a forward pass something is made."""

from __future__ import annotations

from tapelint.program import kinds
from tapelint.program.knowledge import table
from tapelint.program.models import library_class, parts_of
from tapelint.program.trace import Context, Frame
from tapelint.program.values import (
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Function,
    Instance,
    Item,
    Mapping,
    Result,
    Value,
    alternatives,
)


def is_weighted(layer: Value) -> bool:
    """Whether a layer surely has weights, by itself or in its parts."""
    return any(_makes_weights(part) for part in parts_of(layer))


def _makes_weights(layer: Value) -> bool:
    module, _, name = (library_class(layer) or "").rpartition(".")
    return module == "keras.layers" and name in table("layers")["weighted"]["names"]


def running_call(context: Context) -> Frame | None:
    """The innermost running `call` of a model or layer of the project, unless something is being constructed in it."""
    for frame in context.frame.stack():
        if frame.function is None:
            continue
        if frame.function.node.name in ("__init__", "build", "__new__"):
            return None
        if is_call(frame.function):
            return frame
    return None


def is_call(function: Function) -> bool:
    """Whether a function is the `call` of a model or layer."""
    owner = function.owner
    return function.node.name == "call" and owner is not None and kinds.of_class(owner) in ("model", "layer")


def is_parameter(variable: Value) -> bool:
    """Whether a `tf.Variable` is made to be learnt: it holds floats, as far as can be seen, and may be trained."""
    if not isinstance(variable, Instance) or variable.call is None or variable.call.opaque:
        return False
    if library_class(variable) != "tensorflow.Variable":
        return False
    trainable = variable.call.argument(1, "trainable")
    if trainable is not None and not (isinstance(trainable, Constant) and trainable.value):
        return False
    initial, dtype = variable.call.argument(0, "initial_value"), variable.call.argument(None, "dtype")
    if initial is None or (isinstance(initial, Constant) and not isinstance(initial.value, float)):
        return False
    return dtype is None or "float" in getattr(dtype, "name", str(getattr(dtype, "value", "")))


def is_placeholder(value: Value) -> bool:
    """Whether a value is a placeholder of a functional model, or what layers make of one."""
    pending, seen = [value], set[int]()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Result):
            if one.call.op == "keras.Input":
                return True
            pending.extend((*one.call.arguments, *one.call.keywords.values()))
        elif isinstance(one, (Choice, Computed, Display, Element, Item)):
            pending.extend(one.operands())
    return False


def is_number(variable: Instance) -> bool:
    """Whether a variable holds a single number that is written down."""
    initial = variable.call.argument(0, "initial_value") if variable.call is not None else None
    return isinstance(initial, Constant)


def held_directly(value: Value) -> list[Value]:
    """The values in an attribute: itself, or what a list or dict in it holds."""
    found: list[Value] = []
    for option in alternatives(value):
        items = list(option.operands()) if isinstance(option, (Display, Mapping)) else [option]
        found.extend(one for item in items for one in alternatives(item))
    return found
