"""What calling a model changes, and how it is put back, so that a model can be called again as if it had not been."""

import contextlib
import io
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
from tensorflow.python.eager import context

from tapelint.probe.child.identities import is_variable
from tapelint.probe.child.snapshot import array

LIBRARIES = ("keras.src.", "tensorflow.python.")

PLAIN = (bool, int, float, str, type(None))
"""The types of attributes that a layer of the user's own may change when it is called, and that can be set again."""


class State:
    """The variables of a layer, the penalties of its last call, its plain attributes, and all random numbers."""

    def __init__(self, layer: Any) -> None:
        parts = parts_of(layer)
        self._values = [(each, array(each).copy()) for each in _variables(layer, parts)]
        self._losses = [(each, list(each._losses), set(each._loss_ids)) for each in parts]
        own = [each for each in parts if not str(type(each).__module__).startswith(LIBRARIES)]
        self._attributes = [(each, {k: v for k, v in vars(each).items() if type(v) in PLAIN}) for each in own]
        self._chance = _Chance()

    def restore(self) -> None:
        """Have everything as it was."""
        for variable, value in self._values:
            if not np.array_equal(array(variable), value):
                variable.assign(value)
        for layer, losses, numbers in self._losses:
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(numbers)
        for layer, attributes in self._attributes:
            vars(layer).update(attributes)
        self._chance.restore()

    def moved(self) -> list[str]:
        """The statistics, such as those of normalization, that are not as they were."""
        return [
            str(getattr(variable, "path", variable.name))
            for variable, value in self.statistics()
            if not np.array_equal(array(variable), value)
        ]

    def statistics(self) -> list[tuple[Any, Any]]:
        """The statistics, and what they were."""
        return [each for each in self._values if not each[0].trainable and each[1].dtype.kind == "f"]


class _Chance:
    """The state of every source of random numbers that does not belong to a layer."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._numpy = np.random.get_state()
        eager = getattr(context.context(), "_rng", None)
        self._eager = (eager, eager.getstate()) if isinstance(eager, random.Random) else None
        shared = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
        self._keras = (shared.state, array(shared.state).copy()) if shared is not None else None

    def restore(self) -> None:
        """Have all of them as they were."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        if self._eager is not None:
            self._eager[0].setstate(self._eager[1])
        if self._keras is not None:
            self._keras[0].assign(self._keras[1])


def parts_of(layer: Any) -> list[Any]:
    """A layer, and all those within it."""
    return list(layer._flatten_layers(include_self=True, recursive=True))


def numbers_of(layer: Any) -> int:
    """How many numbers there are in the weights of a layer."""
    return sum(int(np.prod(each.shape)) for each in layer.variables)


@contextlib.contextmanager
def kept(layers: list[Any]) -> Iterator[None]:
    """Have the layers, and chance, afterwards as they are now, and nothing printed."""
    now = [State(layer) for layer in layers]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        for state in now:
            state.restore()


def _variables(layer: Any, parts: list[Any]) -> list[Any]:
    """The variables of a layer, and those that hang on its parts without being weights."""
    loose = [value for part in parts for value in vars(part).values() if is_variable(value)]
    every = [*layer.variables, *(value for value in loose if isinstance(value, tf.Variable))]
    return list({id(each): each for each in every}.values())
