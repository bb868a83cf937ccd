"""Observations of what only a run shows: numbers that break down, units that are silent, epochs without a step."""

from collections.abc import Sequence

from tapelint.finding import Verdict
from tapelint.probe.observations import sights
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import unreached
from tapelint.probe.scene import Scene, Sited


@observation
def non_finite_values(scene: Scene) -> Verdict:
    """The loss or a gradient was not a number, or infinite."""
    return _judged(scene, sights.non_finite_values, scene.record.gradients)


@observation
def vanishing_gradients(scene: Scene) -> Verdict:
    """The gradient of a weight was next to nothing beside that of another."""
    return _judged(scene, sights.vanishing_gradients, scene.record.gradients)


@observation
def exploding_gradients(scene: Scene) -> Verdict:
    """Updates threw weights many times their own size, and the loss grew."""
    return _judged(scene, sights.exploding_gradients, scene.record.gradients)


@observation
def empty_epoch(scene: Scene) -> Verdict:
    """An epoch took no step."""
    return _judged(scene, sights.empty_epoch, [*scene.record.pipelines, *scene.record.fits])


@observation
def class_imbalance(scene: Scene) -> Verdict:
    """A class was seen far less often than another."""
    return _judged(scene, sights.class_imbalance, scene.record.losses)


@observation
def dead_units(scene: Scene) -> Verdict:
    """Most of a layer's units were never above zero."""
    return _judged(scene, sights.dead_units, scene.record.activations)


@observation
def update_differs_from_fit(scene: Scene) -> Verdict:
    """An update was not the one `fit` would make of the same batch."""
    return _judged(scene, sights.update_differs_from_fit, scene.record.comparisons)


def _judged(scene: Scene, look: sights.Looking, seen: Sequence[Sited]) -> Verdict:
    here = scene.at(look(scene.record))
    if here:
        return Verdict("confirmed", here[0].what)
    return Verdict("refuted", "the run did not show it") if scene.at(seen) else unreached(scene.record)
