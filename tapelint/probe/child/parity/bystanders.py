"""Variables that an update does not reach: whether they stay as they are, or are set by other means."""

import gc
from dataclasses import dataclass
from typing import Any

from keras.src.optimizers.base_optimizer import BaseOptimizer

from tapelint.probe.child.identities import name_of
from tapelint.probe.child.snapshot import Snapshot, array


@dataclass(frozen=True, slots=True)
class Bystander:
    """A variable that has a gradient and no update, with what it `held` when that was seen."""

    variable: Any
    held: Snapshot

    @property
    def name(self) -> str:
        """What a person would call it."""
        return name_of(self.variable)

    @property
    def is_set(self) -> bool:
        """Whether something has given it another value since, as is done with the networks of workers."""
        return not self.held.same(Snapshot(self.variable))


def bystander(variable: Any) -> Bystander:
    """The variable, with what it holds now."""
    return Bystander(variable, Snapshot(variable))


def is_any_idle() -> bool:
    """Whether the program has an optimizer that has not been used yet, and so more to update later on."""
    # By their types: to ask anything of objects of which nobody knows what they are may run code of theirs.
    there = [each for each in gc.get_objects() if issubclass(type(each), BaseOptimizer)]
    # One that scales losses has no count of its own.
    return any(not hasattr(each, "inner_optimizer") and not array(each._iterations) for each in there)
