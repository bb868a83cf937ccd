"""Tapes: what they record, who asks them, for which variables, and what becomes of the gradients."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from tapelint.program.tapes import Gradients, active_tapes, fate, gradient_behind, parameters_of, zipped
from tapelint.program.values import Instance
from tests.program.reading import given, label, named, program

START = """
import tensorflow as tf
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD()
"""


def recorders(text: str) -> list[int]:
    """How many tapes record at each `reveal()`."""
    return [len(active_tapes(call)) for call in named(program(START + text), "reveal")]


REGIONS = {
    "with tf.GradientTape() as t:\n  reveal()\nreveal()": [1, 0],
    "with tf.GradientTape():\n  reveal()": [1],
    "with tf.GradientTape() as a, tf.GradientTape() as b:\n  reveal()": [2],
    "with tf.GradientTape() as a:\n  with tf.GradientTape() as b:\n    reveal()\n  reveal()": [2, 1],
    "with tf.GradientTape() as a:\n  with x:\n    reveal()": [1],
    "with x, tf.GradientTape() as a:\n  reveal()": [1],
    "t = tf.GradientTape()\nreveal()\nwith t:\n  reveal()\nreveal()": [0, 1, 0],
    "t = tf.GradientTape()\nwith t:\n  reveal()\nwith t:\n  reveal()\nreveal()": [1, 1, 0],
    "with tf.GradientTape() as t:\n  with t.stop_recording():\n    reveal()\n  reveal()": [0, 1],
    "with tf.GradientTape() as t:\n  f()\ndef f(): reveal()": [],
    "def f(): reveal()\nwith tf.GradientTape() as t:\n  f()\nf()": [1, 0],
    "with tf.GradientTape() as t:\n  for i in x:\n    if i:\n      reveal()": [1],
    "with tf.GradientTape() as t:\n  a = lambda: reveal()\na()": [0],
    "t = tf.GradientTape() if x else None\nwith t:\n  reveal()": [1],
    "t = tf.GradientTape() if x else nothing()\nwith t:\n  reveal()": [1],
    "class A:\n  def __init__(self): self.t = tf.GradientTape()\na = A()\nwith a.t:\n  reveal()": [1],
    "class A:\n  def __enter__(self):\n    self.t = tf.GradientTape()\n    return self.t\nwith A() as t:\n  reveal()": [
        1
    ],
    "def make(): return tf.GradientTape(persistent=True)\nwith make() as t:\n  reveal()": [1],
    "from tensorflow import GradientTape as T\nwith T() as t:\n  reveal()": [1],
    "with tf.GradientTape() as t:\n  try:\n    reveal()\n  finally:\n    reveal()": [1, 1],
    "def f():\n  with tf.GradientTape() as t:\n    return reveal()\nf()\nreveal()": [1, 0],
    "with hvd.DistributedGradientTape(tf.GradientTape()) as t:\n  reveal()": [1],
    "class T(tf.GradientTape): pass\nwith T() as t:\n  reveal()": [1],
}


@pytest.mark.parametrize("text", REGIONS)
def test_a_tape_records_inside_its_with(text: str) -> None:
    assert recorders(text) == REGIONS[text]


def asked(text: str) -> list[int]:
    """How many tapes stand behind each request for gradients."""
    return [len(gradients.tapes) for gradients in program(START + text).gradients]


ASKED = {
    "with tf.GradientTape() as t: pass\nt.gradient(1, 2)": [1],
    "with tf.GradientTape() as t: pass\nt.jacobian(1, 2)": [1],
    "with tf.GradientTape() as t: pass\nt.batch_jacobian(1, 2)": [1],
    "with tf.GradientTape() as t: pass\nt.watch(1)": [],
    "t = x\nt.gradient(1, 2)": [],
    "with tf.GradientTape() as t: pass\nt = hvd.DistributedGradientTape(t)\nt.gradient(1, 2)": [1],
    "t = tf.GradientTape() if x else tf.GradientTape()\nt.gradient(1, 2)": [1, 1],
    "with tf.GradientTape() as t: pass\ndef f(t): return t.gradient(1, 2)\nf(t)": [1],
    "with tf.GradientTape() as t: pass\ng = t.gradient\ng(1, 2)": [1],
    "with tf.GradientTape() as t: pass\nfor i in x: t.gradient(1, 2)": [1],
    "with tf.GradientTape() as t: pass\n[t.gradient(1, v) for v in x]": [1],
}


@pytest.mark.parametrize("text", ASKED)
def test_a_request_finds_its_tape(text: str) -> None:
    assert asked(text) == ASKED[text]


def recorded(text: str) -> bool | None:
    """Whether the tape recorded what is revealed."""
    read = program(START + text)
    (call,) = named(read, "reveal")
    (gradients,) = read.gradients
    return gradients.records(call.arguments[0])


RECORDED = {
    "with tf.GradientTape() as t:\n  a = tf.square(x)\nt.gradient(a, x)": True,
    "a = tf.square(x)\nwith tf.GradientTape() as t: pass\nt.gradient(a, x)": False,
    "with tf.GradientTape() as t:\n  b = tf.square(x)\na = b + 1\nt.gradient(a, x)": False,
    "with tf.GradientTape() as t:\n  a = b * 2\nt.gradient(a, x)": True,
    "with tf.GradientTape() as t:\n  with t.stop_recording():\n    a = tf.square(x)\nt.gradient(a, x)": False,
    "with tf.GradientTape() as t:\n  a = x\nt.gradient(a, x)": None,
    "def f(): return tf.square(x)\nwith tf.GradientTape() as t:\n  a = f()\nt.gradient(a, x)": True,
    "with tf.GradientTape() as t:\n  a = model(x)\nt.gradient(a, x)": True,
}


@pytest.mark.parametrize("text", RECORDED)
def test_a_tape_knows_what_it_recorded(text: str) -> None:
    assert recorded(f"{text}\nreveal(a)") is RECORDED[text]


FIRST_ORDER = {
    "with tf.GradientTape() as t: pass\nt.gradient(a, b)": [True],
    "with tf.GradientTape() as t: pass\nt.jacobian(a, b)": [False],
    "with tf.GradientTape() as t: pass\nt.gradient(a, b, c)": [False],
    "with tf.GradientTape() as t: pass\nt.gradient(a, b, output_gradients=c)": [False],
    "with tf.GradientTape() as t:\n  with tf.GradientTape() as u: pass\n  u.gradient(a, b)\nt.gradient(a, b)": [
        False,
        True,
    ],
    "with tf.GradientTape() as t:\n  t.gradient(a, b)": [True],
}


@pytest.mark.parametrize("text", FIRST_ORDER)
def test_a_gradient_under_another_tape_is_of_higher_order(text: str) -> None:
    assert [gradients.first_order for gradients in program(START + text).gradients] == FIRST_ORDER[text]


def owners(text: str) -> list[str] | None:
    """The variables that are revealed, owner by owner; `…` stands for a part of them."""
    parameters = parameters_of(given(START + text))
    if parameters is None:
        return None
    return [f"{label(each.root)}.{each.selector}{'…' if each.partial else ''}" for each in parameters]


MODEL = "keras.Sequential object"
PARAMETERS: dict[str, Sequence[str] | None] = {
    "model.trainable_variables": [f"{MODEL}.trainable_variables"],
    "model.trainable_weights": [f"{MODEL}.trainable_weights"],
    "model.variables": [f"{MODEL}.variables"],
    "x.trainable_variables": ["unknown.trainable_variables"],
    "x.a.trainable_variables": ["unknown.a.trainable_variables"],
    "model.trainable_variables + x.weights": [f"{MODEL}.trainable_variables", "unknown.weights"],
    "model.trainable_variables + [x.kernel]": [f"{MODEL}.trainable_variables", "unknown.trainable_variables…"],
    "[model.trainable_variables, x.variables]": [f"{MODEL}.trainable_variables", "unknown.variables"],
    "model.trainable_variables[0]": [f"{MODEL}.trainable_variables…"],
    "model.trainable_variables[:-1]": [f"{MODEL}.trainable_variables…"],
    "list(model.trainable_variables)": [f"{MODEL}.trainable_variables"],
    "[v for v in model.trainable_variables]": [f"{MODEL}.trainable_variables…"],
    "[v for v in model.trainable_variables if x]": [f"{MODEL}.trainable_variables…"],
    "model.layers[0].trainable_variables": [f"{MODEL}.layers[0].trainable_variables"],
    "tf.Variable(1.0)": ["tensorflow.Variable object.itself"],
    "[tf.Variable(1.0), model.layers[0].kernel]": [
        "tensorflow.Variable object.itself",
        f"{MODEL}.layers[0].trainable_variables…",
    ],
    "(model if x else None).trainable_variables": [f"{MODEL}.trainable_variables"],
    "x": None,
    "[x]": None,
    "[]": None,
    "tf.constant(1.0)": None,
    "model.trainable_variables + x": None,
    "model.inputs": None,
    "f(model.trainable_variables)": None,
}


@pytest.mark.parametrize("text", PARAMETERS)
def test_the_owners_of_variables(text: str) -> None:
    assert owners(f"reveal({text})") == PARAMETERS[text]


STEP = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(x))
g = tape.gradient(loss, model.trainable_variables)
"""


def end(text: str) -> str:
    """What becomes of the gradients `g` in a function that nobody calls."""
    body = "".join(f"    {line}\n" for line in (STEP + text).strip().splitlines())
    read = program(f"{START}def step(x, keep):\n{body}")
    return fate(read.gradients[0].call.result)


ENDS = {
    "applied": [
        "optimizer.apply_gradients(zip(g, model.trainable_variables))",
        "optimizer.apply(g, model.trainable_variables)",
        "optimizer.apply_gradients([(a, b) for a, b in zip(g, model.trainable_variables)])",
        "g = [tf.clip_by_norm(a, 1.0) for a in g]\noptimizer.apply_gradients(zip(g, model.trainable_variables))",
        "g, _ = tf.clip_by_global_norm(g, 1.0)\noptimizer.apply_gradients(zip(g, model.trainable_variables))",
        "pairs = list(zip(g, model.trainable_variables))\noptimizer.apply_gradients(pairs)",
        "for a, v in zip(g, model.trainable_variables):\n    v.assign_sub(0.1 * a)",
        "for a, v in zip(g, model.trainable_variables):\n    v.assign(v - a)",
        "if x:\n    optimizer.apply_gradients(zip(g, model.trainable_variables))",
        "n = []\nfor a in g: n.append(a * 2)\noptimizer.apply_gradients(zip(n, model.trainable_variables))",
        "print(g)\noptimizer.apply_gradients(zip(g, model.trainable_variables))",
        "def f(a): optimizer.apply_gradients(zip(a, model.trainable_variables))\nf(g)",
        "self = keep\nself.o.apply_gradients(zip(g, self.m.trainable_variables))",
    ],
    "escaped": [
        "return g",
        "return loss, g",
        "return {'g': g}",
        "return [a * 2 for a in g]",
        "yield g",
        "keep.g = g",
        "keep['g'] = g",
        "keep(g)",
        "keep.append(g)",
        "horovod.allreduce(g)",
        "tf.py_function(keep, [g], [])",
        "global h\nh = g",
        "if g: pass",
        "assert g is not None",
    ],
    "differentiated": ["tape.gradient(g, x)", "tape.gradient(tf.reduce_sum(g[0]), x)"],
    "displayed": [
        "print(g)",
        "print(f'{g}')",
        "tf.print(tf.norm(g[0]))",
        "tf.summary.histogram('g', g[0])",
        "keras.metrics.Mean()(tf.norm(g[0]))",
        "print([tf.norm(a).numpy() for a in g])",
        "print(len(g))",
    ],
    "dead": [
        "pass",
        "h = g",
        "h = [a * 2 for a in g]",
        "tf.clip_by_global_norm(g, 1.0)",
        "zip(g, model.trainable_variables)",
        "h = []\nh.append(g)",
        "for a in g: pass",
        "del g",
        "g[0].numpy()",
    ],
}


@pytest.mark.parametrize(("expected", "text"), [(expected, text) for expected, texts in ENDS.items() for text in texts])
def test_what_becomes_of_gradients(expected: str, text: str) -> None:
    assert end(text) == expected


def test_more_than_one_fate_counts_as_the_strongest() -> None:
    order = ["pass", "print(g)", "tape.gradient(g, x)", "keep(g)", "optimizer.apply(g, model.trainable_variables)"]
    for weaker, stronger in pairwise(order):
        assert end(f"{weaker}\n{stronger}") == end(stronger)


PAIRS = {
    "zip(a, b)": ["1", "2"],
    "list(zip(a, b))": ["1", "2"],
    "tuple(zip(a, b))": ["1", "2"],
    "[(g, v) for g, v in zip([a], [b])]": ["1", "2"],
    "zip(a)": None,
    "zip(a, b, a)": None,
    "zip(*x)": None,
    "x": None,
    "zip(a, b) if x else zip(b, a)": None,
}


@pytest.mark.parametrize("text", PAIRS)
def test_the_lists_behind_pairs(text: str) -> None:
    pairs = zipped(given(f"a, b = 1, 2\nreveal({text})"))
    assert (None if pairs is None else [label(each) for each in pairs]) == PAIRS[text]


def test_gradients_are_found_behind_what_is_computed_from_them() -> None:
    text = f"{START}{STEP}h = [tf.clip_by_norm(a, 1.0) * 2 for a in g]\nreveal(h)"
    assert len(gradient_behind(given(text))) == 1
    assert gradient_behind(given(f"{START}{STEP}reveal(loss)")) == []


def test_a_gradient_of_a_gradient_is_one_request() -> None:
    assert len(gradient_behind(given(f"{START}{STEP}reveal(tape.gradient(g, x))"))) == 1


def test_training_is_what_is_applied() -> None:
    def trainings(text: str) -> int:
        return len(program(START + STEP + text).training)

    assert trainings("optimizer.apply_gradients(zip(g, model.trainable_variables))") == 1
    assert trainings("print(g)") == 0


def test_gradients_have_a_target_and_sources() -> None:
    def parts(text: str) -> tuple[str, str]:
        gradients: Gradients = program(f"{START}with tf.GradientTape() as t: pass\n{text}").gradients[0]
        assert all(isinstance(tape, Instance) for tape in gradients.tapes)
        return label(gradients.target), label(gradients.sources)

    assert parts("t.gradient(1, 2)") == ("1", "2")
    assert parts("t.gradient(sources=2, target=1)") == ("1", "2")
    assert parts("t.gradient(1)") == ("1", "")
