"""Observations about what is compiled and what is not."""

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import gradients_near, unreached
from tapelint.probe.observations.wording import counted
from tapelint.probe.scene import Scene


@observation
def eager_step(scene: Scene) -> Verdict:
    """The gradients of a step, and its updates, were computed outside of any `tf.function`."""
    calls = [call for call in gradients_near(scene) if call.direct]
    if not calls:
        return unreached(scene.record)
    compiled = sum(call.in_function for call in calls)
    if compiled:
        return Verdict("refuted", f"{compiled} of {counted(len(calls), 'gradient call')} inside of a `tf.function`")
    return Verdict("confirmed", f"{len(calls)} of {counted(len(calls), 'gradient call')} outside of any `tf.function`")
