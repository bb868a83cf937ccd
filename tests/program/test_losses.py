"""The shape of a loss: one number, or one for each example."""

import pytest

from tapelint.program.losses import reduction_of, shape_of
from tests.program.reading import given

START = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K
model = keras.Sequential([keras.layers.Dense(3)])
x, y = data
p = model(x)
none = keras.losses.MeanSquaredError(reduction="none")
total = keras.losses.MeanSquaredError(reduction=keras.losses.Reduction.SUM)
mean = keras.losses.MeanSquaredError()
each = keras.losses.mse(y, p)
"""


def shape(text: str) -> str | None:
    """The kind of a loss, with how it was reduced."""
    found = shape_of(given(f"{START}reveal({text})"))
    return None if found is None else f"{found.kind} {found.reduction}".strip()


SHAPES = {
    "keras.losses.mse(y, p)": "per-example",
    "keras.losses.mean_squared_error(y, p)": "per-example",
    "tf.keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True)": "per-example",
    "keras.metrics.binary_crossentropy(y, p)": "per-example",
    "keras.losses.mse(y_true=y, y_pred=p)": "per-example",
    "tf.nn.softmax_cross_entropy_with_logits(y, p)": "per-example",
    "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)": "per-example",
    "keras.losses.mse(y, tf.nn.softmax(p))": "per-example",
    "keras.losses.mse(y, p * 2)": "per-example",
    "keras.losses.mse(y, x)": None,
    "keras.losses.mse(y, p[0])": None,
    "keras.losses.mse(y, tf.squeeze(p))": None,
    "keras.losses.mse(y, unknown)": None,
    "none(y, p)": "per-example",
    "none(y, x)": None,
    "mean(y, p)": "scalar mean",
    "mean(y, x)": "scalar mean",
    "total(y, p)": "scalar sum",
    "unknown(y, p)": None,
    "(mean if x else total)(y, p)": "scalar mean",
    "(mean if x else none)(y, p)": None,
    "tf.reduce_mean(each)": "scalar mean",
    "tf.math.reduce_mean(each)": "scalar mean",
    "tf.reduce_sum(each)": "scalar sum",
    "K.mean(each)": "scalar mean",
    "keras.ops.mean(each)": "scalar mean",
    "tf.reduce_mean(unknown)": "scalar mean",
    "tf.reduce_mean(each, axis=None)": "scalar mean",
    "tf.reduce_mean(tf.square(p - y), axis=-1)": "per-example mean",
    "tf.reduce_sum(tf.square(p - y), axis=1)": "per-example sum",
    "tf.reduce_sum(tf.square(p - y), [1, 2])": "per-example sum",
    "tf.reduce_mean(tf.square(p - y), axis=0)": None,
    "tf.reduce_mean(unknown, axis=-1)": None,
    "tf.reduce_mean(p, *args)": None,
    "tf.nn.compute_average_loss(each)": "scalar average",
    "tf.nn.l2_loss(p)": "scalar other",
    "each * 2": "per-example",
    "each + tf.reduce_sum(p)": "per-example",
    "tf.cast(each, tf.float32)": "per-example",
    "tf.reduce_mean(each) + tf.reduce_sum(p)": "scalar sum",
    "tf.reduce_mean(each) * 0.5": "scalar mean",
    "tf.reduce_mean(each) + tf.add_n(model.losses)": "scalar mean",
    "tf.reduce_mean(each) + unknown": None,
    "model.compute_loss(x, y, p)": "scalar",
    "0.0": "scalar",
    "unknown": None,
    "p": None,
    "-tf.reduce_mean(p)": "scalar mean",
}


@pytest.mark.parametrize("text", SHAPES)
def test_the_shape_of_a_loss(text: str) -> None:
    assert shape(text) == SHAPES[text]


REDUCTIONS = {
    "keras.losses.MeanSquaredError()": "mean",
    "keras.losses.MeanSquaredError(reduction='sum')": "sum",
    "keras.losses.MeanSquaredError(reduction='none')": "none",
    "keras.losses.MeanSquaredError(reduction=None)": "none",
    "keras.losses.MeanSquaredError(reduction='sum_over_batch_size')": "mean",
    "keras.losses.MeanSquaredError(reduction=tf.keras.losses.Reduction.NONE)": "none",
    "keras.losses.MeanSquaredError(reduction=tf.losses.Reduction.SUM)": "sum",
    "keras.losses.MeanSquaredError(reduction=tf.keras.losses.Reduction.AUTO)": "mean",
    "keras.losses.MeanSquaredError(reduction=unknown)": None,
    "keras.losses.MeanSquaredError(reduction='nonsense')": None,
    "keras.losses.MeanSquaredError(**unknown)": None,
    "unknown": None,
}


@pytest.mark.parametrize("text", REDUCTIONS)
def test_how_a_loss_object_reduces(text: str) -> None:
    assert reduction_of(given(f"{START}reveal({text})")) == REDUCTIONS[text]


INSIDE = {
    "return keras.losses.mse(y, m(x))": "per-example",
    "return tf.reduce_mean(keras.losses.mse(y, m(x)))": "scalar",
    "e = keras.losses.mse(y, m(x))\n    if y: e = e * 2\n    return e": "per-example",
    "if y: return keras.losses.mse(y, m(x))\n    return tf.reduce_mean(m(x))": None,
}


@pytest.mark.parametrize("body", INSIDE)
def test_a_loss_may_be_computed_in_a_function(body: str) -> None:
    found = shape_of(given(f"{START}def f(m):\n    {body}\nreveal(f(model))"))
    assert (None if found is None else found.kind) == INSIDE[body]


BODIES = {
    "return self.d(x)": "per-example",
    "return tf.nn.relu(self.d(x))": "per-example",
    "return self.d(self.d(x))": "per-example",
    "return tf.squeeze(self.d(x), -1)": None,
    "return self.d(x)[:, 0]": None,
    "return tf.reduce_mean(self.d(x), axis=-1)": None,
    "h = self.d(x)\n    if unknown: h = tf.squeeze(h)\n    return h": None,
}


@pytest.mark.parametrize("body", BODIES)
def test_the_predictions_of_a_model_have_the_axes_that_its_call_leaves(body: str) -> None:
    init = "class M(keras.Model):\n  def __init__(self):\n    self.d = keras.layers.Dense(3)\n"
    cls = f"{init}  def call(self, x):\n    {body}\n"
    found = shape_of(given(f"{START}{cls}m = M()\nreveal(keras.losses.mse(y, m(x)))"))
    assert (None if found is None else found.kind) == BODIES[body]
