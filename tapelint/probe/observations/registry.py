"""The shelf of observations: what the `probe` key of a rule's page may name."""

from collections.abc import Callable

from tapelint.finding import Verdict
from tapelint.probe.scene import Scene

Observation = Callable[[Scene], Verdict]

OBSERVATIONS: dict[str, Observation] = {}


def observation(function: Observation) -> Observation:
    """File an observation under its name, as pages write it: `weights-unchanged`."""
    OBSERVATIONS[function.__name__.replace("_", "-")] = function
    return function
