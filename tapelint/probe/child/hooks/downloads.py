"""Stand-ins for what other tools would download: the datasets of `tensorflow_datasets`, and plain texts.

A dataset's features are known from its code, so the examples have the right names, shapes and types; the same label
goes with the same pattern, so that they can be learned. Sizes are the real ones where they are listed here.
"""

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import os
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

import keras
import tensorflow as tf

from tapelint.probe.child.hooks.standins import modules_with
from tapelint.probe.child.witness import Witness, patch, put

DATASETS = "tensorflow_datasets"

SIZES: dict[str, dict[str, int]] = {
    "mnist": {"train": 60_000, "test": 10_000},
    "fashion_mnist": {"train": 60_000, "test": 10_000},
    "cifar10": {"train": 50_000, "test": 10_000},
    "cifar100": {"train": 50_000, "test": 10_000},
    "imdb_reviews": {"train": 25_000, "test": 25_000, "unsupervised": 50_000},
    "cats_vs_dogs": {"train": 23_262},
    "tf_flowers": {"train": 3_670},
    "horses_or_humans": {"train": 1_027, "test": 256},
    "rock_paper_scissors": {"train": 2_520, "test": 372},
    "oxford_iiit_pet": {"train": 3_680, "test": 3_669},
    "oxford_flowers102": {"train": 1_020, "validation": 1_020, "test": 6_149},
    "ag_news_subset": {"train": 120_000, "test": 7_600},
    "iris": {"train": 150},
}

INVENTED = {"train": 2_000, "validation": 500, "test": 500}
"""The sizes of a dataset that is not listed."""

SIDE = 128
"""The height and width of an image whose size varies, and which has none in the dataset's description."""

LENGTH = 8
"""The length of anything else that varies."""

MARK = "_tapelint_standin"

COMMON = (
    "the of and a to in is that it was for on are as with his they at be this from have or by one had not but what all "
    "were when we there can an your which their said if do will each about how up out them then she many some so these "
    "would other into has more her two like him see time could no make than first been its who now people my made over "
    "did down only way find use may water long little very after words called just where most know"
)
WORDS = COMMON.split()

LETTERS = 200_000
"""The length of a text."""


def install(witness: Witness) -> None:
    """Put the stand-ins in place; those for a package that need not be there, when it is imported."""
    sys.meta_path.insert(0, _Arrival(functools.partial(_replace_datasets, witness)))
    original = keras.utils.get_file
    standin = _text_instead(witness, original)
    for module in modules_with(original, "get_file"):
        patch(module, "get_file", lambda _: standin)


class _Arrival(importlib.abc.MetaPathFinder):
    """Waits for a package, and does something to it as soon as it is there."""

    def __init__(self, greet: Callable[[ModuleType], None]) -> None:
        self._greet = greet

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Where the package is: the other finders know."""
        if fullname != DATASETS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._greet(module)

            put(spec.loader, "exec_module", exec_module)
        return spec


def _replace_datasets(witness: Witness, package: ModuleType) -> None:
    with witness.attention():
        patch(package.core.DatasetBuilder, "download_and_prepare", lambda original: _preparing(witness, original))
        patch(package.core.DatasetBuilder, "as_dataset", lambda original: _delivering(witness, original))


def _preparing(witness: Witness, original: Any) -> Any:
    def prepare(builder: Any, *arguments: Any, **keywords: Any) -> None:
        if builder.info.splits:
            original(builder, *arguments, **keywords)
            return
        splits = sys.modules[f"{DATASETS}.core.splits"]
        sizes = SIZES.get(builder.name, INVENTED)
        infos = [splits.SplitInfo(name=name, shard_lengths=[size], num_bytes=0) for name, size in sizes.items()]
        builder.info.set_splits(splits.SplitDict(infos))
        setattr(builder, MARK, True)
        size = "the same" if builder.name in SIZES else "invented"
        witness.replace(f"the dataset {builder.name}", f"synthetic data of the same types and {size} sizes")

    return prepare


def _delivering(witness: Witness, original: Any) -> Any:
    signature = inspect.signature(original)

    def deliver(builder: Any, *arguments: Any, **keywords: Any) -> Any:
        if not hasattr(builder, MARK):
            return original(builder, *arguments, **keywords)
        given = signature.bind(builder, *arguments, **keywords).arguments
        wanted = given.get("split")
        wanted = {name: name for name in builder.info.splits} if wanted is None else wanted
        with witness.unwatched():
            return tf.nest.map_structure(functools.partial(_part, builder, given), wanted)

    return deliver


def _part(builder: Any, given: dict[str, Any], split: Any) -> Any:
    """The examples of one split, or of a part of it such as `train[:80%]`."""
    numbers = tf.data.Dataset.range(builder.info.splits[split].num_examples)
    features, keys = builder.info.features, builder.info.supervised_keys
    seed = sum(map(ord, str(split)))

    def example(number: Any) -> Any:
        made = _example(features, number, seed)
        return tf.nest.map_structure(made.__getitem__, tuple(keys)[:2]) if given.get("as_supervised") else made

    data = numbers.map(example, num_parallel_calls=2)
    batch = given.get("batch_size")
    if not batch:
        return data
    whole = data.batch(batch if batch > 0 else builder.info.splits[split].num_examples)
    return whole if batch > 0 else whole.get_single_element()


def _example(features: Any, number: Any, seed: int) -> Any:
    """The example of this number: what is no label follows from the first label there is, and from chance."""
    specs = features._flatten(features.get_tensor_info())
    chances = [tf.stack([number, tf.constant(seed + place, tf.int64)]) for place in range(len(specs))]
    labels = {
        place: tf.random.stateless_uniform((), chances[place], maxval=feature.num_classes, dtype=tf.int64)
        for place, feature in enumerate(features._flatten(features))
        if getattr(feature, "num_classes", None) and not feature.shape
    }
    first = next(iter(labels.values()), tf.constant(0, tf.int64))
    made = [
        tf.cast(labels[place], spec.tf_dtype) if place in labels else _values(spec, chances[place], first)
        for place, spec in enumerate(specs)
    ]
    return features._nest(made)


def _values(spec: Any, chance: Any, label: Any) -> Any:
    """What a feature without a label has in one example."""
    picture = len(spec.shape) == 3
    shape = [size if size is not None else SIDE if picture else LENGTH for size in spec.shape]
    dtype = spec.tf_dtype
    if dtype == tf.string:
        return _saying(shape, chance, label)
    own = tf.random.stateless_uniform(shape, chance)
    pattern = tf.random.stateless_uniform(shape, tf.stack([label, tf.constant(len(shape), tf.int64)]))
    mixed = 0.6 * pattern + 0.4 * own
    if dtype == tf.bool:
        return mixed > 0.5
    return tf.cast(mixed * (255.0 if dtype == tf.uint8 else 10.0 if dtype.is_integer else 1.0), dtype)


def _saying(shape: list[int], chance: Any, label: Any) -> Any:
    """Words, some of which go with the label."""
    count = len(WORDS)
    numbers = tf.random.stateless_uniform([*shape, 24], chance, maxval=count, dtype=tf.int32)
    liked = (numbers // 8 * 8 + tf.cast(label, tf.int32) % 8) % count
    numbers = tf.where(numbers % 3 == 0, liked, numbers)
    return tf.strings.reduce_join(tf.gather(tf.constant(WORDS), numbers), axis=-1, separator=" ")


def _text_instead(witness: Witness, original: Any) -> Any:
    signature = inspect.signature(original)

    def get_file(*arguments: Any, **keywords: Any) -> Any:
        given = signature.bind(*arguments, **keywords).arguments
        name = PurePath(str(given.get("fname") or given.get("origin") or "")).name
        if not name.endswith(".txt") or given.get("extract") or given.get("untar"):
            return original(*arguments, **keywords)
        folder = Path(os.environ["KERAS_HOME"]) / "datasets"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(_text(), encoding="utf-8")
        witness.replace(f"the file {name}", "a synthetic text of common words")
        return str(path)

    return get_file


def _text() -> str:
    chance = random.Random(0)
    sentences: list[str] = []
    length = 0
    while length < LETTERS:
        words = chance.choices(WORDS, range(len(WORDS), 0, -1), k=chance.randint(4, 14))
        sentence = " ".join(words).capitalize() + chance.choice((".", ".", "?", ";")) + chance.choice((" ", " ", "\n"))
        sentences.append(sentence)
        length += len(sentence)
    return "".join(sentences)
