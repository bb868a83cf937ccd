"""The bank of variants: what may have become of a step's loss and mode, tried one by one without watching the step.

This knows nothing of hooks. It takes a model, a batch and a loss, and gives the gradients that every variant of `fit`
would make.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tapelint.probe.child.identities import underlying
from tapelint.probe.child.parity.causes import Cause
from tapelint.probe.child.parity.solve import EXPLAINED, Vector, distance, flat
from tapelint.probe.child.parity.state import State, kept

LossFunction = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """Another way to compute the loss, and what would be wrong with it; nothing is with the first one."""

    cause: Cause | None
    function: LossFunction


def variants(loss: LossFunction, y: Any, predicted: Any) -> Iterator[Variant]:
    """The loss as it is, and what it is mistaken for."""
    yield Variant(None, loss)
    if tf.is_tensor(predicted) and tf.is_tensor(y) and y.shape == predicted.shape:
        words = "the loss is given the prediction where it expects the truth, and the truth for the prediction"
        yield Variant(Cause("swapped-arguments", words), lambda true, out: loss(out, tf.cast(true, out.dtype)))
    other = flipped(loss)
    if other is not None:
        words = "the loss takes logits for probabilities, or the other way round (`from_logits`)"
        yield Variant(Cause("logits-flipped", words), lambda true, out: other(true, tf.identity(out)))
        yield Variant(Cause("logits-flipped", words), lambda true, out: loss(true, tf.identity(out)))
    if tf.is_tensor(predicted) and predicted.shape.rank == 2 and predicted.shape[1] == 1:
        words = f"every label meets every prediction: ({len(predicted)},) against ({len(predicted)}, 1)"
        yield Variant(Cause("broadcast-labels", words), _crossed(loss))


def flipped(loss: Any) -> LossFunction | None:
    """The loss with the other `from_logits`; None where it has none."""
    if hasattr(loss, "from_logits") and hasattr(loss, "get_config"):
        other: LossFunction = type(loss).from_config({**loss.get_config(), "from_logits": not loss.from_logits})
        return other
    try:
        parameter = inspect.signature(loss).parameters.get("from_logits")
    except (TypeError, ValueError):
        return None
    if parameter is None:
        return None
    return lambda true, out: loss(true, out, from_logits=not parameter.default)


def _crossed(loss: LossFunction) -> LossFunction:
    def crossed(true: Any, out: Any) -> Any:
        count = len(out)
        labels = tf.reshape(tf.cast(true, out.dtype), (-1, 1))
        return loss(tf.tile(labels, (count, 1)), tf.repeat(out, count, axis=0))

    return crossed


def references(model: Any, x: Any, y: Any, loss: LossFunction) -> Iterator[tuple[Cause | None, bool, list[Vector]]]:
    """The gradients of the loss's mean and of the penalties, of every variant in both modes."""
    variables = [underlying(each) for each in model.trainable_variables]
    with kept([model]):
        state = State(model)
        for training in (True, False):
            state.restore()
            with tf.GradientTape(persistent=True) as tape:
                predicted = model(x, training=training)
                penalties = model.losses
                total = tf.add_n([tf.cast(each, "float32") for each in penalties]) if penalties else None
                means = [(each.cause, _mean(each.function, y, predicted)) for each in variants(loss, y, predicted)]
            extra = tape.gradient(total, variables) if total is not None else [None] * len(variables)
            plain: Vector | None = None
            for cause, mean in means:
                data = flat(tape.gradient(mean, variables), variables) if mean is not None else None
                if data is not None and (plain is None or distance(data, plain) > EXPLAINED):
                    plain = data if plain is None else plain
                    yield cause, training, [data, flat(extra, variables)]


def _mean(function: LossFunction, y: Any, predicted: Any) -> Any:
    """The mean of a variant of the loss; None where it does not fit these shapes."""
    try:
        return tf.reduce_mean(function(y, predicted))
    except Exception:
        return None


def terms_of(model: Any, x: Any, y: Any, loss: LossFunction) -> int:
    """How many numbers come out of a loss."""
    with kept([model]):
        return int(tf.size(loss(y, model(x, training=False))))
