"""Checks of what is differentiated: one loss for the batch, not one for each example."""

from __future__ import annotations

from collections.abc import Callable

from tapelint.checks import trails
from tapelint.checks.loss_repairs import averaged, averaged_in
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Surround
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program.knowledge import matches
from tapelint.program.losses import is_quotient, shape_of
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.spelling import spelling
from tapelint.program.sums import is_summed, proportional_rate, rates_of, sum_over_batch, sum_over_pixels
from tapelint.program.tapes import ASKING, ASSIGNING, Gradients, fate
from tapelint.program.trace import Call
from tapelint.program.values import Computed, Constant, Instance, Result, Site, Value


@check
def unreduced_loss(program: Program) -> Reports:
    # Under a strategy the reduction may happen across replicas.
    if program.distributed:
        return
    for gradients in program.gradients:
        if gradients.target is None or not gradients.parameters or not gradients.first_order:
            continue
        shape = shape_of(gradients.target)
        if shape is None or shape.kind != "per-example" or fate(gradients.call.result) == "dead":
            continue
        if _is_averaged_later(program, gradients):
            continue
        name = argument(program, gradients.call, 0, "target")
        yield Report(
            gradients.call.site,
            f"{f'`{name}`' if name else 'the loss'} is one number per example: the tape sums them, and the gradient is "
            "as many times too large",
            trails.of_loss(gradients, shape.producer),
            fix=_averaged(gradients, shape.producer),
        )


def _averaged(gradients: Gradients, producer: Call | None) -> Repair | None:
    """Taking the mean where the losses per example are made, if these are what is differentiated."""
    if producer is None or gradients.target is not producer.result:
        return None
    mean = spelling(producer.site.module, "tensorflow.reduce_mean")
    change = Surround(producer.site, f"{mean}(", ")")
    return Repair("average the losses of the examples", "unsafe", (change,)) if mean is not None else None


def _is_averaged_later(program: Program, gradients: Gradients) -> bool:
    """Whether the gradients, or the rate that they are applied at, are divided by something afterwards."""
    updates = [update.call for update in program.updates]
    updates += [call for call in program.trace.calls if call.method in ASSIGNING]
    return any(_averages(update, gradients.call) for update in updates)


def _averages(update: Call, request: Call) -> bool:
    given = [*update.arguments, *update.keywords.values()]
    made_from = [one for value in given for one in ancestors(value, _is_not(request))]
    by_hand = update.method in ASSIGNING
    # Where gradients went into sums before an optimizer gets them, it is not known which update is theirs.
    theirs = any(request.result is one for one in made_from) or not (by_hand or _uses_gradients(made_from))
    return theirs and (any(_divides(one, by_hand=by_hand) for one in made_from) or _has_small_rate(update.receiver))


def _uses_gradients(values: list[Value]) -> bool:
    return any(isinstance(one, Result) and one.call.method in ASKING for one in values)


def _is_not(request: Call) -> Callable[[Value], bool]:
    return lambda value: not (isinstance(value, Result) and value.call is request)


def _divides(value: Value, *, by_hand: bool) -> bool:
    """Whether `value` is a quotient or, where no learning rate is expected, a fraction of something."""
    if isinstance(value, Computed):
        scaled = value.operator == "*" and not by_hand
        return is_quotient(value) or (scaled and any(_is_fraction(part) for part in value.parts))
    return isinstance(value, Result) and matches(value.call.op or "", "dividing", "names")


def _is_fraction(value: Value) -> bool:
    return isinstance(value, Constant) and isinstance(value.value, float) and 0 < value.value < 1


def _has_small_rate(optimizer: Value | None) -> bool:
    """Whether the rate of an optimizer is divided by something, too."""
    if not isinstance(optimizer, Instance) or optimizer.call is None:
        return False
    rate = optimizer.call.argument(0, "learning_rate")
    return rate is not None and is_quotient(rate)


@check
def summed_loss(program: Program) -> Reports:
    if program.distributed:
        return
    for gradients in program.training:
        if gradients.target is None:
            continue
        over_batch, over_pixels = sum_over_batch(gradients.target), sum_over_pixels(gradients.target)
        terms = _PIXELS if over_pixels is not None else _batch_size(program, gradients.call)
        producer = over_pixels or over_batch
        if producer is None or not _are_too_large(rates_of(gradients, program.updates), terms):
            continue
        if not _is_averaged_later(program, gradients):
            what = "pixels: the step grows with the image" if over_pixels else "batch: the step grows with its size"
            yield Report(
                _chosen(producer),
                f"the loss is a sum over the {what}",
                trails.distinct(
                    [
                        (producer.site, "the sum is computed here"),
                        (gradients.call.site, "its gradients are computed here"),
                    ]
                ),
                fix=averaged(program, over_batch) if over_batch is not None else None,
            )
    for compared in program.comparisons:
        fits = [fit for fit in program.fits if fit.receiver is compared.model]
        rate = proportional_rate(compared.call.argument(0, "optimizer"))
        if is_summed(compared) and any(_are_too_large([rate], _batch_size(program, fit)) for fit in fits):
            yield Report(
                compared.site,
                "the loss is a sum over the batch: the step grows with its size",
                trails.distinct([(fit.site, "the model is trained here") for fit in fits]),
                fix=averaged_in(program, compared),
            )


# The terms of a sum that is not known: the examples of a usual batch, and the pixels of small images.
_EXAMPLES, _PIXELS = 32, 1000


def _batch_size(program: Program, step: Call) -> int:
    """The examples that a step takes, as far as that is known. One that always takes all has no size to depend on."""
    feeds = [feed for call, feed in program.feeds if call is step]
    if any(feed.batches == 1 for feed in feeds):
        return 1
    return max((feed.batch for feed in feeds if feed.batch is not None), default=_EXAMPLES)


def _are_too_large(rates: list[float | None], terms: int) -> bool:
    """Whether rates would be beyond any use for the mean of so many terms. A smaller one was chosen for the sum."""
    return bool(rates) and all(rate is not None and rate * terms > 1 for rate in rates)


def _chosen(producer: Call) -> Site:
    """Where a loss was told to sum up: where its object was made, or the call of a function that sums."""
    loss = producer.receiver
    return loss.site if isinstance(loss, Instance) else producer.site
