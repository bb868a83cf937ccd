"""What a model is made of, and how it is called: the layers that care, and the mode they are in."""

import pytest

from tapelint.program.models import layers_inside, library_class, sensitive_layer, sensitive_parts
from tests.program.reading import given, program

START = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
"""


def short(name: str | None) -> str:
    """The last part of a dotted name."""
    return (name or "?").rpartition(".")[2]


SENSITIVE = {
    "layers.Dropout(0.5)": True,
    "layers.Dropout(rate=0.5)": True,
    "layers.Dropout(0)": False,
    "layers.Dropout(0.0)": False,
    "layers.Dropout(rate)": True,
    "layers.BatchNormalization()": True,
    "keras.layers.normalization.BatchNormalization()": True,
    "layers.LayerNormalization()": False,
    "layers.Dense(1)": False,
    "layers.LSTM(4)": False,
    "layers.LSTM(4, dropout=0.2)": True,
    "layers.LSTM(4, recurrent_dropout=0.2)": True,
    "layers.LSTM(4, dropout=0.0)": False,
    "layers.GaussianNoise(0.1)": True,
    "layers.MultiHeadAttention(2, 2)": False,
    "layers.MultiHeadAttention(2, 2, dropout=0.1)": True,
    "keras.applications.ResNet50()": True,
    "keras.applications.VGG16()": False,
    "tf.keras.applications.resnet50.ResNet50()": True,
    "layers.RandomFlip()": False,
    "unknown": False,
    "unknown.Dropout(0.5)": False,
}


@pytest.mark.parametrize("text", SENSITIVE)
def test_a_layer_that_behaves_differently_in_training(text: str) -> None:
    assert sensitive_layer(given(f"{START}reveal({text})")) is SENSITIVE[text]


INSIDE = {
    "reveal(keras.Sequential([layers.Dense(1), layers.Dropout(0.5)]))": ["Dense", "Dropout"],
    "reveal(keras.Sequential(layers=[layers.Dense(1)]))": ["Dense"],
    "reveal(keras.models.Sequential())": [],
    "m = keras.Sequential()\nm.add(layers.Dense(1))\nm.add(layers.Dropout(0.5))\nreveal(m)": ["Dense", "Dropout"],
    "m = keras.Sequential([layers.Dense(1)])\nm.add(layers.Dropout(0.5))\nreveal(m)": ["Dense", "Dropout"],
    "m = keras.Sequential()\nfor i in x: m.add(layers.Dense(i))\nreveal(m)": ["Dense"],
    "p = [layers.Dense(1)]\np.append(layers.Dropout(0.5))\nreveal(keras.Sequential(p))": ["Dense", "Dropout"],
    "i = keras.Input((3,))\nh = layers.Dense(1)(i)\no = layers.Dropout(0.5)(h)\nreveal(keras.Model(i, o))": [
        "Dense",
        "Dropout",
    ],
    "i = keras.Input((3,))\no = layers.Dense(1)(i)\nreveal(keras.Model(inputs=i, outputs=[o]))": ["Dense"],
    "i = keras.Input((3,))\na = layers.Dense(1)(i)\nb = layers.Dropout(0.5)(i)\n"
    "reveal(keras.Model(i, layers.Add()([a, b])))": [
        "Dense",
        "Dropout",
        "Add",
    ],
    "def f(h): return layers.Dropout(0.5)(h)\ni = keras.Input((3,))\nreveal(keras.Model(i, f(i)))": ["Dropout"],
    "reveal(layers.Bidirectional(layers.LSTM(4)))": ["LSTM"],
    "reveal(layers.TimeDistributed(layers.Dropout(0.5)))": ["Dropout"],
    "reveal(layers.Dense(1))": [],
    "reveal(unknown)": [],
}


@pytest.mark.parametrize("text", INSIDE)
def test_the_layers_in_a_model(text: str) -> None:
    found = [short(library_class(layer)) for layer, _ in layers_inside(given(START + text))]
    assert sorted(found) == sorted(INSIDE[text])


PARTS = {
    "reveal(keras.Sequential([layers.Dense(1), layers.Dropout(0.5)]))": ["Dropout"],
    "reveal(keras.Sequential([keras.Sequential([layers.Dropout(0.5)]), layers.BatchNormalization()]))": [
        "Dropout",
        "BatchNormalization",
    ],
    "reveal(layers.Bidirectional(layers.LSTM(4, dropout=0.1)))": ["LSTM"],
    "class M(keras.Model):\n  def __init__(self):\n    self.d = layers.Dropout(0.5)\nreveal(M())": ["Dropout"],
    "class M(keras.Model):\n  def __init__(self):\n    self.d = [layers.Dropout(0.5), layers.Dense(1)]\nreveal(M())": [
        "Dropout"
    ],
    "class B(layers.Layer):\n  def __init__(self):\n    self.d = layers.Dropout(0.5)\n"
    "class M(keras.Model):\n  def __init__(self):\n    self.b = B()\nreveal(M())": ["Dropout"],
    "class M(keras.Model):\n  def __init__(self):\n    self.m = self\n    self.d = layers.Dropout(0.5)\nreveal(M())": [
        "Dropout"
    ],
    "reveal(keras.Sequential([layers.Dense(1)]))": [],
}


@pytest.mark.parametrize("text", PARTS)
def test_the_sensitive_layers_in_a_model(text: str) -> None:
    found = [short(library_class(layer)) for layer in sensitive_parts(given(START + text))]
    assert sorted(found) == sorted(PARTS[text])


def modes(text: str) -> list[str]:
    """The sensitive layers that the user's own forward passes run, each with its mode."""
    forwards = program(START + text).forwards
    return [f"{short(library_class(layer))} {mode}" for call in forwards for layer, mode in call.leaves]


SEQUENTIAL = "m = keras.Sequential([layers.Dense(1), layers.Dropout(0.5)])\n"
FUNCTIONAL = "i = keras.Input((3,))\nm = keras.Model(i, layers.Dropout(0.5)(i))\n"
SUBCLASS = """class M(keras.Model):
  def __init__(self):
    super().__init__()
    self.d = layers.Dropout(0.5)
  def call(self, x, training={default}):
    return self.d(x{passed})
m = M()
"""
HANDS_ON = SUBCLASS.format(default=None, passed=", training=training")
LEAVES_IT = SUBCLASS.format(default=None, passed="")
CALLED = {
    "a Sequential": (SEQUENTIAL + "m(x)", ["Dropout unset"]),
    "on": (SEQUENTIAL + "m(x, training=True)", ["Dropout on"]),
    "off": (SEQUENTIAL + "m(x, training=False)", ["Dropout off"]),
    "a variable": (SEQUENTIAL + "flag = True\nm(x, training=flag)", ["Dropout on"]),
    "a number": (SEQUENTIAL + "m(x, training=1)", ["Dropout on"]),
    "unknown": (SEQUENTIAL + "m(x, training=unknown)", ["Dropout unknown"]),
    "None": (SEQUENTIAL + "m(x, training=None)", ["Dropout unset"]),
    "either": (SEQUENTIAL + "m(x, training=True if unknown else False)", ["Dropout unknown"]),
    "through **": (SEQUENTIAL + "m(x, **unknown)", ["Dropout unknown"]),
    "through a known **": (SEQUENTIAL + "m(x, **{'training': True})", ["Dropout on"]),
    "a functional model": (FUNCTIONAL + "m(x, training=True)", ["Dropout on"]),
    "a functional model, unset": (FUNCTIONAL + "m(x)", ["Dropout unset"]),
    "a layer": ("layers.Dropout(0.5)(x, training=True)", ["Dropout on"]),
    "a subclass that hands on": (HANDS_ON + "m(x, training=True)", ["Dropout on"]),
    "a subclass that hands on, by position": (HANDS_ON + "m(x, True)", ["Dropout on"]),
    "a subclass that hands on, unset": (HANDS_ON + "m(x)", ["Dropout unset"]),
    "a subclass that leaves it to Keras": (LEAVES_IT + "m(x, training=True)", ["Dropout on"]),
    "a subclass that leaves it to Keras, unset": (LEAVES_IT + "m(x)", ["Dropout unset"]),
    "a subclass with a default": (SUBCLASS.format(default=True, passed=", training=training") + "m(x)", ["Dropout on"]),
    "a subclass that switches on": (SUBCLASS.format(default=None, passed=", training=True") + "m(x)", ["Dropout on"]),
    "a subclass that switches off": (
        SUBCLASS.format(default=None, passed=", training=False") + "m(x, training=True)",
        ["Dropout off"],
    ),
    "nested": (
        HANDS_ON + "n = keras.Sequential([m, layers.BatchNormalization()])\nn(x, training=True)",
        ["Dropout on", "BatchNormalization on"],
    ),
    "a wrapper": ("layers.TimeDistributed(layers.Dropout(0.5))(x, training=True)", ["Dropout on"]),
    "an application": ("keras.applications.ResNet50()(x, training=False)", ["ResNet50 off"]),
    "nothing that cares": ("keras.Sequential([layers.Dense(1)])(x)", []),
    "__call__": (SEQUENTIAL + "m.__call__(x, training=True)", ["Dropout on"]),
}


@pytest.mark.parametrize("case", CALLED)
def test_the_mode_of_a_forward_pass(case: str) -> None:
    text, expected = CALLED[case]
    forwards = modes(text)
    assert forwards[-len(expected) :] == expected if expected else forwards == []


def test_a_forward_pass_inside_a_model_is_not_the_user_s() -> None:
    assert len(program(START + HANDS_ON + "m(x)").forwards) == 1


def test_a_model_that_calls_itself_is_no_endless_model() -> None:
    text = "class M(keras.Model):\n  def call(self, x):\n    return self(self.call(x))\nm = M()\nm(x)"
    assert len(program(START + text).forwards) == 1


def test_who_has_trainable_variables_is_a_model() -> None:
    def forwards(text: str) -> int:
        return len(program(START + text).forwards)

    assert forwards("p = unknown(x)") == 0
    assert forwards("def f(m):\n  m(x)\n  m.fit(x)\n  m.trainable_variables") == 1
