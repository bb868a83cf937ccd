"""The shelf of observations: what the `probe` key of a rule's page may name."""

from collections.abc import Callable

from tapelint.finding import Verdict
from tapelint.probe.scene import Scene

Observation = Callable[[Scene], Verdict]

OBSERVATIONS: dict[str, Observation] = {}

OF_GRAPHS: set[str] = set()
"""The observations for which functions have to be compiled: run eagerly, a program does nothing of the kind."""

LATE: set[str] = set()
"""The observations of what begins when something else is over: a run that looks for them is stopped later."""


def observation(function: Observation) -> Observation:
    """File an observation under its name, as pages write it: `weights-unchanged`."""
    OBSERVATIONS[_name(function)] = function
    return function


def observation_of_graphs(function: Observation) -> Observation:
    """File an observation that can only be made where functions are compiled."""
    OF_GRAPHS.add(_name(function))
    return observation(function)


def late(function: Observation) -> Observation:
    """Note that an observation needs a run that is not stopped as soon as others are."""
    LATE.add(_name(function))
    return function


def _name(function: Observation) -> str:
    return function.__name__.replace("_", "-")
