"""Checks of what a training loop takes out of each step: numbers that it waits for, and tensors that it keeps."""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import quoted
from tapelint.program.graphs import graph_around
from tapelint.program.program import Program, is_forward
from tapelint.program.provenance import context_of, projected
from tapelint.program.questions import asked_once
from tapelint.program.tapes import ASKING
from tapelint.program.trace import Call, Frame, Loop
from tapelint.program.values import Computed, Display, Result, Value, alternatives
from tapelint.syntax import tree

_READING = frozenset({"builtins.float", "builtins.int"})
_READING_METHODS = frozenset({"numpy", "item"})

# Reading a loss or two is what nearly everybody does, and costs nothing that could be measured.
_SEVERAL = 3


@check
def host_sync_in_loop(program: Program) -> Reports:
    loops: dict[Loop, list[Call]] = {}
    for call in program.trace.calls:
        value = _read(call)
        graph = _training_graph(program, value) if value is not None and call.context.loops else None
        if graph is None or graph.around is None or graph_around(program, call.context) is not None:
            continue
        loop = call.context.loops[-1]
        runs_each_turn = len(call.context.branches) <= loop.conditions
        if graph.around.loops[-1:] == (loop,) and runs_each_turn:
            loops.setdefault(loop, []).append(call)
    for loop, reading in loops.items():
        places = list({call.site: call for call in reading}.values())
        if len(places) >= _SEVERAL:
            yield Report(
                places[0].site,
                f"every step waits for {len(places)} values to come back from the device, one after another",
                ((loop.site, "in this loop"), *((call.site, "a value is read") for call in places)),
            )


def _read(call: Call) -> Value | None:
    """The tensor whose value a call reads."""
    if call.op in _READING and len(call.arguments) == 1:
        return call.arguments[0]
    return call.receiver if call.method in _READING_METHODS and call.op is None else None


def _training_graph(program: Program, value: Value) -> Frame | None:
    """The graph that makes a value, if it is a step that trains."""
    for option in alternatives(projected(value)):
        context = context_of(option)
        graph = graph_around(program, context) if context is not None else None
        if graph is not None and any(graph in each.call.context.frame.stack() for each in program.training):
            return graph
    return None


@check
def accumulated_tensors(program: Program) -> Reports:
    steps = [each.call for each in program.training]
    for call in program.trace.calls:
        kept = call.arguments[-1] if call.method == "append" and call.arguments else None
        if kept is None or len(call.context.loops) < 2 or graph_around(program, call.context) is not None:
            continue
        trains = any(each.context.loops[: len(call.context.loops)] == call.context.loops for each in steps)
        what = _large(kept)
        if trains and what is not None and _outlives(program, call) and len(call.context.branches) == 0:
            yield Report(
                call.site,
                f"{quoted(program, call.site, 'this')} keeps {what} of every step of every epoch in memory",
                ((call.context.loops[-1].site, "in this loop"),),
            )


@asked_once
def _large(value: Value) -> str | None:
    """What large tensors a value is, in words; numbers, and what was reduced to one, are none."""
    match value:
        case Result(call=call) if call.method in ASKING:
            return "the gradients"
        case Result(call=call) if is_forward(call):
            return "the outputs"
        case Computed(operator="-", parts=parts):
            found = [_large(part) for part in parts]
            return next((each for each in found if each is not None), None)
    return None


def _outlives(program: Program, call: Call) -> bool:
    """Whether the list is not a new one in each turn of the loops around it."""
    node = program.nodes(call.site.module)[call.site.node]
    held = node.function.value if isinstance(node, tree.Call) and isinstance(node.function, tree.Attribute) else None
    if not isinstance(call.receiver, Display) or not isinstance(held, tree.Name):
        return False
    return not any(held.name in loop.binds for loop in call.context.loops)
