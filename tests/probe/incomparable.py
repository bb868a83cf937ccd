"""Training steps that nothing can be said of beside `fit`, each in a function that says why not.

They meet TensorFlow, so `test_audit.py` runs them in a process of their own.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe import audit_step
from tests.probe.comparisons import LABELS, MSE, X, Y, audited, net


def chance_of_ones_own_cannot_be_compared() -> None:
    noisy = audited(net(), of=lambda y, p: MSE(y + tf.random.normal(y.shape), p))
    assert noisy.matches_fit is None
    assert noisy.unable == "the step draws random numbers of its own: run once more, it has other gradients"
    noisy.check()
    augmented = keras.layers.GaussianNoise(0.5)
    assert audited(net(), of=lambda y, p: MSE(augmented(y, training=True), p)).matches_fit is None


def what_cannot_be_compared() -> None:
    model, optimizer = net(), keras.optimizers.SGD(0.1)

    def by_hand(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            value = MSE(y, model(x, training=True))
        for variable, gradient in zip(
            model.trainable_variables, tape.gradient(value, model.trainable_variables), strict=True
        ):
            variable.assign_sub(0.1 * gradient)

    record = audit_step(by_hand, model=model, optimizer=optimizer, batch=(X, Y), loss=MSE)
    assert record.matches_fit is None
    assert record.unable == "no optimizer of Keras made an update of the model's variables"
    assert record.causes == ()
    assert (
        audit_step(by_hand, model=model, optimizer=optimizer, batch=(X, Y)).unable
        == "no loss was given to compare with"
    )


def a_loss_that_does_not_fit_the_batch_compares_nothing() -> None:
    pairs = np.stack([LABELS, LABELS], axis=1)
    loss = keras.losses.SparseCategoricalCrossentropy()
    record = audited(net(), loss=loss, of=lambda y, p: MSE(tf.cast(y[:, :1], "float32"), p), batch=(X, pairs))
    assert record.matches_fit is None, record.causes
    assert "the model and the loss cannot be called with the batch as `fit` does: ValueError" in record.unable


def half_precision_says_nothing_that_it_cannot_know() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    model = net()
    keras.config.set_dtype_policy("float32")
    record = audited(model, of=lambda y, p: tf.reduce_mean(tf.abs(y - tf.cast(p, "float32")) ** 3))
    assert record.matches_fit is None
    assert "half precision" in record.unable


def a_step_that_fails_when_it_is_run_again() -> None:
    runs: list[int] = []

    def loss(true: Any, predicted: Any) -> Any:
        runs.append(1)
        if len(runs) % 2 == 0:
            raise RuntimeError("once is enough")
        return tf.reduce_mean(tf.abs(true - predicted) ** 3)

    record = audited(net(), of=loss)
    assert runs == [1, 1, 1, 1]
    assert record.matches_fit is None
    assert record.unable == "the comparison failed: RuntimeError: once is enough"
