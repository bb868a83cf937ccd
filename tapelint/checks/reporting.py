"""Checks of the figures that a loop reports of its epochs."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program.arrays import integer_of
from tapelint.program.feeds import feeds_behind
from tapelint.program.knowledge import table
from tapelint.program.pipelines import dataset_behind, pipeline_of
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
_COUNTING = ("range", "count")


@check
def last_batch_reported(program: Program) -> Reports:
    figures = {id(call.result): call for call in figures_of_evaluation(program)}
    for report in program.trace.calls:
        if not (report.op or "").startswith(_REPORTING):
            continue
        for value in (value for given in report.operands() for value in shown(given)):
            call = figures.get(id(value))
            loop = call.context.loops[-1] if call is not None else None
            if call is None or loop is None or loop in report.context.loops or loop.broken:
                continue
            if _goes_through_batches(call, loop):
                yield Report(
                    report.site,
                    "this is the figure of the last batch only: the others are computed and forgotten",
                    trails.distinct([(call.site, "computed for each batch"), (report.site, "reported after them")]),
                )
                break


def figures_of_evaluation(program: Program) -> Iterator[Call]:
    """The calls that make one number of a batch of predictions, in a loop that trains nothing."""
    steps = [call for call, _ in program.feeds] + [gradients.call for gradients in program.gradients]
    training = {id(loop) for call in steps for loop in call.context.loops[-1:]}
    return (call for call in figures_of_batches(program) if id(call.context.loops[-1]) not in training)


def figures_of_batches(program: Program) -> Iterator[Call]:
    """The calls that make one number of a batch of predictions, in whatever loop."""
    losses = {id(compared.call) for compared in program.comparisons if compared.model is None}
    for call in program.trace.calls:
        if call.context.loops and (
            id(call) in losses or (call.op in table("tensors")["reductions"] and _is_of_predictions(call))
        ):
            yield call


def _is_of_predictions(reduction: Call) -> bool:
    """Whether all of a batch is reduced to one number, and comes from what a model says of it."""
    return (
        len(reduction.arguments) == 1
        and not reduction.keywords
        and any(isinstance(one, Result) and _may_predict(one.call) for one in ancestors(reduction.arguments[0]))
    )


def _may_predict(call: Call) -> bool:
    """Whether a call runs a model, or something out of view that is called like one."""
    return call.op == "forward" or (call.op is None and call.method is None)


def shown(value: Value) -> Iterator[Value]:
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
            case Result(call=call) if call.op in table("tensors")["reductions"]:
                pending.extend(call.arguments[:1])
            case Result(call=call) if is_conversion(call):
                pending.extend(call.operands())


def is_conversion(call: Call) -> bool:
    """Whether a call shows a number as it is, in Python, as text, or with fewer digits."""
    return call.op in _SHOWING or (call.op is None and call.method in _SHOWING_METHODS)


def _goes_through_batches(figure: Call, loop: Loop) -> bool:
    """Whether a loop brings more than one batch, of which a figure is computed."""
    if loop.iterable is None:
        return False
    feeds = feeds_behind([figure.result], figure)
    if feeds:
        return all(feed.batches != 1 and not _is_cut_to_one(loop.iterable) for feed in feeds)
    counter = made_by(loop.iterable)
    if counter is not None and (counter.op or "").endswith(_COUNTING):
        return False
    handed = any(isinstance(one, Element) and one.of is loop.iterable for one in ancestors(figure.result))
    return handed and not _is_cut_to_one(loop.iterable)


def _is_cut_to_one(iterable: Value) -> bool:
    """Whether only one batch is taken."""
    data = dataset_behind(iterable)
    pipeline, made = pipeline_of(data), made_by(data)
    steps = pipeline.steps if pipeline is not None else [made] if made is not None else []
    return any(step.method == "take" and integer_of(step.argument(0, "count")) == 1 for step in steps)
