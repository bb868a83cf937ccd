"""How far the inputs reach that a model is trained on in a loop of one's own."""

from pathlib import Path

import pytest

from tapelint.record import Extent
from tests.probe.programs import Observed, observe

PROGRAM = """\
    import keras
    import numpy as np
    import tensorflow as tf

    x = np.linspace(0, 255, 64, dtype="float32").reshape(16, 4)
    raw = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    scaling = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(1 / 255), keras.layers.Dense(1)])

    for batch in (x, x, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(raw(batch))
        tape.gradient(loss, raw.trainable_variables)  # raw



    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(scaling(x))
    tape.gradient(loss, scaling.trainable_variables)  # scaling



    with tf.GradientTape() as tape:
        loss = raw.trainable_variables[0][0, 0] ** 2
    tape.gradient(loss, raw.trainable_variables)  # no call
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("inputs"), PROGRAM, steps=20)


def test_the_first_call_of_each_model_is_looked_at(seen: Observed) -> None:
    reach = [call.inputs for gradient in seen.record.gradients for call in gradient.calls]
    assert reach == [Extent((16, 4), 0.0, 255.0, False), None, None, Extent((16, 4), 0.0, 1.0, False)]
    assert seen.record.troubles == ()


@pytest.mark.parametrize(
    ("mark", "kind", "detail"),
    [
        ("raw", "confirmed", "the inputs reach from 0 to 255"),
        ("scaling", "refuted", "the inputs reach from 0 to 1; lowered to info"),
        ("no call", "unable", "what the model was given could not be seen"),
    ],
)
def test_what_is_said_of_them(mark: str, kind: str, detail: str, seen: Observed) -> None:
    verdict = seen.verdict("unscaled-inputs", mark)
    assert (verdict.kind, verdict.detail) == (kind, detail)


def test_where_nothing_ran_nothing_is_said(tmp_path: Path) -> None:
    ended = observe(tmp_path, "raise SystemExit\nx = 1  # here\n")
    assert ended.verdict("unscaled-inputs", "here").kind == "unreached"
