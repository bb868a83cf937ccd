"""Models called again as a step called them, in the same mode or in that of training, with the step's own loss."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tapelint.probe.child.identities import underlying
from tapelint.probe.child.parity.seen import Forward, Step, differentiable
from tapelint.probe.child.parity.solve import Vector, distance, flat
from tapelint.probe.child.parity.state import kept, numbers_of

MOST_NUMBERS = 1 << 24
"""The numbers in the weights of a layer up to which it is called again."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What calling the models again gave: the gradients that reach the variables through what came out of them.

    `penalties` are the gradients of the penalties that do not pass through the outputs, `outputs` what came out, and
    `moved` the statistics that changed.
    """

    data: Vector
    penalties: Vector
    outputs: list[Vector]
    moved: tuple[str, ...]

    def resembles(self, other: "Replay", within: float) -> bool:
        """Whether the models did the same both times."""
        pairs = zip(self.outputs, other.outputs, strict=False)
        same = all(left.shape == right.shape and distance(left, right) <= within for left, right in pairs)
        return same and self.moved == other.moved


def replayed(step: Step, forwards: list[Forward], variables: list[Any], training: bool | None) -> Replay:
    """The calls once more, each from the state in which it began; `training` is None for the mode they were in."""
    data, penalties = np.zeros(_length(variables)), np.zeros(_length(variables))
    outputs: list[Vector] = []
    moved: dict[str, None] = {}
    asked: set[int] = set()
    with kept([forward.layer for forward in forwards]):
        for forward in forwards:
            assert forward.state is not None
            forward.state.restore()
            with tf.GradientTape(persistent=True) as tape:
                again = _called(forward, training)
                extra = [] if id(forward.layer) in asked else forward.layer.losses
                total = tf.add_n([tf.cast(each, "float32") for each in extra]) if extra else None
            asked.add(id(forward.layer))
            moved.update(dict.fromkeys(forward.state.moved()))
            flows = [(each, step.weight(first)) for each, first in zip(again, forward.tensors, strict=False)]
            outputs += [np.asarray(each, "float64").reshape(-1) for each in again]
            data += _carried(tape, flows, variables)
            if total is not None:
                raw = [underlying(each) for each in variables]
                through = list(zip(again, tape.gradient(total, again), strict=True))
                penalties += flat(tape.gradient(total, raw), variables) - _carried(tape, through, variables)
    return Replay(data, penalties, outputs, tuple(moved))


def can_be_replayed(forward: Forward) -> bool:
    """Whether the state before the call is known, and the layer is not too large."""
    return forward.state is not None and forward.layer.built and numbers_of(forward.layer) <= MOST_NUMBERS


def _called(forward: Forward, training: bool | None) -> list[Any]:
    arguments, keywords = forward.arguments, dict(forward.keywords)
    if training is not None:
        arguments, keywords = _in_mode(forward, training)
    return differentiable(forward.layer(*arguments, **keywords))


def _in_mode(forward: Forward, training: bool) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, with another `training`, which may have been passed by place."""
    names = list(inspect.signature(forward.layer.call).parameters)
    place = names.index("training") if "training" in names else len(forward.arguments)
    if place < len(forward.arguments):
        arguments = (*forward.arguments[:place], training, *forward.arguments[place + 1 :])
        return arguments, dict(forward.keywords)
    return forward.arguments, {**forward.keywords, "training": training}


def _carried(tape: Any, flows: Iterable[tuple[Any, Any]], variables: list[Any]) -> Vector:
    """What gradients of the outputs become on their way back to the variables."""
    there = [(out, tf.cast(weight, out.dtype)) for out, weight in flows if weight is not None]
    if not there:
        return np.zeros(_length(variables))
    outputs, weights = (list(each) for each in zip(*there, strict=True))
    raw = [underlying(each) for each in variables]
    return flat(tape.gradient(outputs, raw, output_gradients=weights), variables)


def _length(variables: list[Any]) -> int:
    return sum(int(np.prod(each.shape)) for each in variables)
