"""Steps that are meant as they are, though they look odd beside those of `fit`; and what is left out, or not yet."""

from pathlib import Path

import pytest

from tests.probe.programs import observe
from tests.probe.test_comparisons import BEGINNING, expected, said

SHARED = """

def small():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    return model, model.trainable_variables, keras.optimizers.Adam(0.01)


def asked(model, variables, inputs, labels):
    with tf.GradientTape() as tape:
        loss = loss_fn(labels, model(inputs, training=True))
    return tape.gradient(loss, variables)
"""

ODD = """

def worker():
    (whole, variables, optimizer), (local, _, _) = small(), small()
    for inputs, labels in batches():
        gradients = asked(local, local.trainable_variables, inputs, labels)
        optimizer.apply(gradients, variables)  # unable
        local.set_weights(whole.get_weights())


def pupils():
    whole, variables, optimizer = small()
    for inputs, labels in batches():
        pupil = keras.models.clone_model(whole)
        pupil.set_weights(whole.get_weights())
        optimizer.apply(asked(pupil, pupil.trainable_variables, inputs, labels), variables)  # unable


def wrong_model():
    (other, variables, optimizer), (model, _, _) = small(), small()
    for inputs, labels in batches():
        gradients = asked(model, model.trainable_variables, inputs, labels)
        optimizer.apply(gradients, variables)  # permuted-pairs, left-out


def wrong_twin():
    (first, variables, optimizer), (second, others, _) = small(), small()
    for inputs, labels in batches():
        gradients, unused = asked(first, variables, inputs, labels), asked(second, others, inputs, labels)
        optimizer.apply([*gradients, *gradients], [*variables, *others])  # permuted-pairs


def at_two_points():
    model, variables, optimizer = subclassed()
    for inputs, labels in batches():
        gradients = asked(model, variables, inputs, labels)
        variables[0].assign_add(0.01 * gradients[0])
        others = asked(model, variables, inputs, labels)
        variables[0].assign_sub(0.01 * gradients[0])
        optimizer.apply([a + b for a, b in zip(gradients, others)], variables)  # matches


worker()
pupils()
wrong_model()
wrong_twin()
at_two_points()
"""

WEIGHTS = """

def divided_by_hand():
    model, variables, optimizer = stacked()
    for count in (16, 16, 4):
        target = x[:count, :1]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(model(x[:count], training=True) - target)) + count * sum(model.losses)
        optimizer.apply([each / count for each in tape.gradient(loss, variables)], variables)  # matches


def scaled_by_hand():
    model, variables, optimizer = small()
    for inputs, _ in batches():
        with tf.GradientTape() as tape:
            loss = 4096.0 * tf.reduce_mean(tf.abs(model(inputs, training=True)) ** 1.5)
        optimizer.apply([each / 4096.0 for each in tape.gradient(loss, variables)], variables)  # matches


def scaled_without_a_reason():
    model, variables, optimizer = small()
    for inputs, _ in batches():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(model(inputs, training=True)) ** 1.5)
        optimizer.apply([each * 0.03 for each in tape.gradient(loss, variables)], variables)  # scaled-gradients


def weighted_vectors():
    model, variables, optimizer = small()
    square = keras.losses.MeanSquaredError(reduction="none")
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            out = model(inputs, training=True)
            losses = 0.3 * square(inputs[:, :2], out) + 0.7 * square(inputs[:, 2:4], out)
        optimizer.apply(tape.gradient(losses, variables), variables)  # sum-over-batch


def several_targets():
    model, variables, optimizer = small()
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            out = model(inputs, training=True)
            losses = [loss_fn(labels, out), keras.losses.MeanSquaredError()(inputs[:, :2], out)]
        optimizer.apply(tape.gradient(losses, variables), variables)  # matches


def a_weight_of_a_vector():
    model, variables, optimizer = small()
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            out = model(inputs, training=True)
            losses = 2.0 * tf.nn.sparse_softmax_cross_entropy_with_logits(labels, out) / len(inputs)
        optimizer.apply(tape.gradient(losses, variables), variables)  # matches


def sum_and_division(divisor):
    model, variables, optimizer = small()
    summed = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    for inputs, labels in batches():
        with tf.GradientTape() as tape:
            loss = summed(labels, model(inputs, training=True)) / divisor
        yield model, optimizer, tape.gradient(loss, variables)


def sum_divided_by_the_batch():
    for model, optimizer, gradients in sum_and_division(16):
        optimizer.apply(gradients, model.trainable_variables)  # matches


def sum_divided_twice():
    for model, optimizer, gradients in sum_and_division(256):
        optimizer.apply(gradients, model.trainable_variables)  # mean-twice


def sum_of_many_places():
    model = keras.Sequential([keras.Input((8, 8)), keras.layers.Dense(3)])
    optimizer, variables = keras.optimizers.SGD(0.01), model.trainable_variables
    summed = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    for inputs, labels in batches():
        places, classes = tf.stack([inputs] * 8, axis=1), tf.stack([labels] * 8, axis=1)
        with tf.GradientTape() as tape:
            loss = summed(classes, model(places, training=True)) / 16
        optimizer.apply(tape.gradient(loss, variables), variables)  # sum-over-batch


def of_few_numbers():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    optimizer, variables = keras.optimizers.Adam(0.01), model.trainable_variables
    for start in range(0, 32, 16):
        total = [tf.zeros_like(each) for each in variables]
        for row in range(start, start + 16, 8):
            with tf.GradientTape() as tape:
                out = model(x[row : row + 8, 1:4], training=True)
                loss = keras.losses.MeanSquaredError()(x[row : row + 8, :1], out)
            total = [before + each / 2 for before, each in zip(total, tape.gradient(loss, variables))]
        optimizer.apply(total, variables)  # matches


divided_by_hand()
scaled_by_hand()
scaled_without_a_reason()
weighted_vectors()
several_targets()
a_weight_of_a_vector()
sum_divided_by_the_batch()
sum_divided_twice()
sum_of_many_places()
of_few_numbers()
"""

ENCODED = """

encoder = keras.Sequential([keras.Input((8,)), keras.layers.Dense(6, "relu")])
decoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8)])
idle = {idle}
optimizer = keras.optimizers.Adam(0.01)
variables = decoder.trainable_variables
for inputs, _ in [*batches()] * 20:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(inputs, training={training}), training=True) - inputs))
    optimizer.apply(tape.gradient(loss, variables), variables)  # {told}
"""

EPISODES = """

model, variables, optimizer = subclassed()
for inputs, labels in batches():
    total = [tf.zeros_like(each) for each in variables]
    for number in range(48):
        with tf.GradientTape() as tape:
            loss = loss_fn(labels[number % 16][None], model(inputs[number % 16][None], training=True))
        total = [before + (1 + number) * each for before, each in zip(total, tape.gradient(loss, variables))]
    optimizer.apply(total, variables)  # unable
"""


@pytest.mark.parametrize("steps", [pytest.param(ODD, id="places"), pytest.param(WEIGHTS, id="weights")])
def test_what_is_meant_as_it_is(steps: str, tmp_path: Path) -> None:
    observed = observe(tmp_path, BEGINNING + SHARED + steps, steps=60)
    assert observed.record.troubles == ()
    assert sorted(map(said, observed.record.comparisons)) == expected(observed), observed.record.detail


def test_a_model_before_the_trained_one_is_left_out_unless_something_else_may_train_it(tmp_path: Path) -> None:
    for training, idle, told in (
        (True, "None", "left-out"),
        (False, "None", "matches"),
        (True, "keras.optimizers.Adam(0.01)", "matches"),
    ):
        observed = observe(tmp_path, BEGINNING + ENCODED.format(training=training, idle=idle, told=told))
        assert observed.record.end == "stopped"
        assert list(map(said, observed.record.comparisons)) == expected(observed)


def test_gradients_of_more_tapes_than_are_followed(tmp_path: Path) -> None:
    observed = observe(tmp_path, BEGINNING + EPISODES)
    (comparison,) = observed.record.comparisons
    assert [said(comparison)] == expected(observed)
    assert comparison.message == "there are more than 40 tapes before the first update"
