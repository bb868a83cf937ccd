"""The account of a run for a person: what the program did, on which line, how often."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tapelint.record import Caller, End, Fit, GradientCall, Metric, Operation, Pipeline, Record, Site, Update
from tapelint.report import ink
from tapelint.report.address import line, shown
from tapelint.report.ink import Line, Role, defuse

ENDS: Mapping[End, tuple[str, Role]] = {
    "finished": ("ran to its end", "strong"),
    "stopped": ("stopped by the probe, which had seen enough", "strong"),
    "raised": ("ended by an exception", "error"),
    "exited": ("ended itself", "strong"),
    "crashed": ("crashed", "error"),
    "timeout": ("stopped at the time limit", "warning"),
    "memory": ("stopped at the memory limit", "warning"),
    "interrupted": ("interrupted", "warning"),
    "unstarted": ("could not be run", "error"),
}
_MOST_NAMES = 3

Row = tuple[str, Site | None, str]
Entry = TypeVar("Entry")


def render(record: Record, *, colour: bool = False) -> str:
    """The account, one line for each place of the program where something was seen."""
    rows = list(_rows(record))
    places = [_place(site) for _, site, _ in rows]
    topics = max((len(topic) for topic, _, _ in rows), default=0)
    width = max(map(len, places), default=0)
    lines: list[Line] = [_headline(record)]
    for (topic, _, text), place in zip(rows, places, strict=True):
        lines.append(((f"  {topic:{topics}}  ", "note"), (f"{place:{width}}  ", "path"), (defuse(text), "plain")))
    return (ink.coloured if colour else ink.plain)(lines)


def _headline(record: Record) -> Line:
    words, role = ENDS[record.end]
    name = defuse(shown(Path(record.script)))
    return (
        (name, "path"),
        (": ", "plain"),
        (defuse(record.detail or words), role),
        (f" ({record.seconds:.1f} s)", "plain"),
    )


def _rows(record: Record) -> Iterator[Row]:
    if record.exception:
        told = f"{record.exception.kind}: {record.exception.message}"
        yield "exception", record.exception.where, told.strip().splitlines()[0]
    # What a fit does inside is told by the line on the fit.
    for calls in _at_one_place((call for call in record.gradients if call.fit is None), lambda call: call.where):
        yield "gradients", calls[0].where, _gradients(calls)
    for updates in _at_one_place((each for each in record.applications if each.fit is None), lambda each: each.where):
        yield "updates", updates[0].where, _updates(updates)
    for change in record.assignments:
        yield "assignments", change.where, f"`{change.name}` changed by {change.operation}, {_times(change.times)}"
    for tape in record.tapes:
        if tape.unasked:
            yield "tapes", tape.where, f"{tape.unasked} of {tape.opened} never asked for a gradient"
    for pipeline in record.pipelines:
        if pipeline.fit is None:
            yield "data", pipeline.where, _pipeline(pipeline)
    for fit in record.fits:
        yield "fit", fit.where, _fit(fit)
    for function in record.functions:
        told = f"`{function.name}` called {_times(function.calls)}, traced {_times(function.traces)}"
        yield "functions", function.where, told
    for metric in record.metrics:
        yield "metrics", metric.where, _metric(metric)
    for warning in record.warnings:
        yield "warnings", warning.where, f"{warning.category}: {warning.text.strip().splitlines()[0][:120]}"
    for replacement in record.replacements:
        yield "replaced", replacement.where, f"{replacement.what} by {replacement.by}"
    for denial in record.denials:
        yield "denied", denial.where, f"{denial.action} {denial.target}"
    for guard in record.guards:
        if not guard.active:
            yield "no guard", None, f"{guard.name}: {guard.detail}"
    if record.cut:
        yield "left out", None, "there was too much to keep of " + ", ".join(record.cut)


def _gradients(calls: Sequence[GradientCall]) -> str:
    last = calls[-1]
    missing = [source.name for source in last.sources if source.gradient == "none"]
    told = f"taken {_times(len(calls))} by {_count(len(last.sources), 'variable')}"
    losses = [call.loss for call in calls if call.loss is not None]
    if losses:
        told += f", loss {losses[0]:.4g}" + (f" to {losses[-1]:.4g}" if len(losses) > 1 else "")
    return told + (f"; none for {_some(missing)}" if missing else "")


def _updates(updates: Sequence[Update]) -> str:
    last = updates[-1]
    told = f"{last.kind} {_times(len(updates))}"
    known = [pair for pair in last.pairs if pair.identical is not None]
    if known:
        moved = sum(not pair.identical for pair in known)
        told += f", {moved} of {_count(len(known), 'variable')} moved in the last"
    if last.rate is not None:
        told += f", rate {last.rate:.4g}"
    return told + (f"; {last.exception.kind}" if last.exception else "")


def _pipeline(pipeline: Pipeline) -> str:
    chain = " > ".join([*filter(None, [pipeline.name]), *map(_operation, pipeline.operations)])
    sizes = sorted({size for passage in pipeline.passages for size in passage.sizes})
    told = f"{chain}, {_count(len(pipeline.passages), 'passage')}"
    return told + (f", batches of {' and '.join(map(str, sizes[-_MOST_NAMES:]))}" if sizes else "")


def _operation(operation: Operation) -> str:
    size = next((size for size in (operation.buffer, operation.batch, operation.count) if size is not None), None)
    return operation.name if size is None else f"{operation.name}({size})"


def _fit(fit: Fit) -> str:
    told = f"`{fit.model}` for {_count(len(fit.epochs), 'epoch')} of {fit.asked}, {_count(fit.steps, 'step')}"
    if fit.changed is not None:
        told += f", {fit.changed} of {_count(fit.trainable, 'variable')} changed"
    return told + (f"; {fit.exception.kind}" if fit.exception else "")


def _metric(metric: Metric) -> str:
    words = {"update": "updated", "read": "read", "reset": "reset"}
    times = {kind: sum(event.times for event in metric.events if event.kind == kind) for kind in words}
    told = [f"{word} {_times(times[kind])}" if times[kind] else f"never {word}" for kind, word in words.items()]
    return f"`{metric.name}` " + ", ".join(told)


def _at_one_place(entries: Iterable[Entry], where: Callable[[Entry], Site | None]) -> list[list[Entry]]:
    """The entries that came from the same line, together."""
    grouped: dict[Caller | None, list[Entry]] = {}
    for entry in entries:
        site = where(entry)
        grouped.setdefault(site.spot if site else None, []).append(entry)
    return list(grouped.values())


def _place(site: Site | None) -> str:
    return defuse(line(site)) if site else ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(f"`{name}`" for name in names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)
