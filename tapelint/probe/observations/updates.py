"""Observations about updates, the variables they reach and the rate they are made at."""

import itertools

from tapelint.finding import Verdict
from tapelint.probe.observations.exceptions import raises
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import ENOUGH, fits_near, strongest, unreached
from tapelint.probe.observations.wording import counted, listed, number, said, unique
from tapelint.probe.scene import Scene
from tapelint.record import Fit, Pair

GIANT = 0.1
"""A step that moves a weight by more than this undoes what initializers of layers have made: they stay below it."""

NOTHING = 1e-7
"""A step that moves no weight by more than this is lost in the rounding of a float32."""

SPENT = 1e-3
"""What is left of a rate that has come to its end."""

SAME_FACTOR = 1e-3
"""By how much, relatively, two factors of the learning rate may differ and still be the same."""


@observation
def mispaired_update(scene: Scene) -> Verdict:
    """Gradients that were applied to another variable than the one they belong to."""
    updates = [update for update in scene.near(scene.record.applications) if update.pairs]
    if not updates:
        return unreached(scene.record)
    pairs = [pair for update in updates for pair in update.pairs if pair.matched != "none"]
    wrong = [pair for pair in pairs if _is_wrong(pair)]
    if wrong:
        first = wrong[0]
        if first.source is None:
            what = f"`{first.name}` was updated, by which nothing was differentiated"
        else:
            what = f"the gradient of `{first.source_name}` went to `{first.name}`"
        others = len({(pair.variable, pair.source) for pair in wrong}) - 1
        return Verdict("confirmed", what + (f", and so did {others} more" if others else ""))
    if any(pair.matched == "unknown" for pair in pairs) or not pairs:
        return Verdict("unable", "the gradients were changed on the way, and cannot be told apart")
    count = len({pair.variable for pair in pairs})
    return Verdict("refuted", f"each of {counted(count, 'gradient')} went to its own variable")


def _is_wrong(pair: Pair) -> bool:
    if pair.matched == "unknown":
        return not pair.differentiated
    return pair.source != pair.variable


@observation
def update_raises(scene: Scene) -> Verdict:
    """The update raised an exception."""
    updates = scene.near(scene.record.applications)
    failed = [update.exception for update in updates if update.exception is not None]
    if failed:
        return Verdict("confirmed", said(failed[0].kind, failed[0].message))
    if updates:
        return Verdict("refuted", f"{counted(len(updates), 'update')} went through")
    if scene.record.exception is not None and scene.at([scene.record.exception]):
        return Verdict("confirmed", said(scene.record.exception.kind, scene.record.exception.message))
    return unreached(scene.record)


@observation
def raw_gradients_applied(scene: Scene) -> Verdict:
    """What was applied are the very tensors that the tape returned."""
    updates = [update for update in scene.near(scene.record.applications) if update.pairs]
    if not updates:
        return unreached(scene.record)
    pairs = [pair for pair in updates[0].pairs if pair.matched != "none"]
    raw = [pair for pair in pairs if pair.matched == "identity"]
    if pairs and len(raw) == len(pairs):
        largest = max((pair.largest for pair in raw if pair.largest is not None), default=None)
        size = f", up to {number(largest)} in size" if largest is not None else ""
        return Verdict("confirmed", f"{counted(len(raw), 'gradient')} applied as the tape returned them{size}")
    return Verdict("refuted", f"{len(pairs) - len(raw)} of {counted(len(pairs), 'gradient')} had been changed")


@observation
def gradients_overwritten(scene: Scene) -> Verdict:
    """Gradients were computed much more often than applied."""
    updates = scene.near(scene.record.applications)
    calls = [call for call in scene.record.gradients if call.direct]
    if not updates or not calls:
        return unreached(scene.record)
    seen = f"{counted(len(calls), 'gradient call')}, and {counted(len(updates), 'update')}"
    if len(calls) >= ENOUGH * len(updates) and len(updates) == len(scene.record.applications):
        return Verdict("confirmed", seen)
    return Verdict("refuted", seen)


@observation
def optimizer_recreated(scene: Scene) -> Verdict:
    """One place made several optimizers."""
    made = scene.at(scene.record.optimizers)
    if not made:
        return unreached(scene.record)
    used = [optimizer.applied for optimizer in made if optimizer.applied]
    if len(used) > 1:
        steps = f"{min(used)} to {max(used)} steps" if min(used) < max(used) else counted(used[0], "step")
        return Verdict("confirmed", f"{len(used)} optimizers were made here, and each took {steps}")
    if len(made) > 1 or scene.record.end == "raised":
        return unreached(scene.record, "at a second step")
    return Verdict("refuted", f"one optimizer was made here, for {counted(made[0].applied, 'step')}")


@observation
def toggle_unheeded(scene: Scene) -> Verdict:
    """A fit went on with a training step that was made when other variables were trainable."""
    fits = scene.near(scene.record.fits)
    for fit in fits:
        earlier = [each for each in scene.record.fits if each.model == fit.model and each.number < fit.number]
        if earlier and not fit.fresh and earlier[-1].trainable != fit.trainable:
            step = f"its step was made for {counted(earlier[-1].trainable, 'trainable variable')}"
            return Verdict("confirmed", f"{step}, now there are {fit.trainable}, and nothing compiled it again")
    if fits:
        return Verdict("refuted", f"{counted(fits[-1].trainable, 'trainable variable')}, as the step was made for")
    return unreached(scene.record)


@observation
def rate_unheeded(scene: Scene) -> Verdict:
    """The rate in force was not the one that had just been set."""
    fits = fits_near(scene)
    rates = [epoch.rate for fit in fits for epoch in fit.epochs if epoch.rate is not None]
    rates += [update.rate for update in scene.record.applications if update.rate is not None]
    if len(rates) < ENOUGH:
        return unreached(scene.record)
    if len(set(rates)) == 1:
        return Verdict("confirmed", f"the rate was {number(rates[0])} before and after")
    return Verdict("refuted", f"the rate went from {number(rates[0])} to {number(rates[-1])}")


@observation
def rate_out_of_range(scene: Scene) -> Verdict:
    """One step moved weights further than they are wide, or not at all."""
    moved = [pair.moved for update in scene.record.applications for pair in update.pairs if pair.moved is not None]
    if not moved:
        return raises(scene)
    if max(moved) > GIANT or max(moved) < NOTHING:
        return Verdict("confirmed", f"a step moved the weights by up to {number(max(moved))}")
    return Verdict("refuted", f"no step moved a weight by more than {number(max(moved))}")


@observation
def rate_spent(scene: Scene) -> Verdict:
    """A schedule was at its end before the second epoch."""
    fits = [fit for fit in fits_near(scene) if len(fit.epochs) > 1 and fit.epochs[0].rate]
    for fit in fits:
        first, second = fit.epochs[0].rate or 0.0, fit.epochs[1].rate
        if second is not None and second < first * SPENT:
            fell = f"the rate fell from {number(first)} to {number(second)}"
            return Verdict("confirmed", f"{fell} in one of {fit.asked} epochs")
        return Verdict("refuted", f"after one of {fit.asked} epochs the rate was {number(second or 0.0)}")
    return unreached(scene.record, "in a second epoch")


@observation
def sources_untrainable(scene: Scene) -> Verdict:
    """Gradients were asked for by variables that are not to be trained."""
    calls = scene.near(scene.record.gradients)
    sources = [source for call in calls for source in call.sources if source.is_variable]
    if not sources:
        return unreached(scene.record)
    idle = unique(source.name for source in sources if not source.trainable)
    if not idle:
        return Verdict(
            "refuted", f"{counted(len(unique(source.name for source in sources)), 'variable')}, all trainable"
        )
    without = all(source.gradient == "none" for source in sources if not source.trainable)
    return Verdict("confirmed", f"{listed(idle)} not trainable, and {'without' if without else 'with'} a gradient")


@observation
def model_left_out(scene: Scene) -> Verdict:
    """A model ran in training mode under a tape, and no gradient was asked for by any of its variables."""
    called = unique(call.name for each in scene.record.gradients for call in each.calls if call.training == "true")
    paths = {f"/{source.name}" for each in scene.record.gradients for source in each.sources}
    if not called or not paths:
        return unreached(scene.record)
    missing = [name for name in called if not any(f"/{name}/" in path for path in paths)]
    if missing:
        steps = counted(len(scene.record.gradients), "gradient call")
        return Verdict("confirmed", f"{listed(missing)} in training mode, and in none of {steps}")
    return Verdict("refuted", f"gradients were asked for by variables of {listed(called)}")


@observation
def accumulator_not_reset(scene: Scene) -> Verdict:
    """Variables were added to before one update and before the next, and not set back in between."""
    changes = [each for each in scene.record.assignments if not each.source]
    added = [each for each in changes if each.operation == "assign_add" and each.times > 1]
    if not added:
        return unreached(scene.record, "at a second addition")
    reset = {each.variable for each in changes if each.operation in ("assign", "assign_sub")}
    kept = [each for each in added if each.variable not in reset]
    if not kept:
        return Verdict("refuted", f"{counted(len(added), 'variable')} added to, and set back")
    if len(scene.record.applications) < ENOUGH:
        return unreached(scene.record, "at a second update")
    updates = counted(len(scene.record.applications), "update")
    return Verdict("confirmed", f"`{kept[0].name}` was added to {kept[0].times} times in {updates}, and never set back")


@observation
def rate_compounds(scene: Scene) -> Verdict:
    """The learning rate was multiplied again and again."""
    verdicts = [_rates(fit) for fit in fits_near(scene)]
    return strongest(verdicts) or unreached(scene.record)


def _rates(fit: Fit) -> Verdict | None:
    rates = [epoch.rate for epoch in fit.epochs if epoch.rate]
    if not rates:
        return None
    factors = [later / earlier for earlier, later in itertools.pairwise(rates)]
    for factor, run in itertools.groupby(factors, key=lambda factor: round(factor, 3)):
        times = len(list(run))
        if abs(factor - 1) > SAME_FACTOR and times >= ENOUGH:
            way = f"the rate went from {number(rates[0])} to {number(rates[-1])}"
            return Verdict("confirmed", f"{way}: multiplied by {factor:g} {times} times in a row")
    way = f"the rate stayed {number(rates[0])}" if len(set(rates)) == 1 else "the rate changed, but not again and again"
    seen = f"in {counted(len(rates), 'epoch')}"
    if len(fit.epochs) < fit.asked:
        return Verdict("unreached", f"{way} {seen} of {fit.asked}")
    return Verdict("refuted", f"{way} {seen}")
