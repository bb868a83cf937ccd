"""Watches what the user's code asks of Python: draws, clocks and `print` while functions are traced, and eagerness."""

import builtins
import random
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy
import tensorflow as tf

from tapelint.probe.child.witness import Witness, patch
from tapelint.record import Caller, PythonCall, Site

AUTOGRAPH = "tensorflow/python/autograph"
"""The files through which TensorFlow calls what the user's code calls."""

WRAPPERS = ("/keras/src/", "/probe/child/")
"""The files of what stands around methods of Keras's."""

_RANDOM = (
    *("rand", "randn", "randint", "random", "random_sample", "choice", "uniform", "normal", "standard_normal"),
    *("permutation", "shuffle", "beta", "binomial", "exponential", "gamma", "poisson"),
)
_PYTHON = ("random", "randint", "uniform", "choice", "choices", "sample", "shuffle", "gauss", "randrange")
_CLOCKS = ("time", "perf_counter", "monotonic", "process_time")


def install(witness: Witness) -> None:
    """Put the wrappers in place. What runs eagerly runs each time, and needs no watching."""
    book = _Book(witness)
    patch(tf.config, "run_functions_eagerly", book.wishing("run_functions_eagerly", lambda given, _: bool(given[0])))
    owner = next(base for base in keras.Model.__mro__ if "compile" in base.__dict__)
    patch(owner, "compile", book.wishing("run_eagerly", lambda _, keywords: keywords.get("run_eagerly") is True))
    if not witness.plan.graph:
        return
    for module, names in ((numpy.random, _RANDOM), (random, _PYTHON), (time, _CLOCKS), (builtins, ("print",))):
        for name in names:
            patch(module, name, book.calling(f"{module.__name__}.{name}".removeprefix("builtins.")))


class _Book:
    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.entries: dict[tuple[str, Caller, bool, bool], PythonCall] = {}

    def wishing(self, name: str, asks: Callable[[Any, Any], bool]) -> Callable[[Any], Any]:
        """What makes a wrapper for a function that may be asked to have everything run eagerly."""

        def wrap(original: Any) -> Any:
            def call(*arguments: Any, **keywords: Any) -> Any:
                with self.witness.attention():
                    if self.witness.sites.own(*WRAPPERS) and asks(arguments, keywords):
                        self._note(name, self.witness.sites.here(), ())
                return original(*arguments, **keywords)

            return call

        return wrap

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
        key = name, where.spot, traced, symbolic
        known = self.entries.get(key)
        number = known.number if known else self.witness.scribe.number("python_calls")
        times = known.times + 1 if known else 1
        self.entries[key] = PythonCall(number, where, name, traced, symbolic, times)
        self.witness.scribe.grow("python_calls", number, lambda: self.entries[key])
