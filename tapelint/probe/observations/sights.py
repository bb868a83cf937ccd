"""What a run shows without any finding: numbers that break down, units that are silent, epochs without a step.

Each function says where in the user's code it was seen, and exactly what. Thresholds are far from what a healthy
training shows, and are stated on the rules' pages.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tapelint.probe.observations.parity import differences
from tapelint.probe.observations.wording import counted, number
from tapelint.record import Caller, Fit, GradientCall, LossCall, Pipeline, Record, Site, Source, Update

FEWEST = 3
"""The steps in all of which something must be seen that may happen once."""

FADED = 1e-6
"""The part of the largest gradient of a step below which another one has vanished."""

DEEP = 4
"""The weights of a model from which on it has a first and a last layer to speak of."""

LEAP = 10.0
"""How many times its own size a weight must move to have exploded, and the loss must grow."""

SMALL = 0.01
"""The size below which a weight, such as a bias that began at zero, may well move many times its own."""

SILENT = 0.75
"""The part of many units that must be silent. Where all inputs are above zero, half of them may be from the start."""

MANY_UNITS = 16
FEWEST_UNITS = 4
FEWEST_EXAMPLES = 64

FEWEST_LABELS = 20
"""The labels of each class that an even distribution would have shown."""

RARE = 10
"""How many times as often as the rarest class the most frequent one is seen."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that a run showed at a place of the user's code."""

    where: Site
    what: str


def non_finite_values(record: Record) -> Iterator[Sight]:
    """The first step at each place in which the loss or a gradient is not a number, or infinite."""
    for calls in gradient_calls_by_place(record):
        if _is_scaled(calls, record):
            continue  # It overflows now and then by design, and the optimizer leaves that step out.
        for step, call in enumerate(calls, start=1):
            broken = [source for source in call.sources if source.gradient == "nonfinite"]
            if broken or (call.loss is not None and not _is_finite(call.loss)):
                yield Sight(_site(call), _breakdown(call, broken, step, len(calls)))
                break


def _breakdown(call: GradientCall, broken: list[Source], step: int, steps: int) -> str:
    when = f"in step {step} of {steps}"
    gradients = counted(len(broken), "gradient") + (" is" if len(broken) == 1 else " are")
    if call.loss is not None and not _is_finite(call.loss):
        so = f", and {gradients} not finite" if broken else ""
        return f"the loss is {_word(call.loss)} {when}{so}"
    loss = f"the loss is {number(call.loss)}, but " if call.loss is not None else ""
    greatest = broken[0].largest
    word = "not finite" if greatest is None else _word(greatest)
    others = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
    return f"{loss}the gradient of `{broken[0].name}`{others} is {word} {when}"


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite"


def _is_finite(value: float) -> bool:
    return math.isfinite(value)


def _is_scaled(calls: Iterable[GradientCall], record: Record) -> bool:
    """Whether an optimizer that scales the loss takes these gradients."""
    numbers = {call.number for call in calls}
    fits = {call.fit for call in calls if call.fit is not None}
    return any(
        "LossScale" in update.kind and (update.fit in fits or numbers & {pair.gradient_call for pair in update.pairs})
        for update in record.applications
    )


def vanishing_gradients(record: Record) -> Iterator[Sight]:
    """A weight whose gradient is next to nothing beside another one's, in every step."""
    for calls in gradient_calls_by_place(record):
        if len(calls) < FEWEST or any(call.symbolic for call in calls):
            continue
        faded = set.intersection(*(_faded(call) for call in calls))
        if faded:
            first = calls[0]
            source = next(source for source in first.sources if source.variable in faded)
            largest = max(weight.size or 0.0 for weight in _weights(first))
            part = number(largest / source.size) if source.size else "countless"
            others = f" and {len(faded) - 1} more" if len(faded) > 1 else ""
            yield Sight(
                _site(first),
                f"the gradient of `{source.name}`{others} is {part} times smaller than the largest, "
                f"in all {counted(len(calls), 'step')}",
            )


def _weights(call: GradientCall) -> list[Source]:
    """The trainable variables of two dimensions and more, without biases and without those that nothing reaches.

    What a bias adds to the keys of an attention, the softmax takes away again: its gradient is zero but for rounding.
    """
    return [
        source
        for source in call.sources
        if source.trainable
        and (source.rank or 0) > 1
        and source.gradient == "finite"
        and source.name.rpartition("/")[2] != "bias"
    ]


def _faded(call: GradientCall) -> set[int]:
    """The weights whose gradient is next to nothing, of those before the one with the largest.

    Behind it they may be small because the inputs are large.
    """
    weights = _weights(call)
    sizes = [source.size or 0.0 for source in weights]
    if len(weights) < DEEP:
        return set()
    last = sizes.index(max(sizes))
    return {source.variable for source, size in zip(weights[:last], sizes, strict=False) if size < FADED * sizes[last]}


def exploding_gradients(record: Record) -> Iterator[Sight]:
    """Updates that throw weights many times their own size, while the loss grows."""
    for calls in gradient_calls_by_place(record):
        losses = [call.loss for call in calls if call.loss is not None]
        if len(losses) < 2 or _is_scaled(calls, record):
            continue
        grown = losses[-1] / losses[0] if losses[0] > 0 else 0.0
        leaps = [leap for update in _updates_with(calls, record) if (leap := _leap(update)) is not None]
        if len(leaps) > 1 and not grown <= LEAP:
            name, times = max(leaps, key=lambda leap: leap[1])
            to = number(losses[-1]) if _is_finite(losses[-1]) else _word(losses[-1])
            yield Sight(
                _site(calls[0]),
                f"an update moves `{name}` by {number(times)} times its size, and the loss goes from "
                f"{number(losses[0])} to {to} in {counted(len(losses), 'step')}",
            )


def _updates_with(calls: list[GradientCall], record: Record) -> list[Update]:
    numbers = {call.number for call in calls}
    return [
        update
        for update in record.applications
        if update.exception is None and any(pair.gradient_call in numbers for pair in update.pairs)
    ]


def _leap(update: Update) -> tuple[str, float] | None:
    """The variable that an update moves furthest in proportion to its size, if that is far."""
    leaps = [
        (pair.name, pair.moved / pair.scale)
        for pair in update.pairs
        if pair.scale and pair.moved is not None and not pair.moved <= LEAP * max(pair.scale, SMALL)
    ]
    return max(leaps, key=lambda leap: leap[1], default=None)


def empty_epoch(record: Record) -> Iterator[Sight]:
    """A passage through the training data that took nothing, or an epoch of a fit without a step."""
    for pipeline in record.pipelines:
        empty = [index for index, passage in enumerate(pipeline.passages) if passage.ended and not passage.sizes]
        if empty and pipeline.where is not None and _is_for_training(pipeline, record):
            chain = ".".join(operation.name for operation in pipeline.operations[1:]) or "the data"
            yield Sight(pipeline.where, f"epoch {empty[0] + 1} takes no batch: nothing comes out of `{chain}`")
    for fit in record.fits:
        without = [index for index, epoch in enumerate(fit.epochs) if epoch.steps == 0]
        if without and fit.where is not None:
            yield Sight(fit.where, f"epoch {without[0] + 1} of {len(fit.epochs)} ends without a step")


def _is_for_training(pipeline: Pipeline, record: Record) -> bool:
    """Whether a program that trains takes its steps with these data, or does not train for want of them."""
    if pipeline.name == "evaluation" or pipeline.fit is not None:
        return False
    return any(passage.trained for passage in pipeline.passages) or not record.gradients


def class_imbalance(record: Record) -> Iterator[Sight]:
    """A class that the loss sees far less often than another, all examples weighing the same."""
    if not all(_is_fair(pipeline, record.fits) for pipeline in record.pipelines if pipeline.name != "evaluation"):
        return
    for loss in record.losses:
        if loss.where is None or loss.weighted or not (loss.taped or loss.fit) or _is_weighted(loss, record.fits):
            continue
        counts = dict(loss.labels)
        total = sum(counts.values())
        if len(counts) < 2 or total < FEWEST_LABELS * len(counts):
            continue
        rarest, most = min(counts, key=lambda name: counts[name]), max(counts, key=lambda name: counts[name])
        if counts[most] >= RARE * counts[rarest]:
            yield Sight(
                loss.where,
                f"among {total} labels class {most} is seen {counted(counts[most], 'time')}, "
                f"and class {rarest} {counted(counts[rarest], 'time')}",
            )


def _is_fair(pipeline: Pipeline, fits: Iterable[Fit]) -> bool:
    """Whether the part of the data that was seen says something of the whole: it is the whole, or in random order."""
    if any(operation.name.startswith("shuffle") for operation in pipeline.operations):
        return True
    if any(passage.ended for passage in pipeline.passages):
        return True
    mixed = [fit.number for fit in fits if fit.shuffle and fit.x == "ndarray"]
    whole = [fit.number for fit in fits if any(epoch.steps == fit.batches for epoch in fit.epochs)]
    return pipeline.fit in (*mixed, *whole)


def _is_weighted(loss: LossCall, fits: Iterable[Fit]) -> bool:
    return any(fit.number == loss.fit and fit.weighted for fit in fits)


def dead_units(record: Record) -> Iterator[Sight]:
    """A layer whose units never fire: all of them, or nearly all where there are many."""
    for layer in record.activations:
        seen = layer.calls >= FEWEST and layer.examples >= FEWEST_EXAMPLES and layer.units >= FEWEST_UNITS
        share = SILENT if layer.units >= MANY_UNITS else 1.0
        if layer.where is not None and seen and layer.silent >= share * layer.units:
            yield Sight(
                layer.where,
                f"{layer.silent} of {layer.units} units of `{layer.name}` are zero for all {layer.examples} examples",
            )


def update_differs_from_fit(record: Record) -> Iterator[Sight]:
    """An update that is not the one `fit` would make of the same batch."""
    for where, what in differences(record):
        yield Sight(where, what)


def gradient_calls_by_place(record: Record) -> list[list[GradientCall]]:
    """The gradient calls by trainable variables, by the place they stand at and the fit they are part of."""
    places: dict[object, list[GradientCall]] = {}
    for call in record.gradients:
        if call.where is not None and any(source.trainable for source in call.sources):
            key = call.fit, call.where.spot, call.where.column, call.where.function
            places.setdefault(key, []).append(call)
    return list(places.values())


def _site(call: GradientCall) -> Site:
    assert call.where is not None
    return call.where


Looking = Callable[[Record], Iterator[Sight]]

SIGHTS: Mapping[str, Looking] = MappingProxyType(
    {
        "non-finite-values": non_finite_values,
        "exploding-gradients": exploding_gradients,
        "vanishing-gradients": vanishing_gradients,
        "dead-units": dead_units,
        "class-imbalance": class_imbalance,
        "empty-epoch": empty_epoch,
        "update-differs-from-fit": update_differs_from_fit,
    }
)
"""The rules that a run alone can find broken, with what looks for it."""

OF_DATA = ("exploding-gradients", "vanishing-gradients", "dead-units", "class-imbalance", "empty-epoch")
"""The rules that the probe's own data or weights could break, where it has put them in the place of others."""

SAID_BY = {"exploding-gradients": "non-finite-values"}
"""The rules that have nothing to add where another one has spoken."""


def seen(record: Record) -> Iterator[tuple[str, Sight]]:
    """Everything that the run shows, with the rule it breaks, once for each line."""
    told: set[tuple[str | None, Caller]] = set()
    made_up = any("synthetic" in each.by or "random" in each.by for each in record.replacements)
    for rule, look in SIGHTS.items():
        if made_up and rule in OF_DATA:
            continue
        for sight in look(record):
            line = sight.where.spot
            if (rule, line) not in told and (SAID_BY.get(rule), line) not in told:
                told.add((rule, line))
                yield rule, sight
