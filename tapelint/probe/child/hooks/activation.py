"""Watches layers that let nothing below zero through, while they train: which of their units never say anything."""

import collections
import math
import weakref
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe.child.snapshot import array
from tapelint.probe.child.witness import Witness, patch
from tapelint.record import Activation, Site

FEWEST_CALLS = 4
ENOUGH_EXAMPLES = 128
"""How much of what came out lately is kept: so many calls, and more if they were small."""

MOST_NUMBERS = 1 << 24
"""The numbers in an output up to which it is looked at."""


def install(witness: Witness) -> None:
    """Put the wrapper in place."""
    patch(keras.Layer, "__call__", _Book(witness).calling)


class _Notes:
    """What came out of one layer lately."""

    def __init__(self, number: int, where: Site | None, layer: Any) -> None:
        self.number = number
        self.where = where
        self.name = str(layer.name)
        self.kind = type(layer).__name__
        self.latest: collections.deque[tuple[int, np.ndarray[Any, Any]]] = collections.deque()
        self.examples = 0
        self.calls = 0

    def take(self, output: "np.ndarray[Any, Any]") -> None:
        """One more output, its units in the last dimension."""
        highest = output.reshape(-1, output.shape[-1]).max(axis=0)
        if self.latest and len(self.latest[-1][1]) != len(highest):
            self.latest.clear()
        self.latest.append((len(output), highest))
        self.examples = sum(number for number, _ in self.latest)
        while len(self.latest) > FEWEST_CALLS and self.examples - self.latest[0][0] >= ENOUGH_EXAMPLES:
            self.examples -= self.latest.popleft()[0]
        self.calls += 1

    def entry(self) -> Activation:
        """The layer as the record has it."""
        highest = np.max([each for _, each in self.latest], axis=0)
        silent = int(np.sum(highest <= 0))
        return Activation(
            self.number, self.where, self.name, self.kind, len(highest), silent, self.examples, self.calls
        )


class _Book:
    """The layers, for as long as they live."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.known: weakref.WeakKeyDictionary[Any, _Notes] = weakref.WeakKeyDictionary()

    def calling(self, original: Any) -> Any:
        """A wrapper for the call of any layer."""

        def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
            result = original(layer, *arguments, **keywords)
            if self.witness.tapes.recording and not self.witness.quiet and _rectifies(layer):
                with self.witness.attention():
                    self._note(layer, result)
            return result

        return call

    def _note(self, layer: Any, result: Any) -> None:
        if not tf.is_tensor(result) or not hasattr(result, "numpy") or not _is_looked_at(result.shape):
            return
        witness = self.witness
        notes = self.known.get(layer)
        if notes is None:
            where = witness.origins.get(witness.identities.number(layer))
            notes = self.known[layer] = _Notes(witness.scribe.number("activations"), where, layer)
        notes.take(array(result))
        witness.scribe.grow("activations", notes.number, notes.entry)


def _rectifies(layer: Any) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope and not layer.threshold
    return getattr(getattr(layer, "activation", None), "__name__", "") == "relu"


def _is_looked_at(shape: Any) -> bool:
    return len(shape) > 1 and shape[0] is not None and 0 < math.prod(shape) <= MOST_NUMBERS
