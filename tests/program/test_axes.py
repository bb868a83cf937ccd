"""How many axes arrays and tensors have: as NumPy and TensorFlow say."""

import pytest

from tapelint.program.axes import rank_of
from tests.program.reading import given

START = """
import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_iris, make_blobs
from sklearn.model_selection import train_test_split
rng = np.random.default_rng(0)
x = np.random.rand(64, 3)
y = x.sum(axis=1)
images = np.zeros((8, 4, 4))
rows = np.random.permutation(64)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64).batch(8)
"""

KNOWN = {
    "3.0": 0,
    "len(x)": 0,
    "[1, 2, 3]": 1,
    "np.array([[1, 2], [3, 4]])": 2,
    "np.zeros(5)": 1,
    "np.zeros((5, 2))": 2,
    "np.ones(x.shape[0])": 1,
    "np.random.rand(4)": 1,
    "np.random.randint(0, 3, 64)": 1,
    "np.random.randint(0, 3, size=(64, 1))": 2,
    "np.random.normal(size=(2, 3, 4))": 3,
    "np.random.normal()": 0,
    "rng.normal(size=(2, 3))": 2,
    "rng.integers(0, 5, size=9)": 1,
    "np.random.choice(9, 3)": 1,
    "tf.random.normal((2, 3))": 2,
    "tf.zeros([2, 3])": 2,
    "np.arange(9)": 1,
    "np.linspace(0, 1, 9)": 1,
    "x.sum()": 0,
    "x.sum(axis=1, keepdims=True)": 2,
    "x.sum(axis=1)[:, None]": 2,
    "np.mean(images, axis=(1, 2))": 1,
    "images.mean(axis=0)": 2,
    "np.argmax(x, axis=1)": 1,
    "tf.reduce_mean(x, axis=-1)": 1,
    "tf.reduce_sum(x)": 0,
    "y.reshape(-1, 1)": 2,
    "y.reshape((-1, 1))": 2,
    "np.reshape(x, -1)": 1,
    "tf.reshape(x, [-1, 3, 1])": 3,
    "x.ravel()": 1,
    "images.flatten()": 1,
    "np.expand_dims(y, 1)": 2,
    "tf.expand_dims(y, -1)": 2,
    "np.squeeze(y[:, None], axis=1)": 1,
    "y[:10]": 1,
    "y[3]": 0,
    "x[3]": 1,
    "x[:, 0]": 1,
    "x[:, :2]": 2,
    "x[:, np.newaxis]": 3,
    "x[rows]": 2,
    "y[rows[:8]]": 1,
    "y[y > 0]": 1,
    "y.astype('float32')": 1,
    "tf.cast(y, tf.float32)": 1,
    "tf.convert_to_tensor(x)": 2,
    "y - 1": 1,
    "x * y[:, None]": 2,
    "x @ np.ones(3)": 1,
    "x @ np.ones((3, 2))": 2,
    "tf.matmul(x, tf.ones((3, 1)))": 2,
    "np.sin(x) + np.cos(x)": 2,
    "(y > 0.5).astype('int32')": 1,
    "keras.utils.to_categorical(np.arange(9))": 2,
    "tf.one_hot(rows, 64)": 2,
    "np.eye(3)[np.random.randint(0, 3, 64)]": 2,
    "np.concatenate([y, y])": 1,
    "np.vstack([y, y])": 2,
    "make_blobs(9)[1]": 1,
    "make_blobs(9)[0]": 2,
    "load_iris().target": 1,
    "load_iris(return_X_y=True)[0]": 2,
    "train_test_split(x, y)[2]": 1,
    "train_test_split(x, y)[1]": 2,
    "keras.datasets.mnist.load_data()[0][1]": 1,
    "keras.datasets.cifar10.load_data()[1][1]": 2,
    "next(iter(data))[1]": 1,
    "next(iter(data.unbatch()))[1]": 0,
    "next(iter(data.map(lambda a, b: (a, b[:, None]))))[1]": 2,
    "[b for a, b in data][0]": 1,
    "tf.Variable(tf.zeros((3, 1)))": 2,
}

UNKNOWN = ["unknown", "x[unknown]", "x.reshape(unknown)", "np.load('x.npy')", "x + unknown", "np.squeeze(x)"]


@pytest.mark.parametrize(("text", "rank"), KNOWN.items(), ids=list(KNOWN))
def test_axes_are_counted(text: str, rank: int) -> None:
    assert rank_of(given(f"{START}reveal({text})")) == rank


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_may_have_any_number_of_axes_is_not_counted(text: str) -> None:
    assert rank_of(given(f"{START}reveal({text})")) is None
