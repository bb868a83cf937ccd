"""Losses that are sums: over the examples of a batch, or over the pixels of its images, too."""

from __future__ import annotations

from tapelint.program.comparisons import Comparison
from tapelint.program.losses import reduction_of, shape_of
from tapelint.program.models import library_class
from tapelint.program.outputs import head_of
from tapelint.program.provenance import ancestors
from tapelint.program.tapes import Gradients, Update, gradient_behind
from tapelint.program.trace import Call
from tapelint.program.values import Choice, Computed, Constant, Instance, Result, Value, alternatives

# Optimizers whose step is as large as the gradient; the others divide its size out again, more or less.
_PROPORTIONAL = frozenset({"keras.optimizers.SGD", "tensorflow.compat.v1.train.GradientDescentOptimizer"})
# The rate of `SGD()`.
_USUAL_RATE = 0.01
_CLIPPING = frozenset({"clipnorm", "global_clipnorm", "clipvalue"})
_OVER_IMAGES = frozenset(
    {f"keras.layers.{name}" for name in ("Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv2D")}
)


def sum_over_batch(target: Value) -> Call | None:
    """The call by which a loss became the sum over a batch; None where it is divided again, or not known."""
    shape = shape_of(target)
    return shape.producer if shape is not None and shape.kind == "scalar" and shape.reduction == "sum" else None


def sum_over_pixels(target: Value) -> Call | None:
    """The call of a Keras loss that sums over pixels and examples, in what is divided by one number at most."""
    for one in ancestors(target, _is_scaled):
        if not isinstance(one, Result) or one.call.op != "keras.Loss.__call__" or one.call.receiver is None:
            continue
        predictions = one.call.argument(1, "y_pred")
        head = head_of(predictions) if predictions is not None else None
        if head is None or not head.bare or head.layer not in _OVER_IMAGES:
            continue
        if all(reduction_of(option) == "sum" for option in alternatives(one.call.receiver)):
            return one.call
    return None


def _is_scaled(value: Value) -> bool:
    """Whether `value` is one of several losses, or a sum, or a loss that is multiplied or divided by a known number."""
    match value:
        case Computed(operator="/", parts=(_, right)):
            return isinstance(right, Constant)
        case Computed(operator="*", parts=(left, right)):
            return isinstance(left, Constant) or isinstance(right, Constant)
        case Computed(operator="+"):
            return True
    return isinstance(value, Choice)


def rates_of(gradients: Gradients, updates: list[Update]) -> list[float | None]:
    """The rates at which steps are taken that are as large as the gradients; None for every other step."""
    theirs = [
        update
        for update in updates
        if update.pairs is not None and any(call is gradients.call for call in gradient_behind(update.pairs))
    ]
    return [proportional_rate(update.call.receiver) for update in theirs]


def proportional_rate(optimizer: Value | None) -> float | None:
    """The rate of an optimizer whose steps are surely as large as the gradients: plain descent that clips nothing."""
    options = alternatives(optimizer) if optimizer is not None else []
    if len(options) != 1 or not isinstance(options[0], Instance):
        return None
    call = options[0].call
    if library_class(options[0]) not in _PROPORTIONAL or call is None or call.opaque:
        return None
    given = call.argument(0, "learning_rate")
    if not _CLIPPING.isdisjoint(call.keywords) or (given is not None and not isinstance(given, Constant)):
        return None
    rate = given.value if isinstance(given, Constant) else _USUAL_RATE
    return float(rate) if isinstance(rate, (int, float)) else None


def is_summed(compared: Comparison) -> bool:
    """Whether the loss that a model is compiled with sums over the batch."""
    chosen = compared.call.argument(1, "loss")
    return compared.model is not None and chosen is not None and reduction_of(chosen) == "sum"
