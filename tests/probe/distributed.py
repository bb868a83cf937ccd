"""Training steps that a strategy distributes over two devices, each in a function that says what an audit makes of it.

They meet TensorFlow, so `test_audit.py` runs them in a process of their own; it imports this module before any other,
because the devices have to be there before anything is computed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe import StepRecord, audit_step

TWO = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], TWO)
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

EXAMPLES = 16
X = np.random.default_rng(0).normal(size=(EXAMPLES, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def global_mean(losses: Any) -> Any:
    return tf.nn.compute_average_loss(losses, global_batch_size=EXAMPLES)


def audited(
    of: Callable[[Any], Any] = global_mean, more: Sequence[Any] = (), *, compiled: bool = False, split: bool = True
) -> StepRecord:
    """The audit of a step that is distributed, and of which nothing is left behind."""
    with STRATEGY.scope():
        layers = [keras.layers.Dense(8, activation="tanh", kernel_regularizer="l2"), *more, keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input((4,)), *layers])
        optimizer = keras.optimizers.Adam(0.01)
        optimizer.build(model.trainable_variables)

    def on_a_replica(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = tf.reduce_mean(tf.square(model(x, training=True) - y), axis=1)
            loss = of(losses) + tf.nn.scale_regularization_loss(tf.add_n(model.losses))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    def step(x: Any, y: Any) -> Any:
        return STRATEGY.reduce("SUM", STRATEGY.run(on_a_replica, args=(x, y)), axis=None)

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(EXAMPLES)
    batch = next(iter(STRATEGY.experimental_distribute_dataset(data))) if split else (X, Y)
    before = [variable.numpy().copy() for variable in model.variables]
    record = audit_step(
        tf.function(step) if compiled else step, model=model, optimizer=optimizer, batch=batch, loss="mse"
    )
    assert all(np.array_equal(old, new.numpy()) for old, new in zip(before, model.variables, strict=True))
    assert record.missing_gradients == ()
    assert all(record.weights_changed.values())
    return record


def what_replicas_make_of_their_shares_is_what_fit_makes_of_the_whole() -> None:
    record = audited(compiled=True)
    assert (record.matches_fit, record.unable, record.causes) == (True, "", ())
    record.check()


def a_mean_on_each_replica_is_too_much() -> None:
    record = audited(tf.reduce_mean)
    assert record.matches_fit is False
    assert [each.causes for each in record.comparisons] == [("replicas",)]
    assert "the update is 2.0 times fit's: there are 2 replicas" in " ".join(record.causes)


def a_sum_on_each_replica_is_too_much() -> None:
    record = audited(tf.reduce_sum)
    assert record.matches_fit is False
    assert "the update is 16.0 times fit's: the loss is a sum of 16 numbers" in " ".join(record.causes)


def a_batch_that_was_not_split_is_not_compared() -> None:
    record = audited(split=False)
    assert record.matches_fit is None
    assert record.unable.endswith("give the step a batch as `strategy.experimental_distribute_dataset` does")
    record.check()


def replicas_normalize_their_own_shares() -> None:
    record = audited(more=[keras.layers.BatchNormalization()])
    assert record.matches_fit is None
    assert record.unable.startswith("a distribution strategy has each replica normalize its own share of the batch")
