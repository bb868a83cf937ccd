"""Steps of other shapes than the loop of the tutorials: Keras' own, two players, scaled losses, compiled functions."""

from collections import Counter

import pytest

from tests.probe.programs import Observed, observe

PROGRAM = """\
    import multiprocessing.pool

    import keras
    import numpy as np
    import tensorflow as tf

    x = np.random.normal(size=(24, 4)).astype("float32")
    y = x.sum(axis=1, keepdims=True)


    class Scale(keras.layers.Layer):
        def call(self, inputs, training=None):
            return inputs * 2.0 if training else inputs


    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.scale = Scale()
            self.drop = keras.layers.Dropout(0.0)
            self.norm = keras.layers.BatchNormalization()
            self.dense = keras.layers.Dense(1)
            self.error = keras.metrics.Mean(name="error")

        def call(self, inputs, training=None):
            return self.dense(self.norm(self.drop(self.scale(inputs)), training=training))

        def train_step(self, data):
            features, labels = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(features) - labels) ** 2)  # own forward
            gradients = tape.gradient(loss, self.trainable_variables)  # own gradient
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))  # own update
            self.error.update_state(loss)
            return {"error": self.error.result()}


    own = Own()
    own.compile(optimizer="sgd", jit_compile=True)
    own.fit(x, y, batch_size=8, epochs=2, verbose=0)  # own fit

    batchwise = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    batchwise.compile(optimizer="sgd", loss="mse")
    for start in range(0, 24, 8):
        batchwise.train_on_batch(x[start : start + 8], y[start : start + 8])  # batch
    with multiprocessing.pool.ThreadPool(2) as pool:
        print(pool.map(len, ["ab", "c"]))
    print(batchwise.predict(x, verbose=0).shape, batchwise.evaluate(x, y, verbose=0) > 0)

    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))  # scaler
    w = tf.Variable([[3.0]] * 4)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((x @ w - y) ** 2)
        scaled.apply_gradients([(tape.gradient(loss, w), w)])  # unscaled


    @tf.function
    def joined(a, factor=1.0):
        with tf.GradientTape() as first, tf.GradientTape() as second:
            one = tf.reduce_mean((a @ w) ** 2)
            two = tf.reduce_mean((a @ w) ** 3)
        down = first.gradient(one, w), second.gradient(two, w)  # joined
        ok = tf.is_tensor(a) and isinstance(factor, float)
        return {"loss": one, "count": 3, "array": np.ones(2), "none": None, "ok": ok}


    out = joined(x)
    print(type(out["count"]).__name__, type(out["array"]).__name__, out["none"], bool(out["ok"]))


    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def typed(values):
        return values * 2


    print(typed([1, 2]).dtype, typed.get_concrete_function() is not None)

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        spread = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        spread.compile(optimizer="sgd", loss="mse")
    spread.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(8), verbose=0)  # spread

    inner = keras.layers.Dense(2)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(inner(tf.ones((3, 4))))  # layer alone
    tape.gradient(total, inner.trainable_variables)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(w)
        with tf.GradientTape() as nested:
            value = tf.reduce_sum(w ** 3)
        slope = nested.gradient(value, w)  # nested
    outer.gradient(slope, w)  # outer


    class Secretive(keras.callbacks.Callback):
        @property
        def monitor(self):
            raise RuntimeError("none of your business")


    batchwise.fit(x, y, verbose=0, callbacks=[Secretive()])  # secretive
    print("end")
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("steps"), PROGRAM, steps=30)


def test_the_program_comes_to_its_last_line(steps: Observed) -> None:
    assert steps.record.end == "finished", steps.record.stderr
    assert steps.record.stdout.endswith("end\n")


def test_a_step_that_keras_calls(steps: Observed) -> None:
    calls = [call for call in steps.record.gradients if call.direct and call.fit == 1]
    assert len(calls) == 6
    assert calls[0].where is not None
    assert (calls[0].where.line, calls[0].where.function) == (steps.line("own gradient"), "Own.train_step")
    assert calls[0].where.callers[-1].line == steps.line("own fit")
    (forward,) = calls[0].calls
    assert (forward.kind, forward.training) == ("Own", "unset")
    assert [(layer.kind, layer.training) for layer in forward.sensitive] == [
        ("BatchNormalization", False),
        ("Scale", None),
    ]
    assert steps.verdict("training-flag-missing", "own forward").kind == "confirmed"
    assert steps.verdict("gradients-not-applied", "own gradient").kind == "refuted"
    assert steps.verdict("missing-tf-function", "own gradient").kind == "refuted"
    assert steps.verdict("update-variables-mismatch", "own update").kind == "refuted"


def test_steps_batch_by_batch(steps: Observed) -> None:
    line = steps.line("batch")
    assert sum(call.where is not None and call.where.line == line for call in steps.record.gradients) == 3
    (cut,) = [pipeline for pipeline in steps.record.pipelines if pipeline.kind == "array"]
    assert (cut.name, cut.examples, cut.passages[0].starts, cut.passages[0].ended) == ("x", 24, (0, 8, 16), True)
    assert steps.record.stdout.startswith("[2, 1]\n(24, 1) True\n")


def test_an_update_that_is_far_too_small(steps: Observed) -> None:
    updates = [update for update in steps.record.applications if update.kind == "LossScaleOptimizer"]
    assert len(updates) == 3
    assert [pair.matched for pair in updates[0].pairs] == ["identity"]
    made = {optimizer.kind: optimizer for optimizer in steps.record.optimizers if optimizer.own}
    assert made["LossScaleOptimizer"].applied == made["SGD"].applied == 3
    told = steps.verdict("gradients-not-applied", "unscaled")
    assert told.kind == "unable"
    assert "% of the update that was due" in told.detail


def test_a_function_gives_what_a_compiled_one_would(steps: Observed) -> None:
    assert "EagerTensor EagerTensor None True\n<dtype: 'float32'> True\n" in steps.record.stdout
    names = {function.name: function for function in steps.record.functions}
    assert (names["joined"].calls, names["joined"].signatures) == (1, 1)


def test_two_tapes_and_nested_tapes(steps: Observed) -> None:
    lines = Counter(call.where.line for call in steps.record.gradients if call.where is not None)
    assert lines[steps.line("joined")] == 2
    assert lines[steps.line("nested")] == lines[steps.line("outer")] == 1
    assert all(tape.unasked == 0 for tape in steps.record.tapes)
    line = steps.line("outer")
    (outer,) = [call for call in steps.record.gradients if call.where is not None and call.where.line == line]
    assert (outer.persistent, outer.recording, outer.in_function) == (True, False, False)


def test_a_layer_on_its_own_and_a_strategy(steps: Observed) -> None:
    alone = [call for tape in steps.record.tapes for call in tape.calls if call.kind == "Dense"]
    assert [(call.training, call.batch) for call in alone] == [("unset", 3)]
    spread = steps.record.fits[-1]
    assert (spread.steps, spread.changed, spread.trainable, spread.exception) == (3, 2, 2, None)


def test_what_the_probe_fails_to_see_does_not_disturb_the_program(steps: Observed) -> None:
    assert steps.record.troubles == (f"line {steps.line('secretive')}: RuntimeError: none of your business",)
    assert len(steps.record.fits) == 2


def test_nothing_is_discovered_in_what_trains(steps: Observed) -> None:
    assert steps.discovered() == []


COMPILED = """\
    import tensorflow as tf

    w = tf.Variable([1.0, 2.0])
    optimizer = tf.keras.optimizers.SGD(0.1)


    @tf.function
    def step(x, epoch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(w * x)
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        return loss


    for epoch in range(100):
        for _ in range(2):
            step(tf.ones(2), epoch)
"""


def test_a_graph_shows_traces_instead_of_values(tmp_path_factory: pytest.TempPathFactory) -> None:
    seen = observe(tmp_path_factory.mktemp("graph"), COMPILED, graph=True)
    assert (seen.record.end, seen.record.graph) == ("stopped", True)
    (function,) = seen.record.functions
    assert (function.name, function.calls, function.signatures, function.traces) == ("step", 4, 2, 2)
    assert all(call.symbolic for call in seen.record.gradients)
    assert {source.gradient for call in seen.record.gradients for source in call.sources} == {"unknown"}
