"""Watches variables that the user's code changes in place: the update by hand."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable, ResourceVariable

from tapelint.probe.child.identities import name_of
from tapelint.probe.child.snapshot import Snapshot
from tapelint.probe.child.witness import Witness, patch
from tapelint.record import Assignment

OPERATIONS = ("assign", "assign_add", "assign_sub")
SCATTERING = ("scatter_add", "scatter_sub", "scatter_update", "scatter_nd_add", "scatter_nd_sub", "scatter_nd_update")


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    watch = _Watch(witness)
    for name in OPERATIONS:
        patch(keras.Variable, name, watch.wrapper(name))
    for name in OPERATIONS + SCATTERING:
        for kind in (BaseResourceVariable, ResourceVariable):
            # The latter, which `tf.Variable` makes, has some of them over again.
            if name in vars(kind):
                patch(kind, name, watch.wrapper(name))


class _Watch:
    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.seen: dict[object, Assignment] = {}

    def wrapper(self, operation: str) -> Any:
        """A wrapper for the methods of this name."""

        def wrap(original: Any) -> Any:
            def change(variable: Any, *arguments: Any, **keywords: Any) -> Any:
                if self.witness.depth.update or not self.witness.sites.own():
                    return original(variable, *arguments, **keywords)
                return self._watched(operation, original, variable, *arguments, **keywords)

            return change

        return wrap

    def _watched(self, operation: str, original: Any, variable: Any, *arguments: Any, **keywords: Any) -> Any:
        witness = self.witness
        number = witness.identities.number(variable)
        call = witness.gradients.latest_call.get(number)
        before = None
        with witness.attention():
            before = Snapshot(variable) if call is not None and tf.executing_eagerly() else None
        result = original(variable, *arguments, **keywords)
        with witness.attention():
            moved = None if before is None else before.moved(Snapshot(variable))
            self._note(operation, number, name_of(variable), call is not None, moved)
        if call is not None and witness.fit is None and tf.executing_eagerly():
            witness.budget.manual_update(call)
        return result

    def _note(self, operation: str, number: int, name: str, source: bool, moved: float | None) -> None:
        witness = self.witness
        where = witness.sites.here()
        key = operation, number, where and where.spot
        known = self.seen.get(key)
        if known is None:
            entry = witness.scribe.number("assignments")
            known = Assignment(entry, where, operation, number, name, source, witness.in_function, 0, None)
        self.seen[key] = dataclasses.replace(
            known, times=known.times + 1, source=known.source or source, moved=_most(known.moved, moved)
        )
        witness.scribe.grow("assignments", known.number, lambda: self.seen[key])


def _most(left: float | None, right: float | None) -> float | None:
    return max((value for value in (left, right) if value is not None), default=None)
