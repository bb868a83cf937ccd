"""Training steps held against those of `fit`, each in a function that says what has to come out.

They meet TensorFlow, so `test_audit.py` runs each in a process of its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe import StepRecord, UnsoundStep, audit_step

B = 16
RANDOM = np.random.default_rng(0)
keras.utils.set_random_seed(1)
X = RANDOM.normal(size=(B, 4)).astype("float32")
Y = (X @ RANDOM.normal(size=(4, 1)) + 0.3).astype("float32")
LABELS = RANDOM.integers(0, 3, size=(B,))
MSE = keras.losses.MeanSquaredError()

Change = Callable[[list[Any]], list[Any]]


def net(*, random: bool = False, penalty: bool = False, outputs: int = 1) -> Any:
    """A model with the layers that act differently in training, or without them."""
    sensitive = [keras.layers.BatchNormalization(name="norm"), keras.layers.Dropout(0.3)] if random else []
    regularizer = keras.regularizers.L2(0.1) if penalty else None
    return keras.Sequential(
        [
            keras.layers.Input((4,)),
            keras.layers.Dense(6, activation="tanh", kernel_regularizer=regularizer, name="hidden"),
            *sensitive,
            keras.layers.Dense(outputs, name="out"),
        ],
        name="net",
    )


def audited(
    model: Any,
    optimizer: Any = None,
    *,
    loss: Any = MSE,
    of: Callable[[Any, Any], Any] | None = None,
    training: bool = True,
    penalties: float = 1.0,
    change: Change = list,
    batch: Any = (X, Y),
) -> StepRecord:
    """The record of a step that computes the loss `of` its own and applies gradients after a `change`."""
    optimizer = optimizer or keras.optimizers.Adam()

    def step(x: Any, y: Any, *_: Any) -> None:
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = (of or loss)(y, model(x, training=training))
            if model.losses and penalties:
                value += penalties * tf.add_n(model.losses)
        gradients = change(tape.gradient(value, variables))
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    return audit_step(step, model=model, optimizer=optimizer, batch=batch, loss=loss)


def names(record: StepRecord) -> set[str]:
    """The causes, as the Record of the probe names them."""
    return {name for comparison in record.comparisons for name in comparison.causes}


@contextmanager
def differing(words: str) -> Iterator[None]:
    """What is inside raises an explanation with these words."""
    try:
        yield
    except UnsoundStep as error:
        assert "update-differs-from-fit" in str(error) and f": {words}" in str(error), str(error)
    else:
        raise AssertionError("nothing was raised")


def what_matches(record: StepRecord) -> None:
    assert record.matches_fit is True, (record.causes, record.unable)
    assert record.causes == ()
    assert record.unable == ""
    record.check()


def steps_of_fit_match() -> None:
    optimizers = (
        keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=0.1),
        keras.optimizers.RMSprop(),
        keras.optimizers.AdamW(use_ema=True),
        keras.optimizers.Adam(gradient_accumulation_steps=2),
    )
    for optimizer in optimizers:
        what_matches(audited(net(random=True, penalty=True), optimizer))


def losses_of_every_kind_match() -> None:
    def own(true: Any, predicted: Any) -> Any:
        return tf.reduce_mean(tf.abs(true - predicted) ** 1.5, axis=-1)

    what_matches(audited(net(random=True), loss=own, of=lambda y, p: tf.reduce_mean(own(y, p))))
    what_matches(audited(net(), loss="mse", of=MSE))
    elementwise = keras.losses.MeanSquaredError(reduction=None)
    what_matches(audited(net(), loss=elementwise, of=lambda y, p: tf.reduce_mean(elementwise(y, p))))
    classes = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    what_matches(audited(net(random=True, outputs=3), loss=classes, batch=(X, LABELS)))
    weights = RANDOM.uniform(size=(B,)).astype("float32")
    what_matches(audited(net(), of=lambda y, p: MSE(y, p, sample_weight=weights), batch=(X, Y, weights)))


def models_of_every_kind_match() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.Dense(5, "relu")
            self.chance = keras.layers.GaussianNoise(0.1)
            self.last = keras.layers.Dense(1)

        def call(self, x: Any, training: bool = False) -> Any:
            self.add_loss(1e-3 * tf.reduce_sum(self.first(x)))
            return self.last(self.chance(self.first(x), training=training))

    what_matches(audited(Own()))
    words = tf.constant(RANDOM.integers(0, 9, size=(B, 5)))
    sequence = keras.Sequential([keras.layers.Embedding(9, 4), keras.layers.GRU(3, dropout=0.2), keras.layers.Dense(1)])
    what_matches(audited(sequence, batch=(words, Y)))
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    joined = keras.layers.Dropout(0.2)(keras.layers.Concatenate()([left, right]))
    several = keras.Model({"left": left, "right": right}, keras.layers.Dense(1)(joined))
    what_matches(audited(several, batch=({"left": X, "right": X[::-1].copy()}, Y)))


def several_outputs_match() -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, {"a": keras.layers.Dense(1)(inputs), "b": keras.layers.Dense(1)(inputs)})
    losses = {"a": "mse", "b": "mae"}
    mae = keras.losses.MeanAbsoluteError()
    batch = (X, {"a": Y, "b": -Y})
    what_matches(audited(model, loss=losses, of=lambda y, p: MSE(y["a"], p["a"]) + mae(y["b"], p["b"]), batch=batch))


def a_train_step_of_keras_matches() -> None:
    model = net(random=True, penalty=True)
    model.compile(keras.optimizers.Adam(), MSE)
    for step in (model.train_step, model.train_on_batch):
        what_matches(audit_step(step, model=model, optimizer=model.optimizer, batch=(X, Y), loss=MSE))


def a_scaled_loss_matches() -> None:
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=1024.0)
    model = net(penalty=True)

    def step(x: Any, y: Any, scaled: Any = None) -> None:
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = MSE(y, model(x, training=True)) + tf.add_n(model.losses)
            value = value if scaled is False else optimizer.scale_loss(value)
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    model.optimizer = optimizer
    batch = (X, Y)
    optimizer.build(model.trainable_variables)
    what_matches(audit_step(step, model=model, optimizer=optimizer, batch=batch, loss=MSE))
    record = audit_step(lambda x, y: step(x, y, False), model=model, optimizer=optimizer, batch=batch, loss=MSE)
    assert names(record) == {"unscaled"}
    with differing("the update is 1/1024 of fit's"):
        record.check()


def gradients_collected_over_steps_match() -> None:
    model, optimizer, count = net(), keras.optimizers.Adam(), tf.Variable(0)
    sums = [tf.Variable(tf.zeros(each.shape)) for each in model.trainable_variables]

    def step(x: Any, y: Any) -> None:
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = MSE(y, model(x, training=True)) / 3.0
        for total, gradient in zip(sums, tape.gradient(value, variables), strict=True):
            total.assign_add(gradient)
        if count.assign_add(1) % 3 == 0:
            optimizer.apply_gradients([(total + 0.0, each) for total, each in zip(sums, variables, strict=True)])
            for total in sums:
                total.assign(tf.zeros(total.shape))

    what_matches(audit_step(step, model=model, optimizer=optimizer, batch=(X, Y), loss=MSE, steps=6))


def a_loss_that_is_a_vector() -> None:
    record = audited(net(random=True), of=keras.losses.MeanSquaredError(reduction=None))
    assert record.matches_fit is False
    assert names(record) == {"sum-over-batch"}
    with differing("the update is 16.0 times fit's: the loss is a vector of 16, summed by the tape; Adam hides it"):
        record.check()
    record.check(allow=["update-differs-from-fit"])


def a_mean_that_is_divided_once_more() -> None:
    record = audited(net(), keras.optimizers.SGD(0.1), change=lambda gradients: [each / B for each in gradients])
    assert names(record) == {"mean-twice"}
    # Two mistakes that make up for each other are none.
    what_matches(
        audited(net(), of=lambda y, p: B * MSE(y, p), change=lambda gradients: [each / B for each in gradients])
    )


def a_step_up_the_loss() -> None:
    assert names(audited(net(), of=lambda y, p: -MSE(y, p))) == {"ascent"}


def a_model_in_the_mode_of_inference() -> None:
    assert "inference-mode" in names(audited(net(random=True), training=False))
    what_matches(audited(net(), training=False))


def penalties_that_are_left_out() -> None:
    record = audited(net(penalty=True), penalties=0.0)
    assert names(record) == {"missing-penalties"}
    record.check(allow=["missing-penalties"])
    with differing("the penalties of `model.losses`"):
        record.check(allow=["doubled-penalties"])
    assert names(audited(net(penalty=True), penalties=2.0)) == {"doubled-penalties"}


def logits_taken_for_probabilities() -> None:
    right = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wrong = keras.losses.SparseCategoricalCrossentropy()
    assert names(audited(net(outputs=3), loss=right, of=wrong, batch=(X, LABELS))) == {"logits-flipped"}


def labels_against_all_predictions() -> None:
    def crossed(true: Any, predicted: Any) -> Any:
        return tf.reduce_mean((tf.reshape(true, (-1,)) - predicted) ** 2)

    assert names(audited(net(), of=crossed)) == {"broadcast-labels"}


def several_mistakes_at_once() -> None:
    record = audited(
        net(random=True, penalty=True),
        of=keras.losses.MeanSquaredError(reduction="sum"),
        training=False,
        penalties=0.0,
    )
    assert names(record) >= {"sum-over-batch", "inference-mode", "missing-penalties"}


def gradients_that_go_elsewhere() -> None:
    square = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(4, "tanh")])
    target = np.tile(Y, (1, 4))
    swapped = audited(square, batch=(X, target), change=lambda each: [each[2], each[1], each[0], each[3]])
    assert names(swapped) == {"permuted-pairs"}


def an_optimizer_for_every_step() -> None:
    model = net()

    def step(x: Any, y: Any) -> None:
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = MSE(y, model(x, training=True))
        keras.optimizers.Adam().apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    record = audit_step(step, model=model, optimizer=keras.optimizers.Adam(), batch=(X, Y), loss=MSE)
    assert names(record) == {"optimizer-per-step"}


def the_same_gradients_twice() -> None:
    model, optimizer = net(), keras.optimizers.Adam()

    def step(x: Any, y: Any) -> None:
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = MSE(y, model(x, training=True))
        gradients = tape.gradient(value, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    assert names(audit_step(step, model=model, optimizer=optimizer, batch=(X, Y), loss=MSE)) == {"double-application"}


def a_clip_is_a_fact_and_no_mistake() -> None:
    record = audited(net(), change=lambda gradients: tf.clip_by_global_norm(gradients, 0.05)[0])
    assert record.matches_fit is False
    assert names(record) == {"clipped"}
    assert "0.05" in record.causes[0]
    record.check()


def another_loss_is_another_loss() -> None:
    record = audited(net(), of=lambda y, p: tf.reduce_mean(tf.abs(y - p) ** 3))
    assert record.matches_fit is False
    assert "no known reason explains it: their cosine is" in record.causes[0]
    with differing("the gradients are not those of `fit`"):
        record.check()


def parts_of_the_batch_that_are_added_up() -> None:
    model, optimizer = net(penalty=True), keras.optimizers.Adam()

    def step(x: Any, y: Any) -> None:
        variables = model.trainable_variables
        sums = [tf.zeros(each.shape) for each in variables]
        for part in range(0, B, 4):
            rows = slice(part, part + 4)
            with tf.GradientTape() as tape:
                value = MSE(y[rows], model(x[rows], training=True)) + tf.add_n(model.losses)
            sums = [total + each / 4.0 for total, each in zip(sums, tape.gradient(value, variables), strict=True)]
        optimizer.apply_gradients(zip(sums, variables, strict=True))

    what_matches(audit_step(step, model=model, optimizer=optimizer, batch=(X, Y), loss=MSE))


def a_weight_of_ones_own_is_a_fact_and_no_mistake() -> None:
    record = audited(net(), of=lambda y, p: 0.3 * MSE(y, p))
    assert record.matches_fit is False
    assert record.causes == ("the update is 0.3 times that of `fit`",)
    record.check()


def a_step_that_prepares_its_inputs_matches() -> None:
    model, optimizer = net(random=True), keras.optimizers.Adam()

    def step(x: Any, y: Any) -> None:
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = MSE(y, model(tf.cast(x, "float32") / 255.0, training=True))
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    images = RANDOM.integers(0, 255, size=(B, 4)).astype("uint8")
    what_matches(audit_step(step, model=model, optimizer=optimizer, batch=(images, Y), loss=MSE))

    def of_words(x: Any, y: Any) -> None:
        step(tf.strings.to_number(x), y)

    what_matches(audit_step(of_words, model=model, optimizer=optimizer, batch=(images.astype(str), Y), loss=MSE))


def several_updates_in_one_step() -> None:
    model, optimizer = net(), keras.optimizers.SGD(0.1)

    def step(x: Any, y: Any) -> None:
        for _ in range(3):
            variables = model.trainable_variables
            with tf.GradientTape() as tape:
                value = MSE(y, model(x, training=True))
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    what_matches(audit_step(step, model=model, optimizer=optimizer, batch=(X, Y), loss=MSE))


def a_model_of_a_few_numbers() -> None:
    tiny = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    assert names(audited(tiny, keras.optimizers.SGD(0.1), of=keras.losses.MeanSquaredError(reduction="sum"))) == {
        "sum-over-batch"
    }
