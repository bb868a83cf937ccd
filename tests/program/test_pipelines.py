"""Input pipelines and the data that reaches an update."""

import pytest

from tapelint.program.pipelines import pipeline_of
from tests.program.reading import given, label, program

START = """
import numpy as np
import tensorflow as tf
from tensorflow import keras
x, y = np.arange(100), np.sin(np.arange(100))
r = np.random.rand(100, 3)
d = tf.data.Dataset.from_tensor_slices((x, y))
model = keras.Sequential([keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD()
"""


def chain(text: str) -> list[str] | None:
    """The steps of a pipeline after its source."""
    pipeline = pipeline_of(given(f"{START}reveal({text})"))
    return None if pipeline is None else [step.method or "?" for step in pipeline.steps]


CHAINS = {
    "d": [],
    "d.shuffle(100).batch(32)": ["shuffle", "batch"],
    "d.map(f).batch(32).prefetch(tf.data.AUTOTUNE)": ["map", "batch", "prefetch"],
    "tf.data.Dataset.range(10).repeat()": ["repeat"],
    "tf.data.TFRecordDataset('x').map(f)": ["map"],
    "unknown.shuffle(100)": None,
    "d if unknown else unknown": None,
    "d.batch(32) if unknown else d": None,
    "x": None,
    "keras.utils.image_dataset_from_directory('x').shuffle(10)": ["shuffle"],
}


@pytest.mark.parametrize("text", CHAINS)
def test_a_pipeline_is_a_chain(text: str) -> None:
    assert chain(text) == CHAINS[text]


FACTS = {
    "d": (100, None, False),
    "d.batch(32)": (100, 32, False),
    "d.batch(batch_size=32)": (100, 32, False),
    "d.batch(32, drop_remainder=True)": (100, 32, True),
    "d.batch(32, True)": (100, 32, True),
    "d.batch(32, drop_remainder=unknown)": (100, 32, None),
    "d.batch(32, **unknown)": (100, 32, None),
    "d.batch(unknown)": (100, None, False),
    "d.take(10).batch(4)": (10, 4, False),
    "d.skip(30).batch(4)": (70, 4, False),
    "d.take(1000).batch(4)": (100, 4, False),
    "d.skip(1000).batch(4)": (0, 4, False),
    "d.shuffle(9).map(f).cache().batch(4)": (100, 4, False),
    "d.filter(f).batch(4)": (None, 4, False),
    "d.repeat().batch(4)": (None, 4, False),
    "d.batch(4).take(3)": (100, 4, False),
    "d.padded_batch(4)": (100, 4, False),
    "tf.data.Dataset.range(10).batch(4)": (10, 4, False),
    "tf.data.Dataset.from_tensor_slices(r).batch(4)": (100, 4, False),
    "tf.data.Dataset.from_tensor_slices({'a': x, 'b': y}).batch(4)": (100, 4, False),
    "tf.data.Dataset.from_generator(f).batch(4)": (None, 4, False),
}


@pytest.mark.parametrize("text", FACTS)
def test_what_a_pipeline_is_known_to_do(text: str) -> None:
    pipeline = pipeline_of(given(f"{START}reveal({text})"))
    assert pipeline is not None
    assert (pipeline.size, pipeline.batch_size, pipeline.drops_remainder) == FACTS[text]


def test_a_pipeline_knows_its_arrays() -> None:
    def arrays(source: str) -> list[str] | None:
        pipeline = pipeline_of(given(f"{START}reveal({source}.batch(2))"))
        assert pipeline is not None
        return None if pipeline.arrays is None else [label(array) for array in pipeline.arrays]

    assert arrays("tf.data.Dataset.from_tensor_slices((1, 2))") == ["1", "2"]
    assert arrays("tf.data.Dataset.from_tensor_slices({'a': 1})") == ["1"]
    assert arrays("tf.data.Dataset.from_tensor_slices(1)") == ["1"]
    assert arrays("tf.data.Dataset.range(3)") is None


STEP = """
def step(a, b):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(a) - b))
    g = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(g, model.trainable_variables))
"""

Fact = tuple[int | None, int | None, bool | None, bool]


def feeds(text: str) -> list[Fact]:
    """Of each feed: the examples, the batch, whether the rest is kept, and whether there are epochs."""
    return [(feed.size, feed.batch, feed.keeps_tail, feed.epochs) for _, feed in program(START + STEP + text).feeds]


LOOPS: dict[str, list[Fact]] = {
    "for a, b in d.batch(32): step(a, b)": [(100, 32, True, False)],
    "for e in range(3):\n  for a, b in d.batch(32): step(a, b)": [(100, 32, True, True)],
    "for e in range(3):\n  for a, b in d.batch(32, True): step(a, b)": [(100, 32, False, True)],
    "for e in range(3):\n  for i, (a, b) in enumerate(d.batch(32)): step(a, b)": [(100, 32, True, True)],
    "b = d.batch(32)\nfor e in range(3):\n  for a, c in b: step(a, c)": [(100, 32, True, True)],
    "for a, b in d.batch(32).repeat(): step(a, b)": [(100, 32, True, True)],
    "for a, b in d.batch(32).take(2): step(a, b)": [(100, 32, None, False)],
    "import tqdm\nfor a, b in tqdm.tqdm(d.batch(32)): step(a, b)": [(100, 32, True, False)],
    "for b in d.batch(32): step(*b)": [(100, 32, True, False)],
    "for b in d.batch(32): step(b[0], b[1])": [(100, 32, True, False)],
    "for b in d.batch(32):\n  a, c = b\n  step(a, c)": [(100, 32, True, False)],
    "it = iter(d.batch(32))\nfor i in range(9):\n  a, b = next(it)\n  step(a, b)": [(100, 32, None, False)],
    "for i in range(0, len(x), 32): step(x[i:i + 32], y[i:i + 32])": [(100, 32, True, False)],
    "for e in range(3):\n  for i in range(0, 100, 32): step(x[i:i + 32], y[i:i + 32])": [(100, 32, True, True)],
    "n = len(unknown) // 32\nfor i in range(n): step(x[i * 32:(i + 1) * 32], y[i * 32:(i + 1) * 32])": [
        (100, 32, False, False)
    ],
    "for i in range(int(len(x) / 32)): step(x[i * 32:(i + 1) * 32], y[i * 32:(i + 1) * 32])": [(100, 32, False, False)],
    "for i in range(90): step(x[i:i + 10], y[i:i + 10])": [],
    "step(x, y)": [],
    "for a, b in unknown: step(a, b)": [],
    "def batches(): yield from d.batch(32)\nfor a, b in batches(): step(a, b)": [(100, 32, True, False)],
    "def batches(n):\n  for i in range(0, 100, n): yield x[i:i + n], y[i:i + n]\nfor a, b in batches(8): step(a, b)": [
        (100, 8, True, False)
    ],
}


@pytest.mark.parametrize("text", LOOPS)
def test_what_a_loop_feeds(text: str) -> None:
    assert feeds(text) == LOOPS[text]


FITS: dict[str, list[Fact]] = {
    "model.fit(x, y)": [(100, 32, True, False)],
    "model.fit(x, y, 16, 5)": [(100, 16, True, True)],
    "model.fit(x, y, batch_size=16, epochs=5)": [(100, 16, True, True)],
    "model.fit(x, y, batch_size=None)": [(100, 32, True, False)],
    "model.fit(x, y, batch_size=unknown)": [(100, None, True, False)],
    "model.fit(x, y, epochs=unknown)": [(100, 32, True, True)],
    "model.fit(x, y, validation_split=0.2)": [(80, 32, True, False)],
    "model.fit(x, y, validation_split=unknown)": [(None, 32, True, False)],
    "model.fit(d.batch(32), epochs=5)": [(100, 32, True, True)],
    "model.fit(d.batch(32, drop_remainder=True))": [(100, 32, False, False)],
    "model.fit(x=d.batch(32))": [(100, 32, True, False)],
    "model.fit(x, y, **unknown)": [],
    "model.fit(*unknown)": [],
    "model.fit()": [],
    "model.train_on_batch(x, y)": [],
    "for a, b in d.batch(32): model.train_on_batch(a, b)": [(100, 32, True, False)],
}


@pytest.mark.parametrize("text", FITS)
def test_what_a_fit_feeds(text: str) -> None:
    assert feeds(text) == FITS[text]


TAILS = {
    "d.batch(32)": (4, 4),
    "d.batch(50)": (0, 2),
    "d.batch(32, True)": (0, 4),
    "d.batch(unknown)": (None, None),
    "d.filter(f).batch(32)": (None, None),
}


@pytest.mark.parametrize("text", TAILS)
def test_the_last_batch(text: str) -> None:
    ((_, feed),) = program(f"{START}{STEP}for a, b in {text}: step(a, b)").feeds
    assert (feed.tail, feed.batches) == TAILS[text]


def test_a_program_that_looks_at_the_size_of_a_batch_knows_of_the_smaller_one() -> None:
    text = "for a, b in d.batch(32):\n  if len(a) < 32: continue\n  step(a, b)"
    assert feeds(text) == [(100, 32, None, False)]


def test_scoring_in_a_loop_is_an_evaluation() -> None:
    text = "m = keras.metrics.Mean()\nfor a, b in d: step(a, b)\nfor a, b in d: m.update_state(model(a))"
    assert [call.op for call in program(START + STEP + text).evaluations] == ["forward", "keras.Metric.update_state"]
