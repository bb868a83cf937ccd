"""Observations about tapes and the gradients they give."""

from collections.abc import Iterable

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import ENOUGH, gradients_near, unreached
from tapelint.probe.observations.wording import counted, listed, number
from tapelint.probe.scene import Scene
from tapelint.record import GradientCall, Record, Source, Tensor, Update

TINY = 0.01
"""The part of the update that was due below which a movement is none that trains."""


@observation
def weights_unchanged(scene: Scene) -> Verdict:
    """Variables that are bit for bit the same at two gradient calls by them."""
    near = [call for call in scene.near(scene.record.gradients) if not call.symbolic]
    calls = [call for call in near if _variables(call)]
    if not calls:
        return unreached(scene.record)
    lost = len(_variables(near[0])) - len(_variables(near[-1]))
    if lost > 0 and len(near[0].sources) == len(near[-1].sources):
        after = counted(len(near) - 1, "step")
        return Verdict("confirmed", f"after {after}, {lost} of {counted(len(near[0].sources), 'source')} no variable")
    seen = [source for call in calls for source in _variables(call) if source.unchanged is not None]
    if not seen:
        return Verdict("unable", "only one gradient call was seen here, and it takes two to compare")
    steps = max(_comparisons(calls, source.variable) for source in seen)
    moving = {source.variable for source in seen if not source.unchanged}
    total = len({source.variable for source in seen})
    identical = f"{total} of {total} variables identical after {counted(steps, 'step')}"
    updates = _updates_with(scene.record, {call.number for call in calls})
    if not moving and updates:
        where = updates[0].where
        line = f", on {where.spot.told}," if where is not None else ""
        return Verdict("refuted", f"the gradients were applied{line} although {identical}")
    return _movement(scene, seen, updates) if moving else Verdict("confirmed", identical)


def _updates_with(record: Record, calls: set[int]) -> list[Update]:
    """The updates that took gradients of these calls and went through."""
    return [
        update
        for update in record.applications
        if update.exception is None and any(pair.gradient_call in calls for pair in update.pairs)
    ]


def _movement(scene: Scene, seen: list[Source], updates: list[Update]) -> Verdict:
    moving = {source.variable for source in seen if not source.unchanged}
    total = len({source.variable for source in seen})
    furthest = max((source.moved for source in seen if source.moved is not None), default=None)
    size = "" if furthest is None else f", by up to {number(furthest)}"
    moved = f"{len(moving)} of {total} variables moved{size}"
    by_hand = any(entry.variable in moving for entry in scene.record.assignments)
    unknown = any(pair.matched == "unknown" for update in scene.record.applications for pair in update.pairs)
    if not (updates or by_hand or unknown):
        return Verdict("unable", f"{moved}, but none of these gradients was applied: something else moves them")
    due = _due(updates)
    if due and furthest is not None and furthest < TINY * due:
        part = f"{100 * furthest / due:.2g} % of the update that was due"
        return Verdict("unable", f"the variables moved by at most {number(furthest)}, {part}")
    return Verdict("refuted", moved)


def _due(updates: list[Update]) -> float | None:
    """The size of the largest update that the optimizer's rate and the gradients call for, on the low side."""
    sizes = [
        update.rate * min(1.0, pair.largest)
        for update in updates
        for pair in update.pairs
        if update.rate is not None and pair.largest is not None
    ]
    return max(sizes, default=None)


def _comparisons(calls: list[GradientCall], variable: int) -> int:
    return sum(source.unchanged is not None for call in calls for source in call.sources if source.variable == variable)


def _variables(call: GradientCall) -> list[Source]:
    return [source for source in call.sources if source.is_variable]


@observation
def tape_unasked(scene: Scene) -> Verdict:
    """Tapes that were closed and given up without being asked for a gradient."""
    tapes = scene.near(scene.record.tapes)
    opened, asked = sum(tape.opened for tape in tapes), sum(tape.asked for tape in tapes)
    unasked = sum(tape.unasked for tape in tapes)
    if not opened:
        return unreached(scene.record)
    if asked:
        return Verdict("refuted", f"{asked} of {counted(opened, 'tape')} asked for a gradient")
    if unasked:
        return Verdict("confirmed", f"{unasked} of {counted(opened, 'tape')} given up without being asked")
    return Verdict("unable", "the run ended before it was certain that nobody asks the tape")


@observation
def tapes_kept(scene: Scene) -> Verdict:
    """Persistent tapes that are still there long after they were asked, or that were asked one thing only."""
    tapes = scene.near(scene.record.tapes)
    if not tapes:
        return unreached(scene.record)
    kept = [tape for tape in tapes if tape.persistent]
    if not kept:
        return Verdict("refuted", "the tape is not persistent")
    alive = max(tape.alive for tape in kept)
    if alive > ENOUGH:
        return Verdict("confirmed", f"{alive} of {counted(sum(tape.opened for tape in kept), 'tape')} alive at once")
    opened, questions = sum(tape.opened for tape in kept), sum(tape.questions for tape in kept)
    if questions > opened:
        return Verdict("refuted", f"{counted(opened, 'tape')} answered {counted(questions, 'question')}")
    return Verdict("confirmed", f"{counted(opened, 'persistent tape')} answered {counted(questions, 'question')}")


@observation
def tape_recording(scene: Scene) -> Verdict:
    """A persistent tape that is asked while it records, and so records its own gradient."""
    calls = scene.near(scene.record.gradients)
    if not calls:
        return unreached(scene.record)
    recorded = [call for call in calls if call.persistent and call.recording]
    if not recorded:
        return Verdict("refuted", f"no persistent tape was recording in {counted(len(calls), 'gradient call')}")
    return Verdict("confirmed", f"the tape was recording in {len(recorded)} of {counted(len(calls), 'gradient call')}")


@observation
def gradients_missing(scene: Scene) -> Verdict:
    """Gradients that are None."""
    calls = [call for call in scene.near(scene.record.gradients) if call.sources]
    if not calls:
        return unreached(scene.record)
    missing = list(missing_sources(calls).values())
    total = len({source.variable for call in calls for source in call.sources})
    if not missing:
        return Verdict("refuted", f"a gradient arrived for each of the {total} sources")
    times = f"in {len(calls)} of {counted(len(calls), 'call')}"
    if len(missing) == total:
        return Verdict("confirmed", f"`None` for {total} of {counted(total, 'source')}, {times}")
    return Verdict("confirmed", f"`None` for {listed(missing)} ({len(missing)} of {total}), {times}")


@observation
def gradients_useless(scene: Scene) -> Verdict:
    """Gradients that are None, or nothing but zeros, in every call."""
    calls = [call for call in scene.near(scene.record.gradients) if call.sources]
    if not calls:
        return unreached(scene.record)
    sources = [source for call in calls for source in call.sources]
    useful = {source.variable for source in sources if source.gradient not in ("none", "zero")}
    useless = {source.variable: source.name for source in sources if source.variable not in useful}
    total = len({source.variable for source in sources})
    if not useless:
        return Verdict("refuted", f"a gradient other than zero arrived for each of the {total} sources")
    zero = any(source.gradient == "zero" for source in sources if source.variable in useless)
    what = "zero or `None`" if zero else "`None`"
    whose = f"{total} of {total} sources" if len(useless) == total else listed(list(useless.values()))
    return Verdict("confirmed", f"{what} for {whose}, in {len(calls)} of {counted(len(calls), 'call')}")


@observation
def target_no_loss(scene: Scene) -> Verdict:
    """A target without any gradient, or with several numbers for each example, as predictions have."""
    calls = [call for call in scene.near(scene.record.gradients) if call.targets and call.sources]
    if not calls:
        return unreached(scene.record)
    tables = [target for call in calls for target in call.targets if len(target.shape) > 1 and target.shape[-1] != 1]
    if tables:
        shape = ", ".join("?" if size is None else str(size) for size in tables[0].shape)
        return Verdict("confirmed", f"the target had the shape ({shape}) in {counted(len(calls), 'gradient call')}")
    if len(missing_sources(calls)) == len({source.variable for call in calls for source in call.sources}):
        return Verdict("confirmed", f"`None` for every source, in {counted(len(calls), 'gradient call')}")
    return Verdict("refuted", f"a target of one number gave gradients in {counted(len(calls), 'gradient call')}")


@observation
def tapes_left_over(scene: Scene) -> Verdict:
    """Tapes of one place of which some were asked, and others given up."""
    tapes = scene.near(scene.record.tapes)
    if not tapes:
        return unreached(scene.record)
    opened, unasked = sum(tape.opened for tape in tapes), sum(tape.unasked for tape in tapes)
    if not unasked:
        return Verdict("refuted", f"each of {counted(opened, 'tape')} was asked")
    return Verdict("confirmed", f"{unasked} of {counted(opened, 'tape')} given up without being asked")


@observation
def gradients_nonfinite(scene: Scene) -> Verdict:
    """Gradients with NaN or infinite entries."""
    calls = [call for call in gradients_near(scene) if call.sources]
    if not calls:
        return unreached(scene.record)
    broken = {
        source.variable: source.name for call in calls for source in call.sources if source.gradient == "nonfinite"
    }
    times = counted(len(calls), "gradient call")
    if not broken:
        return Verdict("refuted", f"every gradient was finite in {times}")
    return Verdict("confirmed", f"NaN or infinite gradients for {listed(list(broken.values()))}, in {times}")


def missing_sources(calls: Iterable[GradientCall]) -> dict[int, str]:
    """The sources that got no gradient in any of these calls, with their names."""
    names: dict[int, str] = {}
    reached: set[int] = set()
    for call in calls:
        for source in call.sources:
            names[source.variable] = source.name
            if source.gradient != "none":
                reached.add(source.variable)
    return {variable: name for variable, name in names.items() if variable not in reached}


@observation
def target_not_scalar(scene: Scene) -> Verdict:
    """The value that is differentiated has more than one element."""
    calls = [call for call in scene.near(scene.record.gradients) if call.targets]
    if not calls:
        return unreached(scene.record)
    vectors = [target for call in calls if not call.weighted for target in call.targets if _is_plural(target)]
    if not vectors:
        return Verdict("refuted", f"the target had one element in each of {counted(len(calls), 'gradient call')}")
    shape = ", ".join("?" if size is None else str(size) for size in vectors[0].shape)
    shape = f"({shape},)" if len(vectors[0].shape) == 1 else f"({shape})"
    return Verdict("confirmed", f"the target had the shape {shape} in {counted(len(calls), 'gradient call')}")


def _is_plural(target: Tensor) -> bool:
    return any(size != 1 for size in target.shape)
