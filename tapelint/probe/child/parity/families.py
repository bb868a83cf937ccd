"""The usual losses, by which one that a program writes out in plain operations is recognized from its gradients."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe.child.parity.bank import flipped
from tapelint.probe.child.parity.seen import is_differentiable
from tapelint.probe.child.parity.solve import Vector, distance, numbers

LossFunction = Callable[[Any, Any], Any]

ALIKE = 1e-4
"""The part of the gradients by a model's output that a usual loss may leave unexplained."""

FEWEST = 3
"""The predictions from which on a loss is known by its gradients."""

DENSE: dict[str, LossFunction] = {
    "mean squared error": keras.losses.mean_squared_error,
    "mean absolute error": keras.losses.mean_absolute_error,
    "Huber": keras.losses.huber,
    "binary cross-entropy": keras.losses.binary_crossentropy,
    "binary cross-entropy of logits": functools.partial(keras.losses.binary_crossentropy, from_logits=True),
    "cross-entropy": keras.losses.categorical_crossentropy,
    "cross-entropy of logits": functools.partial(keras.losses.categorical_crossentropy, from_logits=True),
}
"""Losses of labels in the shape of the predictions."""

SPARSE: dict[str, LossFunction] = {
    "cross-entropy": keras.losses.sparse_categorical_crossentropy,
    "cross-entropy of logits": functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True),
}
"""Losses of labels that are numbers of classes."""


def recognized(predicted: Any, flow: Any, labels: Iterable[Any], intended: str = "") -> tuple[str, float] | None:
    """The usual loss whose mean has these gradients by the prediction, and how many times; None if there is none.

    With `intended`, no other than the one that Keras has under this name.
    """
    user = numbers(flow).reshape(-1)
    named = _named(intended) if intended else None
    for label in labels:
        for name, function in _fitting(label, predicted) if named is None else named:
            gradient = _slope(function, _shaped(label, predicted), predicted)
            factor = _times(user, numbers(gradient).reshape(-1)) if gradient is not None else None
            if factor is not None:
                return name, factor
    return None


def _times(user: Vector, own: Vector) -> float | None:
    """How many times the gradient of a loss this is; None if it is another one, or too small to say."""
    square = float(own @ own)
    if user.size < FEWEST or not square:
        return None
    factor = float(user @ own) / square
    if not factor or distance(user, factor * own) > ALIKE:
        return None
    # That all predictions are to grow by as much as they can says nothing, if it is the other way round.
    return None if factor < 0 and float(np.ptp(own)) == 0 else factor


def _slope(function: LossFunction, label: Any, predicted: Any) -> Any:
    """The gradient of the mean of a loss; None where the values are no labels for it."""
    try:
        with tf.GradientTape() as tape:
            tape.watch(predicted)
            mean = tf.reduce_mean(function(label, predicted))
    except (tf.errors.OpError, ValueError, TypeError):
        return None
    return tape.gradient(mean, predicted)


def labels_among(values: Iterable[Any], predicted: Any) -> Iterator[Any]:
    """Those of the values that may be what a prediction is held against."""
    if not is_differentiable(predicted) or predicted.shape.rank is None or predicted.shape.rank < 1:
        return
    size, batch = int(tf.size(predicted)), int(predicted.shape[0])
    for value in values:
        known = value is not predicted and (isinstance(value, np.ndarray) or hasattr(value, "numpy"))
        if known and _is_label(np.asarray(value), size, batch):
            yield value


def _is_label(value: Any, size: int, batch: int) -> bool:
    return bool(value.ndim and len(value) == batch and value.size in (size, batch) and value.dtype.kind in "fiub")


def _fitting(label: Any, predicted: Any) -> list[tuple[str, LossFunction]]:
    count = int(np.prod(np.shape(label)))
    if count == int(tf.size(predicted)):
        return list(DENSE.items())
    is_class = np.asarray(label).dtype.kind in "iub" and predicted.shape.rank == 2
    return list(SPARSE.items()) if is_class else []


def is_loss(name: str) -> bool:
    """Whether Keras has a loss of this name."""
    try:
        return keras.losses.get(name) is not None
    except ValueError:
        return False


def _named(name: str) -> list[tuple[str, LossFunction]]:
    """A loss of Keras's, and the same of logits where there is a difference."""
    function = keras.losses.get(name)
    other = flipped(function)
    return [(name, function)] if other is None else [(name, function), (f"{name} of logits", other)]


def _shaped(label: Any, predicted: Any) -> Any:
    if int(np.prod(np.shape(label))) != int(tf.size(predicted)):
        return tf.reshape(tf.convert_to_tensor(label), (-1,))
    return tf.reshape(tf.cast(tf.convert_to_tensor(label), predicted.dtype), predicted.shape)
