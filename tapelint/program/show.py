"""What the analyzer understood of a file, for a person to read, and what it could not tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tapelint.program import kinds
from tapelint.program.feeds import Feed, feed_of_fit, feeds_of
from tapelint.program.losses import shape_of
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.tapes import Fate, Gradients, fate
from tapelint.program.trace import Call
from tapelint.program.values import Class, Instance, Site
from tapelint.source.document import Document
from tapelint.syntax.positions import spans

Row = tuple[Site, str]

_SHOWN = ("tape", "model", "optimizer", "loss", "metric", "schedule", "callback", "strategy")

_FATES: dict[Fate, str] = {
    "applied": "applied to the variables",
    "escaped": "handed on, out of view",
    "differentiated": "differentiated once more",
    "displayed": "only displayed",
    "dead": "lost: nothing uses it",
}


def render(programs: Iterable[Program], document: Document) -> str:
    """One line for each thing understood in `document`, in source order: `line: what it is`."""
    rows = [row for program in programs for row in _rows(program) if row[0].module.document.path == document.path]
    places = spans(document, {site.node for site, _ in rows})
    lines = sorted({(places[site.node].start, text) for site, text in rows})
    if not lines:
        return "nothing of training was understood in this file\n"
    width = len(str(lines[-1][0].line))
    return "".join(f"{start.line:>{width}}: {text}\n" for start, text in lines)


def _rows(program: Program) -> Iterator[Row]:
    for kind in _SHOWN:
        for one in program.objects(kind):
            yield one.site, _object(program, kind, one)
    for call in program.forwards:
        yield call.site, _forward(program, call)
    for gradients in program.gradients:
        yield gradients.call.site, _gradients(gradients)
        for feed in feeds_of(gradients):
            yield feed.site, _feed(feed)
    for update in program.updates:
        known = update.paired() is not None
        yield update.call.site, f"update {'of known pairs' if known else 'of pairs that could not be told apart'}"
    for fit in program.fits:
        yield fit.site, f"fit of {program.spelled(fit.site) or 'a model'}"
        fitted = feed_of_fit(fit)
        yield fit.site, _feed(fitted) if fitted is not None else "data of fit: could not be told"
    for call in program.trace.calls:
        if call.op is None and call.result.uses and not isinstance(call.result, Instance) and call.method is None:
            yield call.site, f"call of {program.spelled(call.site) or 'something'}: could not be told"


def _object(program: Program, kind: str, one: Instance) -> str:
    name = program.name(one.site)
    cls = one.cls.node.name if isinstance(one.cls, Class) else (library_class(one) or "").rpartition(".")[2]
    named = f" `{name}`" if name else ""
    return f"{kind}{named}: {cls}"


def _forward(program: Program, call: Call) -> str:
    layers = sorted({(library_class(layer) or "layer").rpartition(".")[2] for layer, _ in call.leaves})
    modes = {"on": "training on", "off": "training off", "unset": "training not set", "unknown": "training unknown"}
    mode = {mode for _, mode in call.leaves}
    told = f", {', '.join(layers)}: {modes[mode.pop()] if len(mode) == 1 else 'training differs'}" if layers else ""
    recorded = ", recorded" if any(kinds.of(manager) == "tape" for manager in call.context.managers) else ""
    return f"forward pass {program.spelled(call.site) or ''}{recorded}{told}"


def _gradients(gradients: Gradients) -> str:
    parameters = gradients.parameters
    by = "model parameters" if parameters else "something else than model parameters, or it could not be told"
    shape = shape_of(gradients.target) if gradients.target is not None else None
    target = {"scalar": "a scalar", "per-example": "one value per example"}.get(
        shape.kind if shape else "", "of unknown shape"
    )
    return f"gradients by {by}; target {target}; {_FATES[fate(gradients.call.result)]}"


def _feed(feed: Feed) -> str:
    size = feed.size if feed.size is not None else "an unknown number of"
    batch = feed.batch if feed.batch is not None else "an unknown number"
    chain = ".".join(step.method or "?" for step in feed.pipeline.steps) if feed.pipeline is not None else ""
    through = f", through {chain}" if chain else ""
    return f"training data: {size} examples in batches of {batch}{through}"
