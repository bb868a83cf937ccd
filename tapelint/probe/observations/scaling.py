"""Observations about the size of updates: whether the factor that the gradients are divided by was ever in them."""

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import unreached
from tapelint.probe.observations.wording import counted, number
from tapelint.probe.scene import Scene
from tapelint.record import Update

_SCALER = "LossScaleOptimizer"
_FAR_BELOW = 1e-3
"""The part of `rate * gradient` below which an update has surely been divided by a scale."""


@observation
def update_divided(scene: Scene) -> Verdict:
    """Updates by a LossScaleOptimizer that are a tiny part of what the gradients and the rate call for."""
    calls = {call.number for call in scene.near(scene.record.gradients)}
    if not calls:
        return unreached(scene.record)
    updates = [
        update
        for update in scene.record.applications
        if update.exception is None and any(pair.gradient_call in calls for pair in update.pairs)
    ]
    scaling = [update for update in updates if update.kind == _SCALER]
    if not scaling:
        return Verdict("unable", "no update by a LossScaleOptimizer with these gradients was seen")
    if all(_asked_to_scale(scene, update) for update in scaling):
        return Verdict("refuted", "the optimizer was asked to scale the loss")
    parts = [part for part in map(_part, scaling) if part is not None]
    if not parts:
        return Verdict("unable", "how far the variables moved was not seen")
    times = counted(len(parts), "update")
    if max(parts) < _FAR_BELOW:
        return Verdict("confirmed", f"the variables moved by {number(max(parts))} of rate times gradient in {times}")
    return Verdict("refuted", f"the variables moved by {number(max(parts))} of rate times gradient")


def _asked_to_scale(scene: Scene, update: Update) -> bool:
    return any(each.number == update.optimizer and each.scaled > 0 for each in scene.record.optimizers)


def _part(update: Update) -> float | None:
    """How far the variables moved at most, as a part of the rate times their largest gradient."""
    due = max((pair.largest for pair in update.pairs if pair.largest is not None), default=0.0) * (update.rate or 0.0)
    moved = [pair.moved for pair in update.pairs if pair.moved is not None]
    return max(moved) / due if moved and due > 0 else None
