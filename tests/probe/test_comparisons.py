"""Steps of many kinds, correct and broken, each with what the comparison with `fit` has to say of it."""

from pathlib import Path

import pytest

from tapelint.record import Comparison
from tests.probe.programs import Observed, observe

BEGINNING = """
import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(1)
x = np.random.normal(size=(48, 8)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int64")
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Noise(keras.layers.Layer):
    def call(self, inputs, training=None):
        return inputs + 0.1 * tf.random.normal(tf.shape(inputs)) if training else inputs


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(12, "relu")
        self.norm = keras.layers.BatchNormalization()
        self.drop = keras.layers.Dropout(0.3)
        self.out = keras.layers.Dense(2)
        self.calls = 0

    def call(self, inputs, training=None):
        self.calls += 1
        return self.out(self.drop(self.norm(self.hidden(inputs), training=training), training=training))


def batches():
    for start in (0, 16, 32):
        yield x[start : start + 16], y[start : start + 16]


def subclassed():
    model = Net()
    model(x[:2])
    return model, model.trainable_variables, keras.optimizers.SGD(0.01)


def stacked(end="linear"):
    layers = [keras.layers.Dense(12, "relu", kernel_regularizer="l2"), keras.layers.Dense(1, end)]
    model = keras.Sequential([keras.Input((8,)), *layers])
    return model, model.trainable_variables, keras.optimizers.Adam(0.01)
"""

GRADIENTS = """

def as_fit():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            loss = loss_fn(labels, model(inputs, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))  # matches
    print("calls", model.calls)


def chance_of_its_own():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8, "relu"), Noise(), keras.layers.Dense(2)])
    optimizer, variables = keras.optimizers.SGD(0.01), model.trainable_variables
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            loss = 0.5 * loss_fn(labels, model(inputs, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))  # matches


def in_inference():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(inputs))
        gradients = tape.gradient(losses, variables)
        optimizer.apply_gradients(zip(gradients, variables))  # inference-mode, statistics-frozen, sum-over-batch


def own_loss():
    model, variables, optimizer = stacked()
    for inputs, labels in batches():
        target = tf.cast(labels, "float32")[:, None]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(target - model(inputs, training=True))) + sum(model.losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))  # sum-over-batch


def broadcast():
    model, variables, optimizer = stacked()
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.cast(labels, "float32") - model(inputs, training=True)))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))  # broadcast-labels, missing-penalties


def swapped():
    model, variables, optimizer = stacked("sigmoid")
    cross_entropy = keras.losses.BinaryCrossentropy()
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            data_loss = cross_entropy(model(inputs, training=True), tf.cast(labels, "float32")[:, None])
            loss = data_loss + 2 * sum(model.losses)
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))  # swapped-arguments, doubled-penalties


def logits():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            loss = keras.losses.SparseCategoricalCrossentropy()(labels, model(inputs, training=True))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))  # logits-flipped


class Trained(Net):
    def train_step(self, data):
        inputs, labels = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=inputs, y=labels, y_pred=self(inputs, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))  # matches
        return {"loss": loss}


as_fit()
chance_of_its_own()
in_inference()
own_loss()
broadcast()
swapped()
logits()
trained = Trained()
trained.compile("adam", loss_fn)
trained.fit(x, y, batch_size=16, epochs=1, verbose=0)
"""

UPDATES = """

def followed(model, variables, inputs, labels):
    with tf.GradientTape() as tape:
        loss = loss_fn(labels, model(inputs, training=True))
    return tape.gradient(loss, variables)


def clipped():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        gradients, _ = tf.clip_by_global_norm(followed(model, variables, inputs, labels), 0.1)
        optimizer.apply(gradients, variables)  # clipped
    print("calls", model.calls)


def collected():
    model, variables, optimizer = subclassed()
    total, seen = [tf.zeros_like(each) for each in variables], 0
    for inputs, labels in (*batches(), *batches()):
        gradients = followed(model, variables, inputs, labels)
        total = [before + each / 2 for before, each in zip(total, gradients)]
        seen += 1
        if seen % 2:
            continue
        optimizer.apply(total, variables)  # matches
        total = [tf.zeros_like(each) for each in variables]


def never_zeroed():
    model, variables, optimizer = subclassed()
    total = [tf.zeros_like(each) for each in variables]
    for inputs, labels in batches():
        total = [before + each for before, each in zip(total, followed(model, variables, inputs, labels))]
        optimizer.apply(total, variables)  # accumulator-not-zeroed


def permuted():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        first, second, *others = followed(model, variables, inputs, labels)
        optimizer.apply([first, others[0], second, *others[1:]], variables)  # permuted-pairs


def optimizer_in_the_step():
    model, variables, _ = subclassed()
    for inputs, labels in batches():
        optimizer = keras.optimizers.Adam(0.01)
        optimizer.apply(followed(model, variables, inputs, labels), variables)  # optimizer-per-step


def twice():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        gradients = followed(model, variables, inputs, labels)
        for _ in range(2):
            optimizer.apply(gradients, variables)  # double-application


def scaled():
    model, variables, optimizer = subclassed()
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            loss = optimizer.scale_loss(loss_fn(labels, model(inputs, training=True)))
        optimizer.apply(tape.gradient(loss, variables), variables)  # matches


def unscaled():
    model, variables, optimizer = subclassed()
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    for inputs, labels in batches():
        optimizer.apply(followed(model, variables, inputs, labels), variables)  # unscaled


def partly():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        optimizer.apply(followed(model, variables[2:], inputs, labels), variables[2:])  # left-out


def from_nowhere():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        optimizer.apply([tf.ones_like(each) for each in variables], variables)  # unable


clipped()
collected()
never_zeroed()
permuted()
optimizer_in_the_step()
twice()
scaled()
unscaled()
partly()
from_nowhere()
"""


def expected(observed: Observed) -> list[tuple[int, str]]:
    """What the comments beside the updates demand."""
    calls = [(number, line) for number, line in enumerate(observed.lines, start=1) if ".apply" in line]
    return [(number, line.partition("  # ")[2]) for number, line in calls if "  # " in line]


def said(comparison: Comparison) -> tuple[int, str]:
    assert comparison.where is not None
    return comparison.where.line, ", ".join(comparison.causes) or comparison.verdict


@pytest.mark.parametrize("steps", [pytest.param(GRADIENTS, id="gradients"), pytest.param(UPDATES, id="updates")])
def test_each_step_is_told_for_what_it_is(steps: str, tmp_path: Path) -> None:
    observed = observe(tmp_path, BEGINNING + steps, steps=60)
    assert observed.record.troubles == ()
    assert observed.record.stdout == "calls 5\n"  # As many as without the probe: Keras builds with one.
    assert sorted(map(said, observed.record.comparisons)) == expected(observed), observed.record.detail


OWN_LOSS = """

def poisson():
    model, variables, optimizer = stacked("softplus")
    for inputs, labels in batches():
        target = tf.cast(labels, "float32")[:, None]
        with tf.GradientTape() as tape:
            out = model(inputs, training=True)
            loss = tf.reduce_sum(out - target * tf.math.log(out + 1e-7)) + sum(model.losses)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))


poisson()
"""


@pytest.mark.parametrize(
    ("loss", "verdict", "message"),
    [
        ("", "matches", "taken as it is written, unless `--loss` names another"),
        ("poisson", "differs", "the update is 16.0 times fit's: the loss is a sum of 16 numbers; Adam hides it"),
        ("mse", "unable", "the loss is not `mse` of anything that the step has at hand"),
        ("nonsense", "unable", "Keras has no loss that is called `nonsense`"),
    ],
)
def test_a_loss_of_ones_own_can_be_named(loss: str, verdict: str, message: str, tmp_path: Path) -> None:
    (comparison,) = observe(tmp_path, BEGINNING + OWN_LOSS, loss=loss).record.comparisons
    assert comparison.verdict == verdict
    assert comparison.message.endswith(message)
