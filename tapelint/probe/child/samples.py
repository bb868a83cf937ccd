"""What a fit is given, told from a first look: how large its inputs are, and which classes are held out."""

import contextlib
import itertools
from typing import Any

import numpy as np
import tensorflow as tf

from tapelint.probe.child.scores import extent
from tapelint.record import Extent

MOST_ROWS = 1_000
MOST_CLASSES = 1_000
"""Labels with more different values than this are no classes."""


SCALING = ("InputLayer", "Rescaling", "Normalization")
"""Layers at the beginning of a model that are there to prepare its inputs."""


def inputs_of(x: Any, model: Any) -> Extent | None:
    """How far the first of the inputs reach, as the model has prepared them for its other layers."""
    batches = itertools.islice(x, 1) if hasattr(x, "element_spec") else [x]
    for batch in batches:
        first: Any = next(iter(tf.nest.flatten(batch)), None)
        if hasattr(first, "shape") and np.ndim(first) > 0:
            first = first[:MOST_ROWS]
            for layer in itertools.takewhile(lambda layer: type(layer).__name__ in SCALING, _layers(model)):
                first = first if type(layer).__name__ == "InputLayer" else layer(first)
            return extent(first)
    return None


def _layers(model: Any) -> list[Any]:
    layers: list[Any] = list(getattr(model, "layers", ()))
    return layers


def classes_of_split(y: Any, share: Any) -> tuple[int, int] | None:
    """How many classes there are in all labels, and how many of them in the last rows, which `share` holds out."""
    if y is None or not share or not hasattr(y, "shape"):
        return None
    with contextlib.suppress(TypeError, ValueError):
        labels = np.asarray(y)
        numbers = labels.argmax(axis=-1) if labels.ndim > 1 and labels.shape[-1] > 1 else labels.reshape(-1)
        every = np.unique(numbers)
        held_out = np.unique(numbers[int(len(numbers) * (1 - float(share))) :])
        return (len(every), len(held_out)) if 1 < len(every) <= MOST_CLASSES else None
    return None
