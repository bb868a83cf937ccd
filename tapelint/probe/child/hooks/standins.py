"""Stand-ins for what would be downloaded: the data sets and the trained weights that come with Keras.

The data have the sizes, shapes and types of the real ones, because programs rely on them (`reshape(60000, 784)`). They
are the same in every run, can be learned, and say nothing about the world.
"""

import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from tapelint.probe.child.witness import Witness, patch

Array = np.ndarray[Any, Any]
Arguments = dict[str, Any]

VOCABULARY = 20_000
WEIGHTS_OF = "imagenet"


def install(witness: Witness) -> None:
    """Put the stand-ins in place."""
    for name, functions in DATA.items():
        source = importlib.import_module(f"keras.src.datasets.{name}")
        for function, make in functions.items():
            original = getattr(source, function)
            standin = _standin(witness, f"keras.datasets.{name}.{function}", original, make)
            for module in modules_with(original, function):
                patch(module, function, _instead(standin))
    for original in _pretrained():
        standin = _untrained(witness, original)
        for module in modules_with(original, original.__name__):
            patch(module, original.__name__, _instead(standin))


def _instead(standin: Any) -> Callable[[Any], Any]:
    return lambda _: standin


def modules_with(value: Any, name: str) -> list[Any]:
    """The modules of Keras, and of TensorFlow's Keras, that offer this function."""
    return [
        module
        for key, module in list(sys.modules.items())
        if key.startswith(("keras", "tensorflow.keras")) and getattr(module, "__dict__", {}).get(name) is value
    ]


def _standin(witness: Witness, name: str, original: Any, make: Callable[[Arguments], Any]) -> Any:
    signature = inspect.signature(original)

    def load(*arguments: Any, **keywords: Any) -> Any:
        bound = signature.bind(*arguments, **keywords)
        bound.apply_defaults()
        witness.replace(name, "synthetic data of the same sizes and types")
        return make(dict(bound.arguments))

    return load


def _pretrained() -> list[Any]:
    import keras

    folder = keras.applications
    functions = {
        value
        for module in [folder, *(part for part in vars(folder).values() if inspect.ismodule(part))]
        for value in vars(module).values()
        if inspect.isfunction(value) and "weights" in inspect.signature(value).parameters
    }
    return sorted(functions, key=lambda function: function.__name__)


def _untrained(witness: Witness, original: Any) -> Any:
    signature = inspect.signature(original)

    def build(*arguments: Any, **keywords: Any) -> Any:
        bound = signature.bind(*arguments, **keywords)
        bound.apply_defaults()
        if bound.arguments["weights"] == WEIGHTS_OF:
            bound.arguments["weights"] = None
            witness.replace(f"the {WEIGHTS_OF} weights of {original.__name__}", "random weights")
        return original(*bound.args, **bound.kwargs)

    return build


def _images(shape: tuple[int, ...], classes: int, train: int, test: int, column: bool) -> Callable[[Arguments], Any]:
    def make(_: Arguments) -> Any:
        random = np.random.default_rng(classes)
        patterns = random.integers(0, 160, (classes, *shape), dtype=np.uint8)
        noise = random.integers(0, 96, (64, *shape), dtype=np.uint8)

        def part(size: int) -> tuple[Array, Array]:
            labels = random.integers(0, classes, size, dtype=np.uint8)
            images = patterns[labels]
            images += noise[random.integers(0, len(noise), size)]
            return images, labels.reshape(-1, 1) if column else labels

        return part(train), part(test)

    return make


def _table(columns: int, rows: Callable[[Arguments], int], dtype: str) -> Callable[[Arguments], Any]:
    def make(arguments: Arguments) -> Any:
        random = np.random.default_rng(columns)
        size = rows(arguments)
        x = random.normal(size=(size, columns))
        y = 20 + x @ random.normal(size=columns) + random.normal(size=size) / 4
        first = int(size * (1 - arguments["test_split"]))
        x, y = x.astype(dtype), y.astype(dtype)
        return (x[:first], y[:first]), (x[first:], y[first:])

    return make


def _texts(classes: int, sizes: Callable[[Arguments], tuple[int, int]]) -> Callable[[Arguments], Any]:
    def make(arguments: Arguments) -> Any:
        random = np.random.default_rng(classes)
        first = int(arguments["index_from"] or 0) + 1
        last = min(int(arguments["num_words"] or VOCABULARY), VOCABULARY)
        start = [] if arguments["start_char"] is None else [arguments["start_char"]]
        longest = min(48, int(arguments["maxlen"] or 48) - 1)

        def part(size: int) -> tuple[Array, Array]:
            labels = random.integers(0, classes, size)
            lengths = random.integers(min(16, longest), longest + 1, size)
            words = random.integers(first, max(last, first + 1), (size, longest))
            # A text of a class likes the words whose number leaves the class as a remainder.
            liked = np.minimum(words - words % classes + labels[:, None], last - 1)
            words = np.where(random.random(words.shape) < 0.3, np.maximum(liked, first), words)
            texts = np.empty(size, dtype=object)
            for index, (row, length) in enumerate(zip(words.tolist(), lengths.tolist(), strict=True)):
                texts[index] = start + row[:length]
            return texts, labels

        train, test = sizes(arguments)
        return part(train), part(test)

    return make


def _word_index(_: Arguments) -> dict[str, int]:
    return {f"word{number}": number for number in range(1, VOCABULARY)}


def _reuters_sizes(arguments: Arguments) -> tuple[int, int]:
    train = int(11_228 * (1 - arguments["test_split"]))
    return train, 11_228 - train


DATA: dict[str, dict[str, Callable[[Arguments], Any]]] = {
    "mnist": {"load_data": _images((28, 28), 10, 60_000, 10_000, False)},
    "fashion_mnist": {"load_data": _images((28, 28), 10, 60_000, 10_000, False)},
    "cifar10": {"load_data": _images((32, 32, 3), 10, 50_000, 10_000, True)},
    "cifar100": {"load_data": _images((32, 32, 3), 100, 50_000, 10_000, True)},
    "boston_housing": {"load_data": _table(13, lambda _: 506, "float64")},
    "california_housing": {
        "load_data": _table(8, lambda arguments: 600 if arguments["version"] == "small" else 20_640, "float32")
    },
    "imdb": {"load_data": _texts(2, lambda _: (25_000, 25_000)), "get_word_index": _word_index},
    "reuters": {"load_data": _texts(46, _reuters_sizes), "get_word_index": _word_index},
}
"""What each function of each module of `keras.datasets` is replaced by."""
