"""Checks of how the figures of batches are put together: a smaller last batch must not count like a full one."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.reporting import figures_of_batches, figures_of_evaluation, is_conversion, shown
from tapelint.program.arrays import integer_of
from tapelint.program.feeds import Feed, feeds_behind
from tapelint.program.knowledge import table
from tapelint.program.losses import shape_of
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Choice, Computed, Display, Value, alternatives

_MEANS = frozenset({"numpy.mean", "tensorflow.reduce_mean", "statistics.mean", "numpy.average"})
_UPDATING = frozenset({"keras.Metric.update_state", "keras.Metric.__call__"})
# How many operations away from the figure of a batch its average is looked for.
_NEAR = 6


@check
def unequal_batch_average(program: Program) -> Reports:
    figures = {id(call.result): call for call in figures_of_evaluation(program) if _reduction(call) == "mean"}
    for call in program.trace.calls:
        averaged = list(_averaged(call))
        for figure in [figures[id(one)] for one in averaged if id(one) in figures][:1]:
            feed = _with_tail(figure)
            if feed is not None:
                yield Report(
                    call.site,
                    f"a mean of means: the last batch of {feed.tail} counts as much as one of {feed.batch}",
                    trails.distinct([(feed.site, "the batches are made here"), (figure.site, "the mean of a batch")]),
                )


def _reduction(figure: Call) -> str | None:
    """How the numbers of a batch became one: `mean`, `sum` or another way; None when it cannot be told."""
    how: str | None = table("tensors")["reductions"].get(figure.op)
    if how is not None:
        return how
    shape = shape_of(figure.result)
    return shape.reduction if shape is not None and shape.kind == "scalar" else None


def _averaged(call: Call) -> Iterator[Value]:
    """The figures that a call takes the mean of: those in a list, or what a metric is given one by one."""
    if call.op in _MEANS and call.arguments and isinstance(call.arguments[0], Display):
        for item in call.arguments[0].items:
            yield from shown(item)
    metrics = alternatives(call.receiver) if call.op in _UPDATING and call.receiver is not None else []
    if (
        len(call.arguments) == 1
        and not call.keywords
        and any(library_class(one) == "keras.metrics.Mean" for one in metrics)
    ):
        yield from shown(call.arguments[0])


def _with_tail(figure: Call) -> Feed | None:
    """The data that a figure is of batch by batch, if its last batch is surely smaller and not the only one."""
    feeds = feeds_behind([figure.result], figure)
    known = [feed for feed in feeds if feed.tail and feed.batch and (feed.batches or 0) > 1]
    return known[0] if len(feeds) == 1 and known else None


@check
def unscaled_remainder(program: Program) -> Reports:
    for figure in figures_of_batches(program):
        feed = _with_tail(figure)
        if feed is None:
            continue
        for quotient in _quotients(figure.result):
            divisor = integer_of(quotient.parts[1])
            right = feed.batches if _reduction(figure) == "mean" else feed.size if _reduction(figure) == "sum" else None
            if divisor is not None and right is not None and divisor in _near_misses(feed, right):
                what = "batches" if right == feed.batches else "examples"
                yield Report(
                    quotient.site,
                    f"divided by {divisor}, but there are {right} {what}: the last batch has only {feed.tail}",
                    trails.distinct(
                        [(feed.site, "the batches are made here"), (figure.site, "added up for each batch")]
                    ),
                )


def _near_misses(feed: Feed, right: int) -> set[int]:
    """What one divides by who takes the last batch for a full one, or does not count it."""
    size, batch = feed.size or 0, feed.batch or 1
    full = size // batch
    return {full, full * batch, (full + 1) * batch} - {right, 0} if right == size else {full} - {right, 0}


def _quotients(figure: Value) -> Iterator[Computed]:
    """The quotients of a sum to which the figure of each batch is added."""
    pending: list[tuple[Value, int, bool]] = [(figure, 0, False)]
    seen: set[int] = set()
    while pending:
        value, depth, added = pending.pop()
        if id(value) in seen or depth > _NEAR:
            continue
        seen.add(id(value))
        for use in value.uses:
            by = use.by.result if isinstance(use.by, Call) and is_conversion(use.by) else use.by
            match by:
                case Computed(operator="/", parts=(left, _)) if added and left is value:
                    yield by
                case Computed(operator="+", parts=(left, right)) if isinstance(left, Choice) or isinstance(
                    right, Choice
                ):
                    pending.append((by, depth + 1, True))
                case Choice():
                    pending.append((by, depth + 1, added))
                case Value() if isinstance(use.by, Call):
                    pending.append((by, depth + 1, added))
