"""The shelf of observations: what the `probe` key of a rule's page may name."""

from collections.abc import Callable

from tapelint.finding import Verdict
from tapelint.probe.scene import Scene

Observation = Callable[[Scene], Verdict]

OBSERVATIONS: dict[str, Observation] = {}

OF_GRAPHS: set[str] = set()
"""The observations for which functions have to be compiled: run eagerly, a program does nothing of the kind."""


def observation(function: Observation) -> Observation:
    """File an observation under its name, as pages write it: `weights-unchanged`."""
    OBSERVATIONS[function.__name__.replace("_", "-")] = function
    return function


def observation_of_graphs(function: Observation) -> Observation:
    """File an observation that can only be made where functions are compiled."""
    OF_GRAPHS.add(function.__name__.replace("_", "-"))
    return observation(function)
