"""What the analyzer believes of a file, for a person who wants to know why something was found or was not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tapelint.program import kinds
from tapelint.program.description.describe import compilation, describe, describe_gradients, loops, recording
from tapelint.program.description.doubts import doubt
from tapelint.program.description.naming import quoted
from tapelint.program.description.occasions import kind_of_file
from tapelint.program.description.ranks import rank, rank_doubt
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, context_of
from tapelint.program.tapes import Gradients
from tapelint.program.trace import Call, Frame
from tapelint.program.values import Site, Value
from tapelint.source.document import Document
from tapelint.source.span import Position
from tapelint.syntax import tree
from tapelint.syntax.positions import spans

_OBJECTS = ("model", "optimizer", "loss", "metric", "schedule", "callback", "strategy", "tape")

# Of one place, so many runs are told apart, and of one target so many doubts are told.
_MOST_RUNS = 3
_MOST_DOUBTS = 5

NOT_RUN = "it only defines things, and names nothing that training consists of: it was not run"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing believed, and where; `details` say more about it, or what could not be told."""

    site: Site
    text: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the file: in a notebook, the line is counted in its cell."""

    position: Position
    cell: int | None
    line: int

    def __str__(self) -> str:
        return str(self.line) if self.cell is None else f"{self.cell}:{self.line}"


def render(programs: Iterable[Program], document: Document) -> str:
    """What is believed of `document`, function by function, each in source order."""
    shown = ["\n".join(_lines(program, document)) for program in programs]
    return "\n".join(shown or [f"{document.path.name}: {NOT_RUN}"]) + "\n"


def _lines(program: Program, document: Document) -> Iterator[str]:
    rows = [row for row in dict.fromkeys(_rows(program)) if row.site.module.document.path == document.path]
    within = {row: _enclosing(program, row.site) for row in rows}
    functions = {node.id: node for node in within.values() if node is not None}
    places = _places(program.module.document, {row.site.node for row in rows} | set(functions))
    width = max((len(str(places[row.site.node])) for row in rows), default=0)
    yield f"{document.path.name}: {kind_of_file(program)}"
    if not rows:
        yield "nothing of training was understood in this file"
    for function in [None, *sorted(functions.values(), key=lambda node: places[node.id].position)]:
        inside = sorted(
            (row for row in rows if within[row] is function), key=lambda row: places[row.site.node].position
        )
        if inside:
            yield ""
        if function is not None:
            yield f"{places[function.id]!s:>{width}}  {_run(program, function)}"
        yield from _listed(inside, places, width)


def _listed(rows: list[Row], places: dict[int, Place], width: int) -> Iterator[str]:
    before = ""
    for row in rows:
        place = str(places[row.site.node])
        yield f"{place if place != before else '':>{width}}    {row.text}"
        yield from (f"{'':>{width}}      {detail}" for detail in row.details)
        before = place


def _places(document: Document, nodes: set[int]) -> dict[int, Place]:
    found = {}
    for node, span in spans(document, nodes).items():
        cell, inside = document.locate(span)
        found[node] = Place(span.start, cell, inside.start.line)
    return found


def _enclosing(program: Program, site: Site) -> tree.Function | None:
    """The function that a place stands in."""
    parents = program.nodes(site.module).parents(site.node)
    return next((node for node in parents if isinstance(node, tree.Function)), None)


def _run(program: Program, function: tree.Function) -> str:
    """Who runs a function, how often, and whether it is part of a graph."""
    frames = [frame for frame in program.trace.frames if frame.function is not None and frame.function.node is function]
    told = list(dict.fromkeys(_course(frame) for frame in frames))
    return f"`{function.name}`: " + ("; or ".join(told[:_MOST_RUNS]) or "run only to learn what it sets")


def _course(frame: Frame) -> str:
    compiled = {"yes": ", compiled", "unknown": ", maybe compiled", "no": ""}[frame.compiled]
    if frame.root:
        return f"called out of view{compiled}"
    caller = frame.caller.function if frame.caller is not None else None
    by = f" by `{caller.node.name}`" if caller is not None else ""
    return f"called{by} {('once', 'in a loop', 'in two loops')[min(frame.loops, 2)]}{compiled}"


# What there is to show


def _rows(program: Program) -> Iterator[Row]:
    for kind in _OBJECTS:
        for one in program.objects(kind):
            yield Row(one.site, describe(one, program))
    for call in program.trace.calls:
        if _ends_a_chain(call):
            yield Row(call.site, f"{quoted(call.result, program, '')} {describe(call.result, program)}".strip())
    for call in program.forwards:
        if kinds.of(call.callee) != "layer" or recording(call.context, program) is not None:
            yield Row(call.site, describe(call.result, program))
    for gradients in program.gradients:
        yield Row(gradients.call.site, describe_gradients(gradients, program), tuple(_details(gradients, program)))
    for update in program.updates:
        yield Row(update.call.site, describe(update.call.result, program))
    for fit in program.fits:
        yield Row(fit.site, describe(fit.result, program), tuple(_doubts([*fit.operands()], program)))


def _ends_a_chain(call: Call) -> bool:
    """Whether a call makes a dataset that no further step is added to."""
    if kinds.of(call.result) != "dataset":
        return False
    further = [use.by for use in call.result.uses if use.kind == "receiver" and isinstance(use.by, Call)]
    return not any(kinds.of(step.result) == "dataset" for step in further)


def _details(gradients: Gradients, program: Program) -> Iterator[str]:
    """What is differentiated, where that happens, and what of it could not be told."""
    target = gradients.target
    if target is not None:
        context = context_of(target)
        recorded = recording(context, program) if context is not None else None
        told = rank(target, program) or f"of unknown rank: {rank_doubt(target, program)}"
        yield f"of {quoted(target, program, 'a target')}: {', '.join([told, *([recorded] if recorded else [])])}"
    yield f"{loops(gradients.call.context)}, {compilation(gradients.call.context)}"
    yield from _doubts([value for value in (target, gradients.sources) if value is not None], program)


def _doubts(values: list[Value], program: Program) -> list[str]:
    """What is not known of all that `values` were made from."""
    found: dict[str, None] = {}
    for value in values:
        for one in ancestors(value, lambda each: doubt(each, program) is None):
            reason = doubt(one, program)
            if reason is not None:
                found.setdefault(f"not known: {reason}")
    return [*list(found)[:_MOST_DOUBTS], *(["and more that is not known"] if len(found) > _MOST_DOUBTS else [])]
