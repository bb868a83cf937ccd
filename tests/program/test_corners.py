"""Corners that a fuzz run found: each was wrong once."""

import pytest

from tests.program.reading import Files, program, revealed

CASES: dict[str, tuple[Files, list[str]]] = {
    "B1 classmethod called on the class": (
        "class A:\n  @classmethod\n  def f(cls, a): return cls, a\nreveal(A.f(1))",
        ["(class A, 1)"],
    ),
    "B2 package __init__ re-export without training words": (
        {"train.py": "from p import a\nreveal(a)", "p/__init__.py": "from .m import a", "p/m.py": "a = 1"},
        ["1"],
    ),
    "B2b import p.m with an empty __init__": (
        {"train.py": "import p.m\nreveal(p.m.a)", "p/__init__.py": "", "p/m.py": "a = 1"},
        ["1"],
    ),
    "B3 positional argument after *unknown": (
        "def f(a, b=0, c=0):\n    reveal(a, b, c)\nf(*x, 1)",
        ["unknown", "unknown", "unknown"],
    ),
    "B4 walrus in right operand of and/or": ("a = 1\nx and (a := 2)\nreveal(a)", ["2 | 1"]),
}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    files, expected = CASES[case]
    assert revealed(files) == expected


START = """
import numpy as np
import tensorflow as tf
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD()
"""


def test_folded_floor_division() -> None:
    text = (
        START
        + """
x, y = np.arange(100), np.sin(np.arange(100))
def step(a, b):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(a) - b))
    g = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(g, model.trainable_variables))
n = 100 // 32
for i in range(n): step(x[i * 32:(i + 1) * 32], y[i * 32:(i + 1) * 32])
"""
    )
    assert [feed.keeps_tail for _, feed in program(text).feeds] == [False]
