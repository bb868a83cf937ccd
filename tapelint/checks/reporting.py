"""Checks of the figures that a loop reports of its epochs."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import quoted
from tapelint.program.feeds import feeds_behind
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.trace import Call, Loop
from tapelint.program.values import Choice, Computed, Element, Result, Value, alternatives

_REPORTING = ("builtins.print", "tensorflow.print", "logging.", "tensorflow.summary.scalar", "absl.logging.")
# What shows a number as it is: conversions to Python, to text, and to fewer digits.
_SHOWING = frozenset(
    {"builtins.float", "builtins.str", "builtins.round", "builtins.format", "tensorflow.cast", "numpy.round"}
)
_SHOWING_METHODS = frozenset({"numpy", "item", "format"})
# Reductions of the losses of one batch, which leave it that of the batch.
_REDUCING = frozenset({"tensorflow.reduce_mean", "numpy.mean", "tensorflow.reduce_sum", "keras.ops.mean"})


@check
def last_batch_reported(program: Program) -> Reports:
    losses = dict(_losses(program))
    for report in program.trace.calls:
        if not (report.op or "").startswith(_REPORTING) or not report.context.loops:
            continue
        for shown in (value for given in report.operands() for value in _shown(given)):
            call = losses.get(id(shown))
            loop = call.context.loops[-1] if call is not None and call.context.loops else None
            if call is None or loop is None or loop in report.context.loops or loop.broken:
                continue
            if loop.parent in report.context.loops and _goes_through_batches(shown, call, loop):
                yield Report(
                    report.site,
                    f"{quoted(program, call.site, 'the loss')} is that of the last batch only, not of the epoch",
                    trails.distinct([(call.site, "computed for each batch"), (report.site, "reported after them")]),
                )
                break


def _losses(program: Program) -> Iterator[tuple[int, Call]]:
    """What is differentiated, or computed by a known loss, with the call that shows in which loops it is."""
    for compared in program.comparisons:
        if compared.model is None:
            yield id(compared.call.result), compared.call
    for gradients in program.training:
        if gradients.target is not None:
            yield id(gradients.target), gradients.call


def _shown(value: Value) -> Iterator[Value]:
    """The values whose number appears in a text or argument as it is."""
    seen: set[int] = set()
    pending = [value]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        match one:
            case Computed(operator="f-string" | "%", parts=parts):
                pending.extend(parts)
            case Choice():
                # Before the first batch, a name may hold a number that nobody sees.
                pending.extend(alternatives(one))
            case Result(call=call) if call.op in _SHOWING | _REDUCING:
                pending.extend(call.arguments[:1])
            case Result(call=call) if call.op is None and call.method in _SHOWING_METHODS:
                pending.extend(call.operands())


def _goes_through_batches(loss: Value, call: Call, loop: Loop) -> bool:
    """Whether a loop brings one batch after another, of which a loss is computed."""
    feeds = feeds_behind([loss], call)
    if feeds:
        return all(feed.batches != 1 for feed in feeds)
    counter = made_by(loop.iterable) if loop.iterable is not None else None
    if loop.iterable is None or (counter is not None and (counter.op or "").endswith(_COUNTING)):
        return False
    return any(isinstance(one, Element) and one.of is loop.iterable for one in ancestors(loss))


_COUNTING = ("range", "count")
