"""Checks of what a traced function takes in: numbers drawn and clocks read while it is traced stay what they were."""

from __future__ import annotations

from tapelint.checks.mending import argument_site
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import Trail
from tapelint.checks.wording import quoted
from tapelint.program.graphs import graph_around, is_clock, is_draw, maps, runs_again
from tapelint.program.program import Program
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call, Frame
from tapelint.program.values import Computed, Site, Use, Value

_OF_TENSORS = ("tensorflow.", "keras.", "forward")

# Functions that have their like in `tf.random`, with the arguments of both; in TensorFlow the shape comes first.
_DRAWN_BY = {
    "random.random": "uniform",
    "numpy.random.random": "uniform",
    "numpy.random.rand": "uniform",
    "numpy.random.randn": "normal",
    "numpy.random.uniform": "uniform",
    "random.uniform": "uniform",
    "numpy.random.normal": "normal",
}
_WITHOUT_BOUNDS = frozenset({"random.random", "numpy.random.random", "numpy.random.rand", "numpy.random.randn"})
_BOUNDS = {"uniform": ("low", "high"), "normal": ("loc", "scale")}
_NAMES = {"uniform": ("minval", "maxval"), "normal": ("mean", "stddev")}

# How many operations away from a clock a tensor is looked for.
_NEAR = 6


@check
def random_frozen_at_trace(program: Program) -> Reports:
    for call in program.trace.calls:
        if is_draw(call) and not _only_seeds(call):
            what = "is drawn"
        elif is_clock(call) and _reaches_tensors(call):
            what = "is read"
        else:
            continue
        graph = graph_around(program, call.context)
        if graph is not None and runs_again(program, graph):
            text = quoted(program, call.site, "this")
            yield Report(
                call.site,
                f"{text} {what} once, while {name_of(graph)} is traced: {_fate(program, graph)}",
                traced(graph),
                fix=_as_operation(program, call),
            )


def _as_operation(program: Program, call: Call) -> Repair | None:
    """Draw with TensorFlow; only where what is drawn goes into arithmetic, comparisons or TensorFlow's operations."""
    name = _DRAWN_BY.get(call.op or "")
    written = spelling(call.site.module, f"tensorflow.random.{name}") if name is not None else None
    if (
        name is None
        or written is None
        or call.opaque
        or not call.result.uses
        or not all(map(_takes_tensors, call.result.uses))
    ):
        return None
    unnamed = call.op in _WITHOUT_BOUNDS
    if unnamed and (call.arguments or call.keywords):
        return None
    pieces: list[str | Site] = [f"{written}("]
    given = [argument_site(program, call, position, keyword) for position, keyword in enumerate(_BOUNDS[name])]
    shape = argument_site(program, call, 2, "size") if not unnamed else None
    pieces.append(shape if shape is not None else "()")
    if len([each for each in (*given, shape) if each is not None]) != len(call.arguments) + len(call.keywords):
        return None
    for site, keyword in zip(given, _NAMES[name], strict=True):
        if site is not None and not unnamed:
            pieces += [f", {keyword}=", site]
    return Repair(f"draw with `{written}`", "unsafe", (Replace(call.site, (*pieces, ")")),))


def _takes_tensors(use: Use) -> bool:
    match use.by:
        case Computed(operator=operator):
            return operator in ("+", "-", "*", "/", "**", "<", "<=", ">", ">=")
        case Call(op=op):
            return (op or "").startswith("tensorflow.") and use.kind == "argument"
    return use.kind == "tested"


def traced(graph: Frame) -> Trail:
    """The first station of a trail: the function that is traced."""
    return ((graph.function.site, "this is traced"),) if graph.function is not None else ()


def name_of(graph: Frame) -> str:
    """How a traced function is called in a message."""
    name = graph.function.node.name if graph.function is not None else "<lambda>"
    return "the lambda" if name == "<lambda>" else f"`{name}`"


def _fate(program: Program, graph: Frame) -> str:
    return "it is the same for every element" if maps(program, graph) else "it is the same in every later call"


def _only_seeds(call: Call) -> bool:
    """Whether a drawn number is the seed of an operation that keeps a state of its own, and goes on from there."""
    uses = call.result.uses
    return bool(uses) and all(
        isinstance(use.by, Call) and use.by.keywords.get("seed") is call.result and "stateless" not in (use.by.op or "")
        for use in uses
    )


def _reaches_tensors(call: Call) -> bool:
    """Whether a time goes into an operation of the graph, as of `tf.print`. To show how long tracing takes is fine."""
    pending: list[tuple[Value, int]] = [(call.result, 0)]
    while pending:
        value, depth = pending.pop()
        for use in value.uses:
            if isinstance(use.by, Call) and (use.by.op or "").startswith(_OF_TENSORS):
                return True
            made = use.by.result if isinstance(use.by, Call) else use.by
            if made is not None and depth < _NEAR:
                pending.append((made, depth + 1))
    return False
