"""Watches `tf.function`: what runs inside of one, how often they are called and traced."""

import contextlib
from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.impl import api as autograph
from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function as TensorFlowFunction

from tapelint.probe.child.hooks.boundary import given, taken
from tapelint.probe.child.witness import Witness, deeper, patch
from tapelint.record import Function, Site


def install(witness: Witness) -> None:
    """Put the wrappers in place, and make what would be compiled run eagerly if values are wanted."""
    tf.config.run_functions_eagerly(not witness.plan.graph)
    for owner, name in (
        (tf.config, "run_functions_eagerly"),
        (tf.config, "experimental_run_functions_eagerly"),
        (tf.compat.v1.config, "experimental_run_functions_eagerly"),
    ):
        if hasattr(owner, name):
            patch(owner, name, lambda _: _keeping_mode)
    book = _Book(witness)
    patch(TensorFlowFunction, "__call__", book.calling)
    if witness.plan.graph:
        patch(autograph, "_convert_actual", lambda original: _learning(witness, original))


def _learning(witness: Witness, original: Any) -> Any:
    """A wrapper for the conversion of Python to graphs, by which lines of generated files lead back to the user's."""

    def convert(entity: Any, *arguments: Any) -> Any:
        converted = original(entity, *arguments)
        with witness.attention():
            lines: dict[str, dict[int, int]] = {}
            for place, origin in converted.ag_source_map.items():
                lines.setdefault(place.filename, {})[place.lineno] = origin.loc.lineno
            code = getattr(getattr(entity, "__func__", entity), "__code__", None)
            for generated, known in lines.items():
                if code is not None:
                    witness.sites.learn(generated, code, known)
        return converted

    return convert


def _keeping_mode(run_eagerly: bool) -> None:
    """The program's own wish; how functions run is the probe's choice."""


_ARRAYS = ("tensor", "array")

_KNOWN = "_tapelint_known"
"""The mark on a `tf.function` that has been counted."""


class _Counts:
    def __init__(self, number: int, where: Site, name: str) -> None:
        self.number = number
        self.where = where
        self.name = name
        self.calls = 0
        self.traces = 0
        self.objects = 0
        self.signatures: set[object] = set()
        self.values: dict[object, set[object]] = {}
        self.shapes: dict[object, set[object]] = {}

    def note(self, signature: tuple[tuple[str, object], ...]) -> None:
        """Take in the arguments of one call."""
        self.calls += 1
        self.signatures.add(signature)
        arrays = tuple(each if each[0] in _ARRAYS else each[0] for each in signature)
        others = tuple(each[0] if each[0] in _ARRAYS else each for each in signature)
        self.values.setdefault(arrays, set()).add(others)
        self.shapes.setdefault(others, set()).add(arrays)

    def entry(self) -> Function:
        return Function(
            self.number,
            self.where,
            self.name,
            self.where.line,
            self.calls,
            len(self.signatures),
            self.traces,
            self.objects,
            max(map(len, self.values.values()), default=1),
            max(map(len, self.shapes.values()), default=1),
        )


class _Book:
    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.counts: dict[object, _Counts] = {}
        self.traced: dict[int, int] = {}

    def calling(self, original: Any) -> Any:
        """A wrapper for the call of any `tf.function`."""

        def call(function: Any, *arguments: Any, **keywords: Any) -> Any:
            witness = self.witness
            counts = self._counts(function)
            outermost = witness.depth.function == 0 and tf.executing_eagerly()
            if witness.plan.graph and outermost and counts is not None:
                witness.budget.check()
            emulated = counts is not None and tf.executing_eagerly() and not witness.plan.graph
            if emulated:
                with witness.attention():
                    arguments, keywords = taken(function, arguments, keywords)
            with deeper(witness.depth, "function"):
                result = original(function, *arguments, **keywords)
            with witness.attention():
                if counts is not None and outermost:
                    self._count(counts, function, arguments, keywords)
                if emulated:
                    result = given(result)
            return result

        return call

    def _counts(self, function: Any) -> _Counts | None:
        python = getattr(function, "_python_function", None)
        code = getattr(getattr(python, "__func__", python), "__code__", None)
        code = code or getattr(getattr(python, "__wrapped__", None), "__code__", None)
        where = None if code is None else self.witness.sites.of_code(code)
        if code is None or where is None:
            return None
        if code not in self.counts:
            number = self.witness.scribe.number("functions")
            self.counts[code] = _Counts(number, where, code.co_qualname)
        return self.counts[code]

    def _count(self, counts: _Counts, function: Any, arguments: Any, keywords: Any) -> None:
        if not hasattr(function, _KNOWN):
            setattr(function, _KNOWN, True)
            counts.objects += 1
        counts.note(tuple(_signature(value) for value in tf.nest.flatten((arguments, keywords))))
        if self.witness.plan.graph:
            with contextlib.suppress(Exception):
                # A function that is made again each time has a count of its own each time.
                now = function.experimental_get_tracing_count()
                counts.traces += now - self.traced.get(id(function), 0)
                self.traced[id(function)] = now
            self.witness.budget.update(counts.number)
        self.witness.scribe.grow("functions", counts.number, counts.entry)


def _signature(value: Any) -> tuple[str, object]:
    """What a trace is made for: the type of a tensor, the value of a Python number, the identity of anything else."""
    if tf.is_tensor(value) and hasattr(value, "shape"):
        return "tensor", (str(value.shape), str(value.dtype))
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return "array", (str(value.shape), str(value.dtype))
    if value is None or isinstance(value, bool | int | float | str):
        return type(value).__name__, value
    return type(value).__name__, id(value)
