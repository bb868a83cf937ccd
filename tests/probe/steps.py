"""Training steps that are audited, each in a function that says what has to come out.

They meet TensorFlow, so `test_audit.py` runs each in a process of its own.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe import StepRecord, UnsoundStep, audit_step

Step = Callable[..., Any]

keras.utils.set_random_seed(1)
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3).astype("float32")
LOSS = keras.losses.MeanSquaredError()


class Lesson:
    """A model with everything that a step may change, an optimizer, and steps of different soundness."""

    def __init__(self, optimizer: Any = None, model: Any = None) -> None:
        self.model = model or keras.Sequential(
            [
                keras.layers.Input((3,)),
                keras.layers.Dense(5, activation="tanh", kernel_regularizer="l2", name="hidden"),
                keras.layers.BatchNormalization(name="norm"),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(1, name="out"),
            ],
            name="net",
        )
        self.optimizer = optimizer or keras.optimizers.Adam(0.01)
        self.metric = keras.metrics.Mean()
        self.seen = tf.Variable(0)

    def gradients(self, x: Any, y: Any, *, variables: Any = None, training: bool = True) -> list[Any]:
        """What the tape gives for the loss of fit."""
        with tf.GradientTape() as tape:
            loss = tf.add_n([LOSS(y, self.model(x, training=training)), *self.model.losses])
        self.metric.update_state(loss)
        self.seen.assign_add(1)
        gradients: list[Any] = tape.gradient(loss, variables or self.model.trainable_variables)
        return gradients

    def sound(self, x: Any, y: Any) -> None:
        """What fit does."""
        self.optimizer.apply_gradients(zip(self.gradients(x, y), self.model.trainable_variables, strict=True))

    def audit(self, step: Step, batch: Any = (X, Y), loss: Any = None, steps: int = 2) -> StepRecord:
        return audit_step(step, model=self.model, optimizer=self.optimizer, batch=batch, loss=loss, steps=steps)

    def state(self) -> list[Any]:
        """All that must be the same afterwards."""
        variables = [*self.model.variables, *self.optimizer.variables, *self.metric.variables, self.seen]
        return [np.asarray(each.numpy()) for each in variables]


@contextmanager
def unsound(*words: str) -> Iterator[None]:
    """What is inside raises the explanation, with these words."""
    try:
        yield
    except UnsoundStep as error:
        assert isinstance(error, AssertionError)
        for word in words:
            assert word in str(error), str(error)
    else:
        raise AssertionError("nothing was raised")


def a_sound_step_is_sound() -> None:
    lesson = Lesson()
    record = lesson.audit(lesson.sound, loss=LOSS)
    assert record.steps == 2
    assert list(record.weights_changed) == [each.path for each in lesson.model.trainable_variables]
    # Two steps of Adam, whatever the gradients are like.
    assert all(0 < moved < 0.03 for moved in record.weights_changed.values()), record
    assert record.missing_gradients == ()
    assert record.causes == ()
    record.check()


def nothing_is_different_afterwards() -> None:
    lesson = Lesson()
    for _ in range(2):
        lesson.sound(X, Y)
    random.seed(1)
    np.random.seed(1)
    before, chance = lesson.state(), (random.getstate(), np.random.get_state())

    def step(x: Any, y: Any) -> None:
        random.random()
        np.random.rand()
        lesson.sound(x + keras.random.normal(x.shape), y)

    record = lesson.audit(tf.function(step), loss=LOSS, steps=3)
    assert any(record.weights_changed.values())
    for left, right in zip(before, lesson.state(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert chance[0] == random.getstate()
    assert str(chance[1]) == str(np.random.get_state())
    assert not tf.config.functions_run_eagerly()


def an_optimizer_without_slots_gets_empty_ones() -> None:
    lesson = Lesson()
    assert not lesson.optimizer.built
    lesson.audit(lesson.sound)
    assert int(lesson.optimizer.iterations) == 0
    assert not any(np.any(each.numpy()) for each in lesson.optimizer.variables if each.path.endswith("momentum"))
    # And it is as good as new: the next step is the first.
    lesson.sound(X, Y)
    assert int(lesson.optimizer.iterations) == 1


def a_generator_and_rows_of_a_table_are_put_back() -> None:
    table = keras.layers.Embedding(7, 4)
    model = keras.Sequential([keras.layers.Input((2,), dtype="int32"), table, keras.layers.GlobalAveragePooling1D()])
    generator = tf.random.Generator.from_seed(3)
    optimizer = keras.optimizers.SGD(0.5, momentum=0.9)
    before = table.embeddings.numpy(), generator.state.numpy()
    ids, labels = tf.constant([[0, 1], [2, 1]]), tf.ones((2, 4))

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = LOSS(y + generator.normal((2, 4)), model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    record = audit_step(tf.function(step), model=model, optimizer=optimizer, batch=(ids, labels))
    assert record.weights_changed[table.embeddings.path] > 0
    np.testing.assert_array_equal(before[0], table.embeddings.numpy())
    np.testing.assert_array_equal(before[1], generator.state.numpy())


def what_is_never_applied() -> None:
    lesson = Lesson()
    record = lesson.audit(lesson.gradients)
    assert set(record.weights_changed.values()) == {0.0}
    assert record.causes[0].startswith(
        "none of 6 variables has changed after 18 steps: gradients are computed 18 times"
    )
    with unsound("weights-unchanged: none of 6 variables has changed", "never applied"):
        record.check()


def what_has_no_gradient() -> None:
    lesson = Lesson()

    def step(*_: Any) -> None:
        variables = lesson.model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.add_n(lesson.model.losses) + 0.0 * tf.reduce_sum(variables[1])
        lesson.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    record = lesson.audit(step)
    assert record.missing_gradients == tuple(each.path for each in lesson.model.trainable_variables[2:])
    with unsound("missing-gradients: the tape gives None for 4 of 6 variables: `net/norm/gamma`"):
        record.check(allow=["update-differs-from-fit"])


def what_is_left_out() -> None:
    lesson = Lesson()
    head = lesson.model.trainable_variables[-2:]

    def step(x: Any, y: Any) -> None:
        lesson.optimizer.apply_gradients(zip(lesson.gradients(x, y, variables=head), head, strict=True))

    record = lesson.audit(step)
    assert [name for name, moved in record.weights_changed.items() if moved] == [each.path for each in head]
    with unsound("weights-unchanged: 4 of 6 variables", "for no tape is asked for them: `net/hidden/kernel`"):
        record.check()


def what_is_allowed() -> None:
    lesson = Lesson()
    record = lesson.audit(lesson.gradients)
    record.check(allow=["weights-unchanged"])
    record.check(allow="weights-unchanged")
    try:
        record.check(allow=["weight-unchanged"])
    except ValueError as error:
        assert "'weight-unchanged' cannot be allowed" in str(error)
    else:
        raise AssertionError("a misspelt name was taken")


def gradients_that_are_no_numbers() -> None:
    lesson = Lesson(keras.optimizers.SGD(0.1))

    def step(x: Any, y: Any) -> None:
        lesson.sound(x, y * np.inf)

    with unsound("non-finite-values: the gradients of 6 of 6 variables are NaN or infinite"):
        lesson.audit(step).check()


def an_optimizer_that_reckons_with_infinity() -> None:
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**127)
    lesson = Lesson(optimizer)

    def step(x: Any, y: Any) -> None:
        variables = lesson.model.trainable_variables
        with tf.GradientTape() as tape:
            loss = optimizer.scale_loss(tf.add_n([LOSS(y, lesson.model(x, training=True)), *lesson.model.losses]))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    record = lesson.audit(step, loss=LOSS)
    assert record.steps > 2
    assert record.causes == ()


def gradients_that_are_collected() -> None:
    lesson = Lesson()
    sums = [tf.Variable(tf.zeros(each.shape)) for each in lesson.model.trainable_variables]

    def step(x: Any, y: Any) -> None:
        for total, gradient in zip(sums, lesson.gradients(x, y), strict=True):
            total.assign_add(gradient / 4.0)
        if lesson.seen % 4 == 0:
            lesson.optimizer.apply_gradients(zip(sums, lesson.model.trainable_variables, strict=True))
            for total in sums:
                total.assign(tf.zeros(total.shape))

    record = lesson.audit(step)
    assert record.steps == 4
    assert record.causes == ()
    assert not any(np.any(total.numpy()) for total in sums)


def a_learning_rate_that_begins_at_zero() -> None:
    schedule = keras.optimizers.schedules.PolynomialDecay(0.0, 10, end_learning_rate=0.1)
    lesson = Lesson(keras.optimizers.SGD(schedule))
    assert lesson.audit(lesson.sound).causes == ()
    stopped = Lesson(keras.optimizers.SGD(0.0))
    assert stopped.audit(stopped.sound).causes[0].endswith("the learning rate is 0 in all of 18 updates")


def what_is_frozen_is_nobodys_mistake() -> None:
    lesson = Lesson()
    lesson.model.get_layer("hidden").trainable = False
    record = lesson.audit(lesson.sound)
    assert not any(name.startswith("net/hidden") for name in record.weights_changed)
    assert record.causes == ()


def what_thaws_on_the_way_is_counted() -> None:
    lesson = Lesson()
    lesson.optimizer.build(lesson.model.trainable_variables)
    hidden = lesson.model.get_layer("hidden")
    hidden.trainable = False

    def step(x: Any, y: Any) -> None:
        lesson.sound(x, y)
        hidden.trainable = True

    record = lesson.audit(step)
    assert record.weights_changed["net/hidden/kernel"] > 0
    assert record.causes == ()


def a_unit_that_nothing_reaches_is_nobodys_mistake() -> None:
    hidden = keras.layers.Dense(2, activation="relu", kernel_initializer="zeros", bias_initializer="zeros")
    model = keras.Sequential([keras.layers.Input((3,)), hidden, keras.layers.Dense(1)])
    lesson = Lesson(keras.optimizers.SGD(0.1), model)
    record = lesson.audit(lesson.sound)
    assert record.weights_changed[hidden.kernel.path] == 0
    assert record.causes == ()


def what_only_happens_when_it_is_traced() -> None:
    lesson = Lesson()
    calls: list[int] = []

    def step(x: Any, y: Any) -> None:
        calls.append(1)
        gradients = lesson.gradients(x, y)
        if len(calls) == 1:
            lesson.optimizer.apply_gradients(zip(gradients, lesson.model.trainable_variables, strict=True))

    with unsound("run eagerly, 2 steps change 6 of 6 variables; compiled by `tf.function`, they change none"):
        lesson.audit(tf.function(step)).check()


def what_the_step_raises_comes_through() -> None:
    lesson = Lesson()
    before = lesson.state()

    def step(x: Any, y: Any) -> None:
        lesson.sound(x, y)
        raise KeyError("a mistake of its own")

    try:
        lesson.audit(step)
    except KeyError as error:
        assert error.args == ("a mistake of its own",)
        assert "step 1 of its audit" in error.__notes__[0]
        assert "as they were before" in error.__notes__[0]
    else:
        raise AssertionError("nothing was raised")
    for left, right in zip(before, lesson.state(), strict=False):
        np.testing.assert_array_equal(left, right)


def a_loss_outside_of_the_tape_is_explained() -> None:
    lesson = Lesson()

    def step(x: Any, y: Any) -> None:
        predicted = lesson.model(x, training=True)
        with tf.GradientTape() as tape:
            loss = LOSS(y, predicted)
        variables = lesson.model.trainable_variables
        lesson.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    try:
        lesson.audit(step)
    except ValueError as error:
        assert "a tape gave None for 6 of 6 gradients" in error.__notes__[0]
    else:
        raise AssertionError("nothing was raised")


def a_model_that_is_not_built_yet() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.hidden = keras.layers.Dense(4)
            self.out = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.out(self.hidden(x))

    lesson = Lesson(model=Own())
    record = lesson.audit(lesson.sound)
    assert len(record.weights_changed) == 4
    assert record.causes == ()
    assert len(lesson.model.variables) == 4


def steps_of_every_shape() -> None:
    lesson = Lesson()
    taken: list[str] = []

    def parts(x: Any, y: Any, sample_weight: Any = None) -> None:
        taken.append("parts" if sample_weight is None else "weighted")
        lesson.sound(x, y)

    def whole(batch: Any, training: bool = True) -> None:
        taken.append("whole" if training is True else "wrong")
        lesson.sound(*batch)

    def any_number(*batch: Any) -> None:
        taken.append("any")
        lesson.sound(*batch)

    for step in (parts, whole, any_number):
        assert lesson.audit(step).causes == ()
    assert lesson.audit(parts, (X, Y, np.ones(16, "float32"))).causes == ()
    assert taken == ["parts", "parts", "whole", "whole", "any", "any", "weighted", "weighted"]
    lesson.model.compile(lesson.optimizer, LOSS)
    for step in (lesson.model.train_on_batch, lesson.model.train_step):
        assert lesson.audit(step).causes == ()


def several_inputs() -> None:
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    model = keras.Model({"left": left, "right": right}, keras.layers.Dense(1)(keras.layers.Add()([left, right])))
    lesson = Lesson(model=model)
    assert lesson.audit(lesson.sound, ({"left": X, "right": X}, Y)).causes == ()


def what_cannot_be_audited() -> None:
    lesson = Lesson()
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"step": 3}, TypeError, "`step` is called"),
        ({"model": "a model"}, TypeError, "`model` is a Keras model or layer"),
        ({"optimizer": "adam"}, TypeError, "`optimizer` is an optimizer of Keras 3"),
        ({"steps": 1}, ValueError, "`steps` is at least 2"),
        ({"loss": 3}, TypeError, "`loss` is what `compile` takes"),
    ]
    for changes, kind, words in cases:
        arguments: dict[str, Any] = {
            "step": lesson.sound,
            "model": lesson.model,
            "optimizer": lesson.optimizer,
            "batch": (X, Y),
        } | changes
        try:
            audit_step(arguments.pop("step"), **arguments)
        except kind as error:
            assert words in str(error), error
        else:
            raise AssertionError(f"{changes} was taken")
