"""The parts of the page that count: traces of functions, what became of metrics, and what `fit` did."""

from tapelint.record import Fit, Function, Metric
from tapelint.report.html.markup import Content, Html, joined, prose, tag
from tapelint.report.html.runs import Run
from tapelint.report.html.tables import table
from tapelint.report.html.wording import NOTHING, count, figure, place, times


def functions(run: Run) -> Html | None:
    """How often each `tf.function` was called and traced; nothing where there is none."""
    if not run.functions:
        return None
    traced = run.compiled is not None or run.record.graph
    told = (
        "Counted while the functions were compiled."
        if traced
        else "The functions ran eagerly, so that every value could be seen. Each signature is a trace once compiled."
    )
    heads = ("function", "line", "called", "signatures", "traced")
    rows = [_function(each, run.record.script, traced=traced) for each in run.functions]
    return joined(
        tag("h3", "Traces"), tag("p", told, class_="lead"), table("Functions and their traces", heads, rows, numbers=3)
    )


def _function(function: Function, script: str, *, traced: bool) -> list[Content]:
    traces = f"{function.traces:,}" if traced else NOTHING
    name = joined(tag("code", function.name), f", {function.objects:,} objects" if function.objects > 1 else None)
    return [name, place(function.where, script), f"{function.calls:,}", f"{function.signatures:,}", traces]


def metrics(run: Run) -> Html | None:
    """What became of each metric; nothing where there is none."""
    if not run.record.metrics:
        return None
    heads = ("metric", "line", "updated", "read", "reset")
    rows = [_metric(each, run.record.script) for each in run.record.metrics]
    return joined(tag("h3", "Metrics"), table("What became of each metric", heads, rows, numbers=3))


def _metric(metric: Metric, script: str) -> list[Content]:
    counts = [
        times(sum(event.times for event in metric.events if event.kind == kind)) for kind in ("update", "read", "reset")
    ]
    return [tag("code", metric.name), place(metric.where, script), *counts]


def fits(run: Run) -> Html | None:
    """What each `fit` did, epoch by epoch; nothing where there is none."""
    if not run.record.fits:
        return None
    return joined(tag("h3", "Fit"), *(_fit(each, run.record.script) for each in run.record.fits))


def _fit(fit: Fit, script: str) -> Html:
    cut = f", {fit.asked} were asked for" if fit.asked != len(fit.epochs) else ""
    cut += ", shortened by the probe" if fit.cut else ""
    told = f"`{fit.model}` for {count(len(fit.epochs), 'epoch')}{cut}: {count(fit.steps, 'step')} by `{fit.loss}`"
    if fit.changed is not None:
        told += f"; {fit.changed} of {count(fit.trainable, 'variable')} changed"
    names = list(dict.fromkeys(name for epoch in fit.epochs for name, _ in epoch.logs))
    rows = [
        [str(number), f"{epoch.steps:,}", figure(epoch.rate), *(figure(dict(epoch.logs).get(name)) for name in names)]
        for number, epoch in enumerate(fit.epochs, start=1)
    ]
    heads = ("epoch", "steps", "rate", *names)
    drawn = table("The logs of each epoch", heads, rows, numbers=len(heads) - 1) if rows else None
    return joined(tag("p", prose(told), " (", place(fit.where, script), ")."), drawn, _callbacks(fit))


def _callbacks(fit: Fit) -> Html | None:
    own = [each for each in fit.callbacks if each.own]
    if not own:
        return None
    rows = [
        [
            tag("code", each.kind),
            each.monitor or NOTHING,
            {True: "yes", False: "no", None: NOTHING}[each.available],
            "left out by the probe" if each.dropped else "ran",
        ]
        for each in own
    ]
    return table("Callbacks", ("callback", "watches", "in the logs", "here"), rows)
