"""What the replicas of a distribution strategy do with their shares of a batch, put together as one step.

Each of them asks a tape of its own, and the optimizer adds up what they apply.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf
from tensorflow.python.distribute.values import DistributedValues

from tapelint.probe.child.arrivals import Applied, Asked, Called
from tapelint.probe.child.identities import underlying

Pairs = tuple[tuple[Any, Any], ...]

OUTSIDE = "a distribution strategy has the step put the gradients of the replicas together by itself"
UNEQUAL = "a distribution strategy has the replicas do different things"


def together(events: Sequence[Asked | Applied]) -> list[Asked | Applied] | str:
    """What a replica asks and applies on the average of them all; why not, if they cannot be put together."""
    questions = [_first(events, Asked, number) for number in _replicas(events, Asked)]
    updates = [_first(events, Applied, number) for number in _replicas(events, Applied)]
    if not updates or any(each.replica is None for each in updates):
        return OUTSIDE
    if len(questions) != len(updates):
        return UNEQUAL
    applied = replace(updates[0], pairs=_mean([each.pairs for each in updates]))
    alone = len(questions) == sum(isinstance(event, Asked) for event in events)
    pairs = _mean([each.pairs for each in questions]) if alone else applied.pairs
    return [replace(questions[0], pairs=pairs), applied]


def examples(calls: Iterable[Called]) -> int | None:
    """How many examples the replicas have called the model with, all of them together; None without a strategy."""
    firsts: dict[int, Any] = {}
    for call in calls:
        if call.replica is not None:
            firsts.setdefault(call.replica, call.inputs)
    return sum(int(tf.shape(tf.nest.flatten(each)[0])[0]) for each in firsts.values()) if firsts else None


def whole(batch: Any) -> Any:
    """A batch that may be distributed over replicas, as it was before."""
    return tf.nest.map_structure(_joined, batch)


def _joined(value: Any) -> Any:
    return tf.concat(value.values, axis=0) if isinstance(value, DistributedValues) else value


def _replicas(events: Iterable[Asked | Applied], kind: type) -> list[int | None]:
    return list(dict.fromkeys(event.replica for event in events if isinstance(event, kind)))


def _first(events: Iterable[Asked | Applied], kind: type, replica: int | None) -> Any:
    return next(event for event in events if isinstance(event, kind) and event.replica == replica)


def _mean(shares: Sequence[Pairs]) -> Pairs:
    return tuple(
        (None if gradient is None else gradient / len(shares), variable) for gradient, variable in added(shares)
    )


def added(shares: Iterable[Pairs]) -> Pairs:
    """The pairs of several questions or updates, with the gradients of each variable added up."""
    variables: dict[int, Any] = {}
    gradients: dict[int, Any] = {}
    for gradient, variable in (pair for pairs in shares for pair in pairs):
        key = id(underlying(variable))
        variables.setdefault(key, variable)
        if gradient is not None:
            dense = tf.convert_to_tensor(gradient)
            gradients[key] = dense if key not in gradients else gradients[key] + dense
    return tuple((gradients.get(key), variable) for key, variable in variables.items())
