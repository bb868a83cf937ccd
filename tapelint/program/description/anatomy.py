"""The layers of a model that decide what it gives and what it costs: the last activation, and the regularizers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tapelint.program import kinds
from tapelint.program.models import layers_inside, library_class, parts_of
from tapelint.program.trace import Trace
from tapelint.program.values import (
    Class,
    Constant,
    Display,
    Function,
    Instance,
    Library,
    Result,
    Value,
    alternatives,
    is_none,
)

# Layers that hand on what they get as far as its range of values goes.
_HANDING_ON = frozenset(
    {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "Flatten", "Reshape", "Permute", "UpSampling2D", "Cropping2D"}
)

# Layers that are an activation, or take one in the keyword `activation`; what that is where it is not given.
_ACTIVATIONS = {"Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "PReLU": "prelu"}
_DEFAULTS = {"LSTM": "tanh", "GRU": "tanh", "SimpleRNN": "tanh", "ConvLSTM2D": "tanh"}
_ACTIVATED = ("Dense", "EinsumDense", "Conv", "SeparableConv", "DepthwiseConv")

_REGULARIZERS = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "embeddings_regularizer",
                 "recurrent_regularizer", "gamma_regularizer", "beta_regularizer")  # fmt: skip

# Functions that make a regularizer.
_SHORTHANDS = frozenset({f"keras.regularizers.{name}" for name in ("l1", "l2", "l1_l2", "orthogonal_regularizer")})


@dataclass(frozen=True, slots=True)
class Activation:
    """The function that a model's outputs come from last, `linear` for none, and whose it is.

    Keras finds the logits behind its own softmax again; behind that of `tf.nn` they are lost.
    """

    name: str
    origin: Literal["Keras", "TensorFlow", "none"]


LINEAR = Activation("linear", "none")


def last_activation(model: Value, trace: Trace) -> Activation | None:
    """The last activation of a model; None when it cannot be told, or is not the same for all its outputs."""
    found = {_of_output(output, trace) for output in _outputs(model, trace)}
    return found.pop() if len(found) == 1 else None


def _outputs(model: Value, trace: Trace) -> list[Value]:
    """The layers or tensors that a model gives."""
    if not isinstance(model, Instance) or model.call is None:
        return []
    if isinstance(model.cls, Class) and isinstance(call := model.cls.attributes.get("call"), Function):
        runs = [frame for frame in trace.frames if frame.function is not None and frame.function.node is call.node]
        return [option for run in runs for returned in run.returned for option in alternatives(returned)]
    if library_class(model) == "keras.Model":
        outputs = model.call.argument(1, "outputs")
        items = outputs.items if isinstance(outputs, Display) else [outputs] if outputs is not None else []
        return [option for item in items for option in alternatives(item)]
    layers = [layer for layer, _ in layers_inside(model)]
    while layers and _short(layers[-1]) in _HANDING_ON:
        layers.pop()
    return layers[-1:]


def _of_output(output: Value, trace: Trace) -> Activation | None:
    match output:
        case Instance():
            return _of_layer(output, trace)
        case Result(call=call) if call.op == "forward" and call.receiver is not None:
            if _short(call.receiver) in _HANDING_ON and call.arguments:
                return _of_output(call.arguments[0], trace)
            return _of_layer(call.receiver, trace)
        case Result(call=call) if call.op is not None and call.op.rpartition(".")[2] in _FUNCTIONS:
            return _named(call.op)
    return None


_FUNCTIONS = frozenset({"softmax", "sigmoid", "tanh", "relu", "log_softmax", "gelu", "softplus"})


def _of_layer(layer: Value, trace: Trace) -> Activation | None:
    name = _short(layer)
    if not isinstance(layer, Instance) or layer.call is None:
        return None
    if kinds.of(layer) == "model":
        return last_activation(layer, trace)
    if name in _ACTIVATIONS:
        return Activation(_ACTIVATIONS[name], "Keras")
    if name == "Activation":
        given = layer.call.argument(0, "activation")
    elif name in _DEFAULTS or name.startswith(_ACTIVATED):
        given = layer.call.argument(1 if name == "Dense" else None, "activation")
    else:
        return None
    if given is None:
        return None if layer.call.opaque else Activation(_DEFAULTS[name], "Keras") if name in _DEFAULTS else LINEAR
    return _given(given)


def _given(activation: Value) -> Activation | None:
    match activation:
        case Constant(value=None | "linear"):
            return LINEAR
        case Constant(value=str() as name):
            return Activation(name, "Keras")
        case Library(name=name):
            return _named(name)
    return None


def _named(function: str) -> Activation | None:
    short = function.rpartition(".")[2]
    if short == "linear":
        return LINEAR
    return Activation(short, "Keras" if function.startswith("keras.") else "TensorFlow")


@dataclass(frozen=True, slots=True, eq=False)
class Regularized:
    """A layer with a regularizer; `sure` unless the regularizer may turn out to be None."""

    layer: Value
    regularizer: str
    sure: bool


def regularized_layers(model: Value) -> list[Regularized]:
    """The layers of a model that add something to its losses."""
    found = []
    for layer in parts_of(model):
        call = layer.call if isinstance(layer, Instance) else None
        for keyword in _REGULARIZERS if call is not None else ():
            given = call.argument(None, keyword) if call is not None else None
            if given is not None and not is_none(given):
                found.append(Regularized(layer, _regularizer(given), _is_concrete(given)))
                break
    return found


def _regularizer(given: Value) -> str:
    if isinstance(given, Constant):
        return str(given.value)
    made = given.call.op if isinstance(given, Result) else library_class(given)
    return (made or "something").rpartition(".")[2]


def _is_concrete(given: Value) -> bool:
    return all(_is_regularizer(option) for option in alternatives(given))


def _is_regularizer(value: Value) -> bool:
    match value:
        case Constant(value=str()):
            return True
        case Result(call=call):
            return call.op in _SHORTHANDS
    return kinds.of(value) == "regularizer"


def _short(value: Value) -> str:
    return (library_class(value) or "").rpartition(".")[2]
