"""Observations about losses: what they were given as labels and predictions, and what they leave out."""

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import strongest, unreached
from tapelint.probe.observations.wording import counted, number, said
from tapelint.probe.scene import Scene
from tapelint.record import LossCall, Values

EDGE = 1e-5
"""How far a number may lie beyond 0 or 1 and still be a probability, for it was computed with rounding."""


@observation
def logits_mistaken(scene: Scene) -> Verdict:
    """Predictions that are no probabilities where the loss takes them for such, or the reverse."""
    calls = [call for call in scene.near(scene.record.losses) if call.from_logits is not None]
    return strongest([_mistaken(call) for call in calls]) or unreached(scene.record)


def _mistaken(call: LossCall) -> Verdict:
    seen = call.predicted
    if seen.low is None or seen.high is None:
        return Verdict("unable", "the predictions cannot be seen here")
    extent = f"predictions from {number(seen.low)} to {number(seen.high)}"
    if not call.from_logits:
        if _is_probable(seen) or call.recovered:
            return Verdict("refuted", f"{extent}, taken for probabilities")
        return Verdict("confirmed", f"{extent} were taken for probabilities")
    if call.recovered:
        return Verdict("refuted", "Keras found the logits behind the activation, and took those")
    if _is_probable(seen) and (seen.sums or _is_binary(call)):
        adding = ", each row adding up to one," if seen.sums else ""
        return Verdict("confirmed", f"{extent}{adding} were taken for logits")
    return Verdict("refuted", f"{extent}, taken for logits")


def _is_probable(seen: Values) -> bool:
    return seen.low is not None and seen.high is not None and seen.low >= -EDGE and seen.high <= 1 + EDGE


def _is_binary(call: LossCall) -> bool:
    return "inary" in call.kind or "sigmoid" in call.kind


def _is_categorical(call: LossCall) -> bool:
    return "ategorical" in call.kind or "softmax" in call.kind


@observation
def output_contradicts_loss(scene: Scene) -> Verdict:
    """Predictions that are all alike, on one side only, or no probabilities where the loss needs them."""
    calls = [call for call in scene.near(scene.record.losses) if call.predicted.low is not None]
    return strongest([_contradiction(call) for call in calls]) or unreached(scene.record)


def _contradiction(call: LossCall) -> Verdict:
    seen = call.predicted
    low, high = seen.low, seen.high
    if low is None or high is None:
        return Verdict("unable", "the predictions cannot be seen here")
    single = seen.shape[-1:] == (1,)
    times = counted(call.times, "call")
    if single and low == high == 1:
        return Verdict("confirmed", f"every prediction was 1, in {times} of the loss")
    if single and _is_categorical(call):
        return Verdict("confirmed", f"one unit for a loss over classes, in {times}")
    extent = f"from {number(low)} to {number(high)}"
    if call.from_logits and not call.recovered and (low >= 0 or (low >= -1 and high <= 1)):
        return Verdict("confirmed", f"logits only {extent}, in {times} of the loss")
    if call.from_logits is False:
        if not _is_probable(seen):
            return Verdict("confirmed", f"predictions {extent}, which are no probabilities")
        if (_is_binary(call) and seen.sums) or (_is_categorical(call) and seen.sums is False):
            how = "add up to one" if seen.sums else "do not add up to one"
            return Verdict("confirmed", f"the predictions {how} along each row, under `{call.kind}`")
    return Verdict("refuted", f"predictions {extent}, in {times} of the loss")


@observation
def labels_swapped(scene: Scene) -> Verdict:
    """Whole numbers where the predictions belong, and none where the labels do; or a loss that raises for it."""
    error = scene.record.exception
    if error is not None and scene.at([error]):
        return Verdict("confirmed", said(error.kind, error.message))
    calls = [call for call in scene.near(scene.record.losses) if call.true.whole is not None]
    if not calls:
        return unreached(scene.record)
    wrong = [call for call in calls if call.predicted.whole and not call.true.whole]
    if not wrong:
        return Verdict("refuted", f"the labels came first in {counted(sum(call.times for call in calls), 'call')}")
    true = wrong[0].true
    extent = f"from {number(true.low)} to {number(true.high)}" if true.low is not None and true.high is not None else ""
    return Verdict("confirmed", f"whole numbers came as predictions, and fractions {extent} as labels")


@observation
def penalties_unread(scene: Scene) -> Verdict:
    """Models whose layers add penalties, for which nobody asks."""
    if not scene.near(scene.record.gradients):
        return unreached(scene.record)
    models = [model for model in scene.record.models if model.penalties]
    unread = [model for model in models if not model.penalties_read]
    if unread:
        what = f"of {counted(unread[0].penalties, 'term')}"
        return Verdict("confirmed", f"nobody asked for the `losses` of `{unread[0].name}`, {what}")
    if models:
        return Verdict("refuted", f"the `losses` of `{models[0].name}` were asked for")
    return Verdict("refuted", "no model has a penalty")


@observation
def broadcast_to_pairs(scene: Scene) -> Verdict:
    """An operation on labels and predictions that gave a number for every pair of them."""
    crossed = scene.at(scene.record.broadcasts)
    if crossed:
        first = crossed[0]
        shapes = f"{_shown(first.left)} and {_shown(first.right)} gave {_shown(first.result)}"
        return Verdict("confirmed", f"{shapes}, in {counted(first.times, 'operation')}")
    if scene.near(scene.record.gradients):
        return Verdict("refuted", "no operation here gave more numbers than it got")
    return unreached(scene.record)


def _shown(shape: tuple[int | None, ...]) -> str:
    sizes = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


@observation
def loss_summed(scene: Scene) -> Verdict:
    """A loss that was told to sum, over batches of several examples."""
    calls = [call for call in scene.near(scene.record.losses) if call.reduction is not None]
    if not calls:
        return unreached(scene.record)
    summed = [call for call in calls if call.reduction == "sum"]
    if not summed:
        return Verdict("refuted", f"the loss reduced by `{calls[0].reduction}`")
    examples = summed[0].predicted.shape[:1]
    if examples in ((), (None,), (1,)):
        return Verdict("unable", "how many examples the loss was a sum of cannot be seen")
    return Verdict("confirmed", f"a sum over {examples[0]} examples, in {counted(summed[0].times, 'call')}")


@observation
def weights_lost(scene: Scene) -> Verdict:
    """A step that raises when it is given weights, or losses without the weights that a fit was given."""
    error = scene.record.exception
    if error is not None and error.where is not None and scene.at([error]):
        return Verdict("confirmed", said(error.kind, error.message))
    fits = {fit.number for fit in scene.record.fits if fit.weighted}
    calls = [call for call in scene.record.losses if call.fit in fits]
    if not calls:
        return unreached(scene.record)
    weighted = sum(call.times for call in calls if call.weighted)
    if weighted:
        return Verdict("refuted", f"the loss got the weights, in {counted(weighted, 'call')}")
    return Verdict("confirmed", f"the loss got none of the weights, in {counted(sum(c.times for c in calls), 'call')}")


@observation
def made_in_loss(scene: Scene) -> Verdict:
    """A variable or layer that is made again for every step, or that a graph refuses to make."""
    error = scene.record.exception
    if error is not None and error.where is not None and scene.at([error]):
        return Verdict("confirmed", said(error.kind, error.message))
    made = [each for each in scene.at(scene.record.constructions) if each.what != "model"]
    if not made:
        return unreached(scene.record)
    again = [each for each in made if each.taped and each.times > 1]
    if again:
        return Verdict("confirmed", f"a {again[0].what} was made {counted(again[0].times, 'time')}, under a tape")
    return Verdict("refuted", f"a {made[0].what} was made {counted(made[0].times, 'time')}")
