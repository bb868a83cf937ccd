"""How many examples an array holds, and whether their order means anything."""

import pytest

from tapelint.program.arrays import integer_of, order_of, size_of
from tests.program.reading import given

START = """
import random
import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow import keras
from sklearn.model_selection import train_test_split
rng = np.random.default_rng(0)
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
n = 100
r = np.random.rand(n, 3)
"""

SIZES = {
    "[1, 2, 3]": 3,
    "np.arange(10)": 10,
    "np.arange(2, 10)": None,
    "tf.range(10)": 10,
    "np.linspace(0, 1, 50)": 50,
    "np.linspace(0, 1, num=50)": 50,
    "np.zeros(10)": 10,
    "np.zeros((10, 3))": 10,
    "np.zeros((n, 3))": 100,
    "np.zeros((unknown, 3))": None,
    "tf.ones([10, 3])": 10,
    "np.full((10, 3), 7)": 10,
    "np.zeros_like(r)": 100,
    "np.random.rand(10, 3)": 10,
    "np.random.randn(n)": 100,
    "np.random.random((10, 3))": 10,
    "np.random.uniform(0, 1, (10, 3))": 10,
    "np.random.uniform(0, 1, size=10)": 10,
    "np.random.normal(size=(10, 3))": 10,
    "np.random.normal(0, 1, 10)": 10,
    "np.random.randint(0, 5, 10)": 10,
    "np.random.randint(0, 5, size=(10,))": 10,
    "rng.normal(size=(10, 3))": 10,
    "rng.integers(0, 5, 10)": 10,
    "tf.random.normal((10, 3))": 10,
    "tf.random.uniform([10, 3])": 10,
    "np.random.permutation(10)": 10,
    "np.random.permutation(r)": 100,
    "r.astype('float32')": 100,
    "r[:10]": 10,
    "r[10:]": 90,
    "r[-10:]": 10,
    "r[:-10]": 90,
    "r[10:30]": 20,
    "r[10:1000]": 90,
    "r[::2]": None,
    "r[unknown:]": None,
    "r[:10, 0]": 10,
    "r[np.random.permutation(100)]": 100,
    "r + 1": 100,
    "np.sin(r) * 2": 100,
    "r @ unknown": 100,
    "r.reshape(50, 6)": 50,
    "r.reshape((50, 6))": 50,
    "r.reshape(-1, 6)": None,
    "np.concatenate([r, r])": 200,
    "np.concatenate([r, r], axis=1)": 100,
    "tf.concat([r, r], 0)": 200,
    "np.concatenate([r, unknown])": None,
    "np.repeat(r, 3)": 300,
    "np.column_stack([r, r])": 100,
    "np.expand_dims(r, -1)": 100,
    "tf.constant(r)": 100,
    "tf.cast(r, tf.float32)": 100,
    "keras.utils.to_categorical(r)": 100,
    "x_train": 60000,
    "y_train": 60000,
    "x_test": 10000,
    "x_train / 255.0": 60000,
    "x_train[:5000]": 5000,
    "x_train.astype('float32') / 255": 60000,
    "x_train.reshape(-1, 784)": None,
    "r if unknown else np.zeros(100)": 100,
    "r if unknown else np.zeros(10)": None,
    "r if unknown else None": 100,
    "unknown": None,
    "np.load('x.npy')": None,
    "7": None,
}


@pytest.mark.parametrize("text", SIZES)
def test_the_number_of_rows(text: str) -> None:
    assert size_of(given(f"{START}reveal({text})")) == SIZES[text]


INTEGERS = {
    "7": 7,
    "3 * 4": 12,
    "n": 100,
    "n // 32": 3,
    "len(r)": 100,
    "len(r) // 32": 3,
    "r.shape[0]": 100,
    "r.shape[1]": None,
    "int(len(r) * 0.5)": None,
    "int(len(r) / 3)": None,
    "int(n)": 100,
    "len(x_train) - 5000": 55000,
    "True": None,
    "1.5": None,
    "'7'": None,
    "None": None,
    "unknown": None,
    "len(unknown)": None,
    "len(r) / 0": None,
    "len(r) // 0": None,
}


@pytest.mark.parametrize("text", INTEGERS)
def test_the_integer_that_something_is(text: str) -> None:
    assert integer_of(given(f"{START}reveal({text})")) == INTEGERS[text]


def test_nothing_is_no_integer() -> None:
    assert integer_of(None) is None


ORDERS = {
    "np.arange(10)": "ordered",
    "np.linspace(0, 1)": "ordered",
    "np.load('x.npy')": "ordered",
    "pd.read_csv('x.csv')": "ordered",
    "pd.read_csv('x.csv')['a'].values": "ordered",
    "np.sin(np.arange(10))": "ordered",
    "np.arange(10) + r[:, 0]": "ordered",
    "r": "random",
    "r[:10]": "random",
    "r.astype('float32')": "random",
    "rng.normal(size=3)": "random",
    "np.random.rand(3) * 2 + 1": "random",
    "np.arange(10)[np.random.permutation(10)]": "random",
    "np.random.permutation(np.arange(10))": "random",
    "np.zeros(3)": "constant",
    "7": "constant",
    "np.zeros(3) + r": "random",
    "np.concatenate([np.zeros(3), np.ones(3)])": "ordered",
    "np.concatenate([r, r])": "random",
    "np.concatenate([np.zeros(3), r])": "random",
    "[1, 2]": "constant",
    "train_test_split(np.arange(10))[0]": "random",
    "r @ np.arange(3)": "random",
    "np.arange(10) if unknown else r": "random",
    "np.arange(10) if unknown else np.load('x.npy')": "ordered",
    "np.arange(10) if unknown else unknown": None,
    "unknown": None,
    "unknown.astype('float32')": None,
    "np.arange(10)[unknown]": None,
    "np.arange(10) + unknown": None,
}


@pytest.mark.parametrize("text", ORDERS)
def test_the_order_of_examples(text: str) -> None:
    assert order_of(given(f"{START}reveal({text})")) == ORDERS[text]


@pytest.mark.parametrize("shuffle", ["np.random.shuffle(a)", "random.shuffle(a)", "rng.shuffle(a)"])
def test_what_is_shuffled_in_place_is_in_random_order(shuffle: str) -> None:
    assert order_of(given(f"{START}a = np.arange(10)\n{shuffle}\nreveal(a)")) == "random"
    assert order_of(given(f"{START}a = np.arange(10)\nb = a\n{shuffle}\nreveal(b[:3])")) == "random"


def test_rows_picked_by_shuffled_indices_are_in_random_order() -> None:
    text = "i = np.arange(10)\nnp.random.shuffle(i)\nreveal(np.arange(10)[i])"
    assert order_of(given(START + text)) == "random"
