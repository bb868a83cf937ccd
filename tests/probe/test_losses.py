"""What the record holds of losses, models, what was made, and what a model was asked for."""

from pathlib import Path

import pytest

from tapelint.record import Record
from tests.probe.programs import Observed, observe

PROGRAM = """\
    import keras
    import numpy as np
    import tensorflow as tf
    from keras.losses import binary_crossentropy

    x = np.random.default_rng(1).normal(size=(32, 4)).astype("float32")
    labels = np.arange(32) % 3


    class Scale(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable(2.0)  # untracked

        def call(self, x):
            return x * self.factor


    def build():
        return keras.Sequential([  # build
            keras.Input((4,)),
            Scale(),
            keras.layers.Dense(8, kernel_regularizer="l2"),
            keras.layers.Dense(3, activation="softmax"),
        ])


    model = build()
    optimizer = keras.optimizers.SGD(0.01)
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    for epoch in range(3):
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = criterion(labels, outputs, sample_weight=np.ones(32))  # object
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        model.predict(x, verbose=0)  # predict
        twin = build()
    with tf.GradientTape() as tape:
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones((4, 1)), logits=tf.fill((4, 1), 3.0))  # raw
    binary_crossentropy(model(x), tf.one_hot(labels, 3))  # function
    model.losses
    penalized = build()
    penalized.compile("sgd", loss="sparse_categorical_crossentropy")  # compile
    penalized.fit(x, labels, verbose=0)  # fit
    penalized(x)
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    seen = observe(tmp_path_factory.mktemp("losses"), PROGRAM, steps=9)
    assert seen.record.end == "finished", (seen.record.detail, seen.record.stderr)
    assert seen.record.troubles == ()
    return seen


def test_a_loss_object(seen: Observed) -> None:
    (loss,) = (loss for loss in seen.record.losses if loss.where and loss.where.line == seen.line("object"))
    assert (loss.kind, loss.from_logits, loss.reduction) == ("SparseCategoricalCrossentropy", True, "none")
    assert (loss.own, loss.fit, loss.weighted, loss.taped, loss.in_function, loss.times) == (
        True,
        None,
        True,
        True,
        False,
        3,
    )
    assert (loss.true.shape, loss.true.low, loss.true.high, loss.true.whole) == ((32,), 0, 2, True)
    assert (loss.predicted.shape, loss.predicted.whole, loss.predicted.sums) == ((32, 3), False, True)
    assert (loss.result.shape, loss.result.dtype, loss.result.finite) == ((32,), "float32", True)


def test_functions_that_compute_a_loss(seen: Observed) -> None:
    losses = {loss.kind: loss for loss in seen.record.losses}
    swapped = losses["binary_crossentropy"]
    assert swapped.where is not None
    assert swapped.where.line == seen.line("function")
    assert (swapped.from_logits, swapped.reduction, swapped.taped) == (False, None, False)
    assert (swapped.true.whole, swapped.predicted.whole) == (False, True)
    raw = losses["sigmoid_cross_entropy_with_logits"]
    assert raw.where is not None
    assert raw.where.line == seen.line("raw")
    assert (raw.from_logits, raw.taped, raw.predicted.low, raw.predicted.high) == (True, True, 3, 3)


def test_the_loss_of_a_fit(seen: Observed) -> None:
    (loss,) = (loss for loss in seen.record.losses if loss.fit is not None)
    assert loss.where is not None
    assert (loss.where.line, loss.own) == (seen.line("fit"), False)
    assert (loss.kind, loss.from_logits) == ("sparse_categorical_crossentropy", False)


def test_models(seen: Observed) -> None:
    model, penalized = seen.record.models
    assert model.where is not None
    assert model.where.line == seen.line("build")
    assert (model.kind, model.trainable, model.penalties, model.penalties_read) == ("Sequential", 4, 1, 1)
    assert model.untracked == ("scale.factor",)
    assert penalized.penalties_read > 0  # By fit.


def test_what_was_made(seen: Observed) -> None:
    made = {(entry.what, entry.kind): entry for entry in seen.record.constructions}
    assert made.keys() == {
        *(("model", "Sequential"), ("layer", "Scale"), ("layer", "Dense"), ("variable", "ResourceVariable"))
    }
    assert (made["model", "Sequential"].times, made["model", "Sequential"].steps) == (5, 3)
    variable = made["variable", "ResourceVariable"].where
    assert variable is not None
    assert variable.line == seen.line("untracked")


def test_what_a_model_was_asked_for(seen: Observed) -> None:
    calls = {call.method: call for call in seen.record.trainer_calls}
    assert calls.keys() == {"predict", "compile"}
    predicted = calls["predict"]
    assert (predicted.times, predicted.examples, predicted.steps, predicted.taped) == (3, 32, 3, False)
    assert predicted.seconds > 0
    assert predicted.where is not None
    assert predicted.where.line == seen.line("predict")


RECTIFIED = """\
    import keras
    import numpy as np

    keras.utils.set_random_seed(1)
    low = keras.initializers.Constant(-9.0)
    x = np.random.normal(size=(64, 4)).astype("float32")
    outputs = inputs = keras.Input((4,))
    outputs = keras.layers.Dense(6, activation="relu", bias_initializer=low)(outputs)  # dead
    outputs = keras.layers.ReLU()(keras.layers.Dense(5)(inputs)) + keras.layers.Dense(5)(outputs)  # alive
    outputs = keras.layers.LeakyReLU()(outputs)
    model = keras.Model(inputs, keras.layers.Dense(3)(outputs))
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, np.arange(64) // 30, batch_size=16, epochs=2, verbose=0, class_weight={0: 1.0, 1: 1.0, 2: 7.0})
"""


def test_rectified_units_labels_and_weights(tmp_path: Path) -> None:
    seen = observe(tmp_path, RECTIFIED)
    dead, alive = sorted(seen.record.activations, key=lambda each: -each.silent)
    assert (dead.kind, dead.units, dead.silent, dead.calls) == ("Dense", 6, 6, 8)
    assert (alive.kind, alive.units, alive.silent, alive.examples) == ("ReLU", 5, 0, 128)
    assert dead.where is not None
    assert alive.where is not None
    assert (dead.where.line, alive.where.line) == (seen.line("dead"), seen.line("alive"))
    (loss,) = seen.record.losses
    assert loss.labels == ((0, 60), (1, 60), (2, 8))
    assert seen.record.fits[0].weighted
    source = seen.record.gradients[0].sources[-2]
    assert (source.rank, source.size is not None and 0 < source.size <= (source.largest or 0)) == (2, True)
    pair = seen.record.applications[0].pairs[-2]
    assert pair.scale is not None
    assert 0.01 < pair.scale < 10


IN_CALL = """\
    import keras
    import tensorflow as tf


    class Block(keras.layers.Layer):
        def call(self, x):
            return keras.layers.Dense(3)(x)  # inside


    block = Block()
    variable = tf.Variable(1.0)


    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.mean_squared_error(x, block(x) * variable))  # loss
        return tape.gradient(loss, variable)


    for _ in range(3):
        step(tf.ones((2, 3)))
"""


def test_what_is_made_in_a_call(tmp_path: Path) -> None:
    seen = observe(tmp_path, IN_CALL)
    (inside,) = (entry for entry in seen.record.constructions if entry.kind == "Dense")
    assert inside.where is not None
    assert inside.where.line == seen.line("inside")
    assert (inside.in_call, inside.in_function, inside.taped, inside.times) == (True, True, True, 3)


def test_a_compiled_loss_shows_its_form(tmp_path: Path) -> None:
    record: Record = observe(tmp_path, IN_CALL.replace("block(x) * ", "x * "), graph=True).record
    (loss,) = record.losses
    assert (loss.in_function, loss.taped, loss.times) == (True, True, 1)
    assert (loss.true.shape, loss.true.low, loss.result.shape) == ((2, 3), None, (2,))
