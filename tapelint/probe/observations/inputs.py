"""Observations about what a model is fed: how large the numbers are, and which examples are held out."""

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import fits_near, gradients_near, unreached
from tapelint.probe.observations.wording import number
from tapelint.probe.scene import Scene

LARGE = 10
"""What inputs may reach and still be of the size that layers are made for."""


@observation
def inputs_large(scene: Scene) -> Verdict:
    """A model was trained on numbers far larger than its layers are made for."""
    steps = gradients_near(scene)
    every = [fit.inputs for fit in fits_near(scene)] + [call.inputs for step in steps for call in step.calls]
    reach = [inputs for inputs in every if inputs is not None]
    large = next((one for one in reach if max(abs(one.lowest), abs(one.highest)) > LARGE), None)
    if large is not None:
        return Verdict("confirmed", f"the inputs reach from {number(large.lowest)} to {number(large.highest)}")
    if reach:
        return Verdict("refuted", f"the inputs reach from {number(reach[0].lowest)} to {number(reach[0].highest)}")
    return Verdict("unable", "what the model was given could not be seen") if steps else unreached(scene.record)


@observation
def classes_held_out(scene: Scene) -> Verdict:
    """What `validation_split` holds out has not all the classes."""
    fits = fits_near(scene)
    for fit in fits:
        if fit.classes is not None and fit.held_out_classes is not None:
            seen = f"{fit.held_out_classes} of {fit.classes} classes are in the part that is held out"
            return Verdict("confirmed" if fit.held_out_classes < fit.classes else "refuted", seen)
    return Verdict("unable", "the labels could not be told apart") if fits else unreached(scene.record)
