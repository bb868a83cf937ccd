"""What other packages would download is made up: texts, and the datasets of `tensorflow_datasets`."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.probe.programs import Observed, observe

PACKAGE = {
    "__init__.py": """\
        from tensorflow_datasets import core


        def load(name, split=None, as_supervised=False, batch_size=None):
            builder = core.DatasetBuilder(name)
            builder.download_and_prepare()
            return builder.as_dataset(split=split, as_supervised=as_supervised, batch_size=batch_size), builder.info
    """,
    "core/__init__.py": """\
        import collections
        import tensorflow as tf
        from tensorflow_datasets.core import splits

        TensorInfo = collections.namedtuple("TensorInfo", "shape tf_dtype")
        Feature = collections.namedtuple("Feature", "shape num_classes")


        class Features:
            def _flatten(self, value):
                parts = {"image": Feature((28, 28, 1), None), "label": Feature((), 10), "text": Feature((), None)}
                return [value[name] for name in sorted(parts)] if isinstance(value, dict) else list(parts.values())

            def _nest(self, flat):
                return dict(zip(["image", "label", "text"], flat))

            def get_tensor_info(self):
                return {
                    "image": TensorInfo((None, 28, 1), tf.uint8),
                    "label": TensorInfo((), tf.int64),
                    "text": TensorInfo((), tf.string),
                }


        class Info:
            features, supervised_keys, splits = Features(), ("image", "label"), {}

            def set_splits(self, value):
                self.splits = value


        class DatasetBuilder:
            def __init__(self, name):
                self.name, self.info = name, Info()

            def download_and_prepare(self):
                raise OSError("there is no network")

            def as_dataset(self, split=None, *, batch_size=None, as_supervised=False):
                raise AssertionError("there are no files")
    """,
    "core/splits.py": """\
        import dataclasses


        @dataclasses.dataclass
        class SplitInfo:
            name: str
            shard_lengths: list
            num_bytes: int

            @property
            def num_examples(self):
                return sum(self.shard_lengths)


        class SplitDict(dict):
            def __init__(self, infos):
                super().__init__({info.name: info for info in infos})
    """,
}
"""The parts of the package that the probe touches, by the names and with the arguments of its version 4.9."""

PROGRAM = """\
    import keras
    import numpy as np
    import tensorflow_datasets as tfds

    path = keras.utils.get_file("shakespeare.txt", origin="https://example.org/shakespeare.txt")
    text = open(path, encoding="utf-8").read()
    print(len(text) > 100_000, len(set(text)) > 20, text == open(path).read())
    try:
        keras.utils.get_file("flowers.tgz", origin="https://example.org/flowers.tgz", extract=True)
    except Exception as error:
        print(type(error).__name__)

    parts, info = tfds.load("mnist", as_supervised=True)
    print(sorted(parts), info.splits["train"].num_examples, len(parts["test"]))
    images, labels = next(iter(parts["train"].batch(400)))
    print(images.shape, images.dtype.name, labels.dtype.name, sorted(set(labels.numpy().tolist())))
    again = next(iter(parts["train"].batch(400)))[0]
    print(np.array_equal(images, again), np.array_equal(images[:100], next(iter(parts["test"].batch(100)))[0]))
    means = np.stack([images.numpy()[labels == each].mean(axis=0) for each in range(10)])
    apart = np.abs(means[:, None] - means[None]).mean()
    print(apart > np.abs(images.numpy()[labels == 3] - means[3]).mean() / 2)
    (example,) = tfds.load("unheard_of", split="train")[0].take(1)
    print(sorted(example), example["text"].dtype.name, len(example["text"].numpy().split()))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    folder = tmp_path_factory.mktemp("downloads")
    for name, text in PACKAGE.items():
        path: Path = folder / "tensorflow_datasets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return observe(folder, PROGRAM)


def test_what_would_be_downloaded_is_made_up(seen: Observed) -> None:
    assert seen.record.end == "finished", seen.record.stderr
    assert seen.record.stdout.splitlines() == [
        "True True True",
        "Downloading data from https://example.org/flowers.tgz",
        "Exception",
        "['test', 'train'] 60000 10000",
        "(400, 128, 28, 1) uint8 int64 [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]",
        "True False",
        "True",
        "['image', 'label', 'text'] string 24",
    ]


def test_and_so_it_is_said(seen: Observed) -> None:
    assert [(each.what, each.by) for each in seen.record.replacements] == [
        ("the file shakespeare.txt", "a synthetic text of common words"),
        ("the dataset mnist", "synthetic data of the same types and the same sizes"),
        ("the dataset unheard_of", "synthetic data of the same types and invented sizes"),
    ]
    assert [denial.action for denial in seen.record.denials] == ["use the network"]


def test_made_up_data_break_no_rule_about_data(tmp_path: Path) -> None:
    imbalanced = """\
    import numpy as np
    import tensorflow as tf
    {load}
    x, y = np.random.normal(size=(256, 4)).astype("float32"), np.arange(256) // 250
    model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2)])
    model.compile("sgd", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=64, verbose=0)
    """
    found = [
        [rule for rule, _, _ in observe(tmp_path, imbalanced.format(load=load)).discovered()]
        for load in ("", "tf.keras.datasets.boston_housing.load_data()")
    ]
    assert found == [["class-imbalance"], []]
