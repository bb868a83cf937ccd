"""Watches layers, models and variables being made."""

import dataclasses
from typing import Any, Literal

import keras
from keras.src.models.functional import Functional
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

from tapelint.probe.child.witness import Witness, patch, put
from tapelint.record import Construction

KERAS = (
    "keras/src/models/model.py",
    "keras/src/models/functional.py",
    "keras/src/layers/layer.py",
    "keras/src/ops/operation.py",
    "keras/src/backend",
)
"""The files that a constructor called by the user's code goes through."""

SEQUENTIAL = "keras/src/models/sequential.py"
"""The file of a model that makes a functional one for itself."""
TENSORFLOW = (
    "tensorflow/python/ops",
    "tensorflow/python/util",
    "tensorflow/python/eager",
    "tensorflow/python/trackable",
)


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    book = _Book(witness)
    new: Any = keras.Layer.__new__

    def make(kind: Any, *arguments: Any, **keywords: Any) -> Any:
        layer = new(kind, *arguments, **keywords)
        own = witness.sites.own(*KERAS, *(() if isinstance(layer, Functional) else (SEQUENTIAL,)))
        with witness.attention():
            witness.origins[witness.identities.number(layer)] = witness.sites.here()
            if own:
                book.note("model" if isinstance(layer, keras.Model) else "layer", type(layer).__name__)
        return layer

    put(keras.Layer, "__new__", staticmethod(make))
    patch(keras.Variable, "__init__", lambda original: book.variable(original, KERAS))
    patch(BaseResourceVariable, "__init__", lambda original: book.variable(original, TENSORFLOW))


class _Book:
    """What was made, by the place in the user's code."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.seen: dict[object, Construction] = {}

    def variable(self, original: Any, through: tuple[str, ...]) -> Any:
        """A wrapper for the constructor of a variable."""

        def make(variable: Any, *arguments: Any, **keywords: Any) -> None:
            original(variable, *arguments, **keywords)
            if self.witness.sites.own(*through):
                with self.witness.attention():
                    self.note("variable", type(variable).__name__)

        return make

    def note(self, what: Literal["model", "layer", "variable"], kind: str) -> None:
        """Something was made."""
        witness = self.witness
        where = witness.sites.here()
        in_call = bool(witness.depth.layer)
        key = what, kind, in_call, where and (where.spot, where.column)
        known = self.seen.get(key)
        if known is None:
            number = witness.scribe.number("constructions")
            taped, in_function = bool(witness.tapes.recording), witness.in_function
            known = Construction(number, where, what, kind, in_call, in_function, taped, 0, 0)
        steps = witness.scribe.given("gradients")
        self.seen[key] = dataclasses.replace(known, steps=steps, times=known.times + 1)
        witness.scribe.grow("constructions", known.number, lambda: self.seen[key])
