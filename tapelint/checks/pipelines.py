"""Checks of the order in which examples come to an update."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.feeding import is_stateful, keeps_order, quoted_data
from tapelint.checks.registry import check, check_of_absence
from tapelint.checks.relinking import count_of, linked_before, without_argument
from tapelint.checks.repairs import Repair
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.feeds import Feed, feed_of_fit, fixed_order
from tapelint.program.program import Program
from tapelint.program.provenance import seen_from
from tapelint.program.trace import Call
from tapelint.program.values import Constant

# With fewer batches the order hardly matters.
_SEVERAL = 4


@check_of_absence
def unshuffled_training_data(program: Program) -> Reports:
    for step, feed in program.feeds:
        brought = feed.pipeline is not None or feed.slices or feed.by_class
        if brought and not _obeys_shuffle(step, feed) and _repeats_order(program, feed) and keeps_order(feed):
            # Batches that a helper makes are the business of whoever asks for them.
            site = seen_from(feed.site, feed.context, step.context.frame)
            message = f"{quoted_data(program, feed, site)} {_what_is_wrong(feed)}"
            yield Report(site, message, trails.of_feed(feed), fix=_shuffled(program, feed))


def _shuffled(program: Program, feed: Feed) -> Repair | None:
    """The repair by which a pipeline shuffles all its examples before it makes batches of them."""
    pipeline = feed.pipeline
    if pipeline is None or feed.by_class or pipeline.batch is None:
        return None
    count = count_of(program, pipeline, pipeline.batch)
    change = linked_before(program, pipeline.batch, f".shuffle({count})") if count is not None else None
    return Repair(f"shuffle the examples: `.shuffle({count})`", "unsafe", (change,)) if change is not None else None


def _what_is_wrong(feed: Feed) -> str:
    if feed.by_class and feed.pipeline is None:
        # Keras mixes the batches of an iterator, not what is in them.
        return "comes class by class: a batch has one class only, and nothing but whole batches changes places"
    return "comes in the same order in every epoch: nothing shuffles it"


def _obeys_shuffle(step: Call, feed: Feed) -> bool:
    """Whether a fit orders its data as its `shuffle` says: arrays and a `PyDataset`, but not what brings itself."""
    x = step.argument(0, "x") if step.op == "keras.Model.fit" else None
    if x is None or feed.by_class:
        return False
    return kinds.of(x) == "pydataset" or (kinds.of(x) is None and "generator" not in x.marks)


def _repeats_order(program: Program, feed: Feed) -> bool:
    """Whether labelled examples come in one fixed order, epoch after epoch, in batches enough for it to matter."""
    return (
        feed.epochs
        and (feed.batches is None or feed.batches >= _SEVERAL)
        and ((feed.labelled and fixed_order(feed)) or feed.by_class)
        and not is_stateful(program)
    )


@check
def shuffle_disabled(program: Program) -> Reports:
    for fit in program.fits:
        shuffle = fit.argument(8, "shuffle")
        feed = feed_of_fit(fit)
        if (
            isinstance(shuffle, Constant)
            and not shuffle.value
            and feed is not None
            and _obeys_shuffle(fit, feed)
            and _repeats_order(program, feed)
        ):
            name = argument(program, fit, 0, "x")
            yield Report(
                fit.site,
                f"{f'`{name}`' if name else 'the training data'} comes in the same order in every epoch: "
                "`shuffle` is off",
                fix=_switched_on(program, fit),
            )


def _switched_on(program: Program, fit: Call) -> Repair | None:
    change = without_argument(program, fit, "shuffle")
    return Repair("let `fit` shuffle", "unsafe", (change,)) if change is not None else None
