"""Watches operations on two tensors whose shapes differ, and that are therefore done for every pair of elements."""

import dataclasses
import math
from typing import Any

import tensorflow as tf

from tapelint.probe.child.parity.seen import Crossing
from tapelint.probe.child.witness import Witness, patch
from tapelint.record import Broadcast

OPERATORS = ("__sub__", "__rsub__", "__mul__", "__rmul__")
FUNCTIONS = ("subtract", "multiply", "squared_difference", "equal")

Shape = tuple[int | None, ...]


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    book = _Book(witness)
    for name in OPERATORS:
        patch(tf.Tensor, name, book.watching)
    for module in (tf, tf.math):
        for name in FUNCTIONS:
            if hasattr(module, name):
                patch(module, name, book.watching)


class _Book:
    """The operations that gave more numbers than either side had, by the place in the user's code."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.seen: dict[object, Broadcast] = {}

    def watching(self, original: Any) -> Any:
        """A wrapper for an operation on two tensors."""

        def operate(left: Any, right: Any, *arguments: Any, **keywords: Any) -> Any:
            result = original(left, right, *arguments, **keywords)
            if self.witness.sites.own():
                with self.witness.attention():
                    shapes = _shape(left), _shape(right), _shape(result)
                    self._note(original.__name__.strip("_"), *shapes)
                    if shapes[2] not in shapes[:2] and not self.witness.quiet:
                        self.witness.follower.crossed(Crossing(shapes[0], shapes[1], result))
            return result

        return operate

    def _note(self, operation: str, left: Shape, right: Shape, result: Shape) -> None:
        sizes = [math.prod(size or 0 for size in shape) for shape in (left, right, result)]
        if not all(sizes) or sizes[2] <= max(sizes[:2]) or self.witness.quiet:
            return
        where = self.witness.sites.here()
        key = operation, where and (where.spot, where.column)
        known = self.seen.get(key)
        if known is None:
            number = self.witness.scribe.number("broadcasts")
            known = Broadcast(number, where, operation, left, right, result, 0)
        self.seen[key] = dataclasses.replace(known, times=known.times + 1)
        self.witness.scribe.grow("broadcasts", known.number, lambda: self.seen[key])


def _shape(value: Any) -> Shape:
    """The sizes of a tensor's axes; none for what is no tensor or array, such as a number."""
    try:
        return tuple(None if size is None else int(size) for size in getattr(value, "shape", ()))
    except (TypeError, ValueError):
        return ()
