"""Watches, where functions are compiled, the Python that only runs while they are traced: draws, clocks, print."""

import builtins
import random
import time
from collections.abc import Callable
from typing import Any

import numpy
import tensorflow as tf

from tapelint.probe.child.witness import Witness, patch
from tapelint.record import PythonCall, Site

AUTOGRAPH = "tensorflow/python/autograph"
"""The files through which TensorFlow calls what the user's code calls."""

_RANDOM = (
    *("rand", "randn", "randint", "random", "random_sample", "choice", "uniform", "normal", "standard_normal"),
    *("permutation", "shuffle", "beta", "binomial", "exponential", "gamma", "poisson"),
)
_PYTHON = ("random", "randint", "uniform", "choice", "choices", "sample", "shuffle", "gauss", "randrange")
_CLOCKS = ("time", "perf_counter", "monotonic", "process_time")


def install(witness: Witness) -> None:
    """Put the wrappers in place. A program that runs eagerly does all this each time, and needs no watching."""
    if not witness.plan.graph:
        return
    book = _Book(witness)
    for module, names in ((numpy.random, _RANDOM), (random, _PYTHON), (time, _CLOCKS), (builtins, ("print",))):
        for name in names:
            patch(module, name, book.calling(f"{module.__name__}.{name}".removeprefix("builtins.")))


class _Book:
    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.entries: dict[tuple[str, str, int, bool, bool], PythonCall] = {}

    def calling(self, name: str) -> Callable[[Any], Any]:
        """What makes a wrapper for a function of this name."""

        def wrap(original: Any) -> Any:
            def call(*arguments: Any, **keywords: Any) -> Any:
                if self.witness.sites.own(AUTOGRAPH):
                    with self.witness.attention():
                        self._note(name, self.witness.sites.here(), (arguments, keywords))
                return original(*arguments, **keywords)

            return call

        return wrap

    def _note(self, name: str, where: Site | None, given: Any) -> None:
        if where is None:
            return
        traced = not tf.executing_eagerly()
        symbolic = any(tf.is_tensor(value) and not hasattr(value, "numpy") for value in tf.nest.flatten(given))
        key = name, where.path, where.line, traced, symbolic
        known = self.entries.get(key)
        number = known.number if known else self.witness.scribe.number("python_calls")
        times = known.times + 1 if known else 1
        self.entries[key] = PythonCall(number, where, name, traced, symbolic, times)
        self.witness.scribe.grow("python_calls", number, lambda: self.entries[key])
