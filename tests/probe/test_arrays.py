"""What is seen of loops that cut their batches out of arrays."""

from pathlib import Path

import pytest

from tests.probe.programs import Observed, observe

PROGRAM = """\
    import numpy as np
    import tensorflow as tf

    images = np.random.normal(size=(50, 6)).astype("float64")
    labels = images.sum(axis=1, keepdims=True)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    optimizer = tf.keras.optimizers.SGD(0.01)
    total = tf.keras.metrics.Mean(name="total")


    def train(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(tf.cast(x, tf.float32)) - y) ** 2)  # forward
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        total.update_state(loss)


    for epoch in range(9):
        for start in range(0, 48, 16):
            train(images[start : start + 16], labels[start : start + 16])  # call
        print(epoch, total.result().numpy())  # read
"""


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("arrays"), PROGRAM)


def test_the_array_and_its_rows_are_found(arrays: Observed) -> None:
    (pipeline,) = arrays.record.pipelines
    assert (pipeline.kind, pipeline.name, pipeline.examples) == ("array", "images", 50)
    first, second = pipeline.passages[:2]
    assert first.starts == second.starts == (0, 16, 32)
    assert first.sizes == (16, 16, 16)
    assert first.ended and first.trained


def test_it_is_stopped_when_the_third_epoch_begins(arrays: Observed) -> None:
    assert (arrays.record.end, arrays.record.updates) == ("stopped", 6)


@pytest.mark.parametrize(
    ("rule", "kind", "words"),
    [
        ("unshuffled-training-data", "confirmed", "two epochs begin with the same 3 batches"),
        ("remainder-dropped", "confirmed", "an epoch shows 48 of 50 examples"),
        ("undersized-final-batch", "refuted", "all 3 batches of an epoch have 16 examples"),
    ],
)
@pytest.mark.parametrize("mark", ["forward", "call"])
def test_what_it_says_of_findings(arrays: Observed, rule: str, kind: str, words: str, mark: str) -> None:
    verdict = arrays.verdict(rule, mark)
    assert verdict.kind == kind, verdict
    assert words in verdict.detail


def test_a_run_goes_on_while_gradients_are_collected(tmp_path: Path) -> None:
    seen = observe(
        tmp_path,
        """\
        import tensorflow as tf

        w = tf.Variable([1.0, 2.0])
        optimizer = tf.keras.optimizers.SGD(0.1)
        for episode in range(20):
            collected = []
            for _ in range(50):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(w ** 2)
                collected.append(tape.gradient(loss, w))
            optimizer.apply_gradients([(sum(collected), w)])
        """,
    )
    assert (seen.record.end, seen.record.updates) == ("stopped", 4)
    assert any(call.held for call in seen.record.gradients)
    assert seen.discovered() == []


def test_epochs_are_known_to_metrics(arrays: Observed) -> None:
    verdict = arrays.verdict("metric-not-reset", "read")
    assert verdict.kind == "confirmed"
    assert verdict.detail == "`total` was read in epochs 1 and 2 without a reset in between"
