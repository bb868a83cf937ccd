"""Observations about how models are called."""

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import unreached
from tapelint.probe.observations.wording import counted, listed, unique
from tapelint.probe.scene import Scene


@observation
def training_flag_unset(scene: Scene) -> Verdict:
    """Layers that act differently in training ran in inference mode under a tape."""
    calls = scene.near(scene.model_calls())
    if not calls:
        return unreached(scene.record)
    layers = [layer for call in calls for layer in call.sensitive]
    idle = unique(f"{layer.name}" for layer in layers if layer.training is False)
    if idle:
        times = sum(any(layer.training is False for layer in call.sensitive) for call in calls)
        return Verdict("confirmed", f"{listed(idle)} in inference mode in {times} of {counted(len(calls), 'call')}")
    if any(layer.training is None for layer in layers):
        if all(call.training == "true" for call in calls):
            return Verdict("refuted", f"the flag was true in {counted(len(calls), 'call')}")
        unseen = unique(layer.name for layer in layers if layer.training is None)
        return Verdict("unable", f"what {listed(unseen)} does with the flag cannot be seen")
    if layers:
        return Verdict("refuted", f"{listed(unique(layer.name for layer in layers))} ran in training mode")
    return Verdict("refuted", f"no layer that acts differently in training ran in {counted(len(calls), 'call')}")


@observation
def training_mode_when_scored(scene: Scene) -> Verdict:
    """Layers that act differently in training ran in training mode while no tape was recording."""
    calls = [loose.call for loose in scene.near(scene.record.loose_calls)]
    if not calls:
        return unreached(scene.record)
    awake = unique(layer.name for call in calls for layer in call.sensitive if layer.training)
    if awake:
        return Verdict("confirmed", f"{listed(awake)} ran in training mode, and no tape was recording")
    unseen = unique(layer.name for call in calls for layer in call.sensitive if layer.training is None)
    if unseen:
        return Verdict("unable", f"what {listed(unseen)} does with the flag cannot be seen")
    return Verdict("refuted", f"no layer ran in training mode in {counted(len(calls), 'call')}")


@observation
def weights_outside_model(scene: Scene) -> Verdict:
    """Trainable variables that took part in a forward pass and are not among the model's weights."""
    calls = scene.near(scene.model_calls())
    if not calls:
        return unreached(scene.record)
    strays = unique(name for call in calls for name in call.strays)
    times = counted(len(calls), "call")
    if strays:
        return Verdict("confirmed", f"{listed(strays)} took part in {times} and is no weight of the model")
    return Verdict("refuted", f"all variables that took part in {times} are weights of the model")


@observation
def penalties_absent(scene: Scene) -> Verdict:
    """Models whose layers add no loss, though they were given regularizers."""
    models = scene.near(scene.record.models) or list(scene.record.models)
    if not models:
        return unreached(scene.record)
    bare = [model.name for model in models if not model.penalties]
    if len(bare) == len(models):
        return Verdict("confirmed", f"{listed(unique(bare))} had no losses of regularizers when it was last called")
    return Verdict("refuted", f"{counted(max(model.penalties for model in models), 'loss')} of regularizers was added")


@observation
def models_made_again(scene: Scene) -> Verdict:
    """More than one model made at the same place of the program."""
    made = [each for each in scene.at(scene.record.constructions) if each.what == "model"]
    if not made:
        return unreached(scene.record)
    times = sum(each.times for each in made)
    if times > 1:
        return Verdict("confirmed", f"{counted(times, 'model')} were made here, one after another")
    return Verdict("refuted", "one model was made here")
