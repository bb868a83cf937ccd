"""When a model or layer has its weights: from then on, what only matters while they are made comes too late."""

from __future__ import annotations

from tapelint.program import kinds
from tapelint.program.models import layers_inside, library_base, library_class
from tapelint.program.trace import Call, Trace
from tapelint.program.values import Attribute, Constant, Display, Element, Instance, Item, Result, Value, alternatives

# What a model does only when its weights are made, or makes them.
_BUILDING = frozenset(
    {"keras.Model.build", "keras.Model.fit", "keras.Model.predict", "keras.Model.evaluate",
     "keras.Model.train_on_batch", "keras.Model.load_weights", "keras.Model.predict_on_batch",
     "keras.Model.test_on_batch"}
)  # fmt: skip
_SHAPES = ("input_shape", "input_dim", "batch_input_shape", "batch_shape")


def is_built(model: Value, trace: Trace, order: int) -> bool:
    """Whether a model or layer surely has its weights before the call numbered `order`."""
    options = [option for option in alternatives(model) if not (isinstance(option, Constant) and option.value is None)]
    return bool(options) and all(_is_built(option, trace, order) for option in options)


def _is_built(model: Value, trace: Trace, order: int) -> bool:
    if any(_builds(call, model) for call in trace.calls[:order]):
        return True
    if isinstance(model, Result):
        # One that is read from a file or made from another has the weights of that.
        return kinds.of(model) == "model"
    if not isinstance(model, Instance) or model.call is None or model.call.order >= order:
        return False
    name = library_class(model) or ""
    if name.startswith("keras.applications."):
        return True
    base = name or library_base(model)
    if base == "keras.Model":
        return model.call.argument(1, "outputs") is not None
    return base == "keras.Sequential" and _knows_its_input(model)


def _builds(call: Call, model: Value) -> bool:
    if call.op == "forward":
        return call.callee is model
    return call.op in _BUILDING and call.receiver is model


def _knows_its_input(model: Instance) -> bool:
    """Whether a Sequential begins with its input, so that each layer is built when it is added."""
    parts = [part for part, _ in layers_inside(model)]
    if not parts:
        return False
    first = parts[0]
    if isinstance(first, Result):
        return first.call.op == "keras.Input"
    if library_class(first) == "keras.InputLayer" or (library_class(first) or "").startswith("keras.applications."):
        return True
    given = first.call if isinstance(first, Instance) else None
    return given is not None and any(given.argument(None, shape) is not None for shape in _SHAPES)


def model_of_layer(layer: Value) -> Value | None:
    """The model that a layer is taken from: one of `model.layers`, or what `model.get_layer` finds."""
    if isinstance(layer, (Element, Item)):
        return model_of_layer(layer.of)
    if isinstance(layer, Attribute) and layer.name == "layers":
        return layer.of
    if isinstance(layer, Result):
        call = layer.call
        if call.method == "get_layer":
            return call.receiver
        if call.op in ("builtins.reversed", "builtins.list", "builtins.enumerate") and call.arguments:
            return model_of_layer(call.arguments[0])
    if isinstance(layer, Display) and layer.items:
        return model_of_layer(layer.items[0])
    return None
