"""What in a Record confirms a finding, and what contradicts it: one function for each observation a rule's page names.

Each says exactly what was seen, and no more. What was not reached is unreached, what cannot be told is unable.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from tapelint.finding import Verdict
from tapelint.probe.scene import Scene, only
from tapelint.record import (
    Callback,
    Fit,
    GradientCall,
    Metric,
    MetricEvent,
    Pair,
    Passage,
    Pipeline,
    Record,
    Source,
    Tensor,
    Update,
)

Observation = Callable[[Scene], Verdict]

TINY = 0.01
"""The part of the update that was due below which a movement is none that trains."""

SAME_FACTOR = 1e-3
"""By how much, relatively, two factors of the learning rate may differ and still be the same."""

ENOUGH = 2
"""The batches that must be alike for an order to be the same, and the factors for a rate to compound."""


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
        line = updates[0].where.line if updates[0].where is not None else "?"
        return Verdict("refuted", f"the gradients were applied, on line {line}, although {identical}")
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


def name_error(scene: Scene) -> Verdict:
    """The name was not there when it was needed."""
    error = scene.record.exception
    if error is not None and error.kind in ("NameError", "UnboundLocalError"):
        named = re.search(r"name '(\w+)'", error.message)
        same = named is not None and f"`{named[1]}`" in scene.finding.message
        if scene.at([error]) or (same and error.where is not None):
            line = f", on line {error.where.line}" if error.where is not None else ""
            return Verdict("confirmed", said(error.kind, error.message) + line)
    record = scene.record
    seen = (record.gradients, record.tapes, record.applications, record.optimizers, record.fits, record.metrics)
    if any(scene.began(entries) for entries in seen):
        return Verdict("refuted", "the line ran without a `NameError`")
    return unreached(record)


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


def training_flag_unset(scene: Scene) -> Verdict:
    """Layers that act differently in training ran in inference mode under a tape."""
    calls = scene.near(scene.model_calls())
    if not calls:
        return unreached(scene.record)
    layers = [layer for call in calls for layer in call.sensitive]
    idle = _unique(f"{layer.name}" for layer in layers if layer.training is False)
    if idle:
        times = sum(any(layer.training is False for layer in call.sensitive) for call in calls)
        return Verdict("confirmed", f"{listed(idle)} in inference mode in {times} of {counted(len(calls), 'call')}")
    if any(layer.training is None for layer in layers):
        if all(call.training == "true" for call in calls):
            return Verdict("refuted", f"the flag was true in {counted(len(calls), 'call')}")
        unseen = _unique(layer.name for layer in layers if layer.training is None)
        return Verdict("unable", f"what {listed(unseen)} does with the flag cannot be seen")
    if layers:
        return Verdict("refuted", f"{listed(_unique(layer.name for layer in layers))} ran in training mode")
    return Verdict("refuted", f"no layer that acts differently in training ran in {counted(len(calls), 'call')}")


def repeated_order(scene: Scene) -> Verdict:
    """Two epochs delivered the same examples in the same order."""
    verdicts = [_order(pipeline) for pipeline in _pipelines(scene)]
    return _strongest(verdicts) or unreached(scene.record, "in a second epoch")


def _order(pipeline: Pipeline) -> Verdict | None:
    passages = [passage for passage in pipeline.passages if passage.sizes]
    for first, second in itertools.pairwise(passages):
        length = min(len(first.digests), len(second.digests))
        if length < ENOUGH:
            continue
        alike = _alike(first, second, length)
        if alike is None:
            return Verdict("unable", "all batches look the same, so their order cannot be seen")
        if not alike:
            return Verdict("refuted", "the order of two epochs differs")
        if second.again:
            return Verdict("confirmed", f"asked a second time, the data begins with the same {length} batches")
        return Verdict("confirmed", f"two epochs begin with the same {length} batches")
    return None


def _alike(first: Passage, second: Passage, length: int) -> bool | None:
    """Whether some component that varies is the same in both; augmented images may go with labels that are not."""
    varied = False
    for left, right in zip(_components(first, length), _components(second, length), strict=False):
        if len(set(left)) > 1 and "" not in left:
            varied = True
            if left == right:
                return True
    return False if varied else None


def _components(passage: Passage, length: int) -> list[tuple[str, ...]]:
    """For each component of the data, the digests of its first batches."""
    return list(zip(*passage.digests[:length], strict=False))


def examples_unseen(scene: Scene) -> Verdict:
    """An epoch showed fewer examples than there are."""
    for pipeline, passage in _whole_passages(scene):
        shown, total = sum(passage.sizes), pipeline.examples
        if total is None:
            continue
        if shown < total:
            return Verdict("confirmed", f"an epoch shows {shown} of {counted(total, 'example')}")
        return Verdict("refuted", f"an epoch shows all {counted(total, 'example')}")
    return unreached(scene.record, "at the end of an epoch")


def uneven_batches(scene: Scene) -> Verdict:
    """The batches of one epoch differ in size."""
    for pipeline in _pipelines(scene):
        for passage in pipeline.passages:
            sizes = sorted(set(passage.sizes), reverse=True)
            if len(sizes) > 1:
                return Verdict("confirmed", f"an epoch has batches of {sizes[0]}, and one of {sizes[-1]}")
    for _, passage in _whole_passages(scene):
        count = counted(len(passage.sizes), "batch")
        return Verdict("refuted", f"all {count} of an epoch have {passage.sizes[0]} examples")
    return unreached(scene.record, "at the end of an epoch")


def _whole_passages(scene: Scene) -> list[tuple[Pipeline, Passage]]:
    lengths = {fit.number: fit.batches for fit in scene.record.fits}
    whole: list[tuple[Pipeline, Passage]] = []
    for pipeline in _pipelines(scene):
        length = pipeline.cardinality if pipeline.cardinality is not None else lengths.get(pipeline.fit or 0)
        whole.extend(
            (_with_examples(pipeline, scene.record), passage)
            for passage in pipeline.passages
            if passage.sizes and not passage.again and (passage.ended or len(passage.sizes) == length)
        )
    return whole


def _with_examples(pipeline: Pipeline, record: Record) -> Pipeline:
    """What `fit` makes of arrays does not know its examples; the call of `fit` does."""
    if pipeline.examples is not None or pipeline.fit is None:
        return pipeline
    examples = next((fit.examples for fit in record.fits if fit.number == pipeline.fit), None)
    return dataclasses.replace(pipeline, examples=examples)


def _pipelines(scene: Scene) -> list[Pipeline]:
    """The pipelines that were made or used at the finding; else the only one there is."""
    pipelines = [pipeline for pipeline in scene.record.pipelines if pipeline.name != "evaluation"]
    made = [pipeline for pipeline in pipelines if any(scene.holds(link.where) for link in pipeline.operations)]
    near = scene.at(pipelines) or made or scene.near(pipelines)
    return [pipeline for pipeline in near if pipeline.passages] or only(pipelines, lambda _: True)


def rate_compounds(scene: Scene) -> Verdict:
    """The learning rate was multiplied again and again."""
    verdicts = [_rates(fit) for fit in _fits(scene)]
    return _strongest(verdicts) or unreached(scene.record)


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


def monitor_unavailable(scene: Scene) -> Verdict:
    """What a callback monitors does not exist."""
    fits = _fits(scene)
    for fit in fits:
        if fit.exception is not None and ("monitor" in fit.exception.message or "imized" in fit.exception.message):
            return Verdict("confirmed", said(fit.exception.kind, fit.exception.message))
    callbacks = [(fit, callback) for fit in fits for callback in fit.callbacks if callback.available is not None]
    named = [pair for pair in callbacks if f"`{pair[1].monitor}`" in scene.finding.message]
    callbacks = named or callbacks
    for fit, callback in callbacks:
        if not callback.available:
            return Verdict("confirmed", f"`{callback.monitor}` is not among {listed(_logged(fit))}{_heard(scene)}")
    if callbacks:
        names = _unique(str(callback.monitor) for _, callback in callbacks)
        return Verdict("refuted", f"{listed(names)} was there at the end of an epoch")
    return unreached(scene.record, "at the end of an epoch")


def _logged(fit: Fit) -> list[str]:
    return [name for name, _ in fit.epochs[-1].logs] if fit.epochs else []


def _heard(scene: Scene) -> str:
    heard = any("not available" in warned.text for warned in scene.near(scene.record.warnings))
    return ", Keras warned" if heard else ""


def metric_accumulates(scene: Scene) -> Verdict:
    """A metric was read in two epochs and not reset in between."""
    near = [metric for metric in scene.record.metrics if scene.near(metric.events)]
    near = [metric for metric in near if scene.at(metric.events)] or near or scene.near(scene.record.metrics)
    if not near:
        return unreached(scene.record)
    verdicts = [_accumulation(metric) for metric in near]
    return _strongest(verdicts) or unreached(scene.record, "in a second epoch")


def _accumulation(metric: Metric) -> Verdict | None:
    read: MetricEvent | None = None
    grown = False
    again = False
    for event in metric.events:
        if event.kind == "reset":
            again = again or read is not None
            read, grown = None, False
        elif event.kind == "update":
            grown = True
        elif read is not None and grown and event.epoch > read.epoch:
            epochs = f"epochs {read.epoch + 1} and {event.epoch + 1}"
            return Verdict("confirmed", f"`{metric.name}` was read in {epochs} without a reset in between")
        elif read is None:
            read = event
    if again:
        return Verdict("refuted", f"`{metric.name}` was reset between two readings")
    return None


def no_validation(scene: Scene) -> Verdict:
    """A fit had nothing to validate on."""
    fits = _fits(scene)
    if not fits:
        return unreached(scene.record)
    bare = [fit for fit in fits if fit.validation == "none"]
    if bare:
        seen, asked = len(bare[0].epochs), bare[0].asked
        epochs = counted(seen, "epoch") if seen >= asked else f"{seen} of {counted(asked, 'epoch')}"
        return Verdict("confirmed", f"`fit` ran {epochs} without validation data")
    return Verdict("refuted", "`fit` had validation data")


def nothing_stops(scene: Scene) -> Verdict:
    """A fit of many epochs had no callback that stops it or keeps the best weights."""
    fits = _fits(scene)
    if not fits:
        return unreached(scene.record)
    for fit in fits:
        if not any(callback.stops or callback.keeps for callback in fit.callbacks):
            callbacks = counted(len(fit.callbacks), "callback")
            none = f"{callbacks}, none of which can stop or keep the best" if fit.callbacks else "no callback at all"
            return Verdict("confirmed", f"{counted(fit.asked, 'epoch')}, and {none}")
    able = _unique(callback.kind for fit in fits for callback in fit.callbacks if _helps(callback))
    return Verdict("refuted", f"{listed(able)} can stop the training or keep the best weights")


def _helps(callback: Callback) -> bool:
    return callback.stops or callback.keeps


def eager_step(scene: Scene) -> Verdict:
    """The gradients of a step, and its updates, were computed outside of any `tf.function`."""
    calls = [call for call in scene.near(scene.record.gradients) if call.direct]
    if not calls:
        return unreached(scene.record)
    compiled = sum(call.in_function for call in calls)
    if compiled:
        return Verdict("refuted", f"{compiled} of {counted(len(calls), 'gradient call')} inside of a `tf.function`")
    return Verdict("confirmed", f"{len(calls)} of {counted(len(calls), 'gradient call')} outside of any `tf.function`")


def _fits(scene: Scene) -> list[Fit]:
    """The fits at the finding; else the only one there is."""
    return scene.near(scene.record.fits) or only(scene.record.fits, lambda _: True)


def unreached(record: Record, there: str = "here") -> Verdict:
    """The verdict where the run did not come to the point."""
    where = record.exception.where if record.exception is not None else record.where
    line = f" on line {where.line}" if where is not None and record.end in ("raised", "exited", "timeout") else ""
    return Verdict("unreached", f"the run never was {there}: {record.detail}{line}")


def _strongest(verdicts: Sequence[Verdict | None]) -> Verdict | None:
    """A confirmation outweighs the rest, a refutation what could not be decided."""
    given = [verdict for verdict in verdicts if verdict is not None]
    ranks = ("confirmed", "refuted", "unable", "unreached")
    return min(given, key=lambda verdict: ranks.index(verdict.kind), default=None)


def counted(count: int, word: str) -> str:
    """`3 steps`, `1 step`, `2 batches`."""
    return f"{count} {word}" + ("" if count == 1 else "es" if word.endswith("tch") else "s")


def listed(names: Sequence[str]) -> str:
    """Some names in backticks, and how many more there are."""
    shown = [f"`{name}`" for name in names[:2]]
    if len(names) > 2:
        shown = [", ".join(shown), f"{len(names) - 2} more"]
    return " and ".join(shown)


def number(value: float) -> str:
    """A number with as many digits as anybody wants to read."""
    return f"{value:.3g}"


def said(kind: str, message: str) -> str:
    """The first line of an exception's message, after its name."""
    first = message.strip().splitlines()[0] if message.strip() else ""
    return f"`{kind}`: {first[:100]}" if first else f"`{kind}`"


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


OBSERVATIONS: Mapping[str, Observation] = MappingProxyType(
    {
        "weights-unchanged": weights_unchanged,
        "tape-unasked": tape_unasked,
        "gradients-missing": gradients_missing,
        "mispaired-update": mispaired_update,
        "update-raises": update_raises,
        "name-error": name_error,
        "target-not-scalar": target_not_scalar,
        "training-flag-unset": training_flag_unset,
        "repeated-order": repeated_order,
        "examples-unseen": examples_unseen,
        "uneven-batches": uneven_batches,
        "rate-compounds": rate_compounds,
        "monitor-unavailable": monitor_unavailable,
        "metric-accumulates": metric_accumulates,
        "no-validation": no_validation,
        "nothing-stops": nothing_stops,
        "eager-step": eager_step,
    }
)
"""What the `probe` key of a rule's page may name."""
