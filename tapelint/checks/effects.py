"""Checks of what Python does inside of a graph: it happens while a function is traced, and not when the graph runs."""

from __future__ import annotations

from tapelint.checks.captures import name_of, traced
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import quoted
from tapelint.program import kinds
from tapelint.program.graphs import (
    graph_around,
    is_conditional,
    is_number,
    is_outside,
    is_symbolic,
    runs_again,
    shows_symbolic,
)
from tapelint.program.knowledge import matches, table
from tapelint.program.program import Program
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call, Frame
from tapelint.program.values import Attribute, Computed, Display, Instance, Mapping, Result, Site, Value, alternatives
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

_SHOWING = ("builtins.print", "logging.", "absl.logging.", "tqdm.tqdm.write")
_ADDING = frozenset({"append", "extend", "insert", "add", "appendleft"})
_NUMPY_BEHAVIOUR = "tensorflow.experimental.numpy.experimental_enable_numpy_behavior"


@check
def side_effect_in_tf_function(program: Program) -> Reports:
    for call in program.trace.calls:
        given = (*call.arguments, *call.keywords.values())
        shows = (call.op or "").startswith(_SHOWING)
        if not given or not (shows or call.method in _ADDING):
            continue
        graph = graph_around(program, call.context)
        if graph is None or not runs_again(program, graph):
            continue
        text = quoted(program, call.site, "this")
        if shows and any(shows_symbolic(value, graph) for value in given):
            why = f"{text} runs only while {name_of(graph)} is traced, and shows a tensor without a value"
            yield Report(call.site, why, traced(graph), fix=_as_operation(program, call))
        elif not shows and _is_kept_outside(call, graph) and any(is_symbolic(value, graph) for value in given):
            why = f"{text} runs only while {name_of(graph)} is traced, and keeps a tensor without a value"
            yield Report(call.site, why, traced(graph))
    yield from _counters(program)


def _as_operation(program: Program, call: Call) -> Repair | None:
    """Print from within the graph; a text that Python has put together would still show no value."""
    node = program.nodes(call.site.module)[call.site.node]
    written = spelling(call.site.module, "tensorflow.print")
    if call.op != "builtins.print" or written is None or call.keywords or not isinstance(node, tree.Call):
        return None
    if any(isinstance(value, Computed) and value.operator in ("f-string", "%") for value in call.arguments):
        return None
    if any(isinstance(value, Result) and value.call.method == "format" for value in call.arguments):
        return None
    return Repair(f"print with `{written}`", "unsafe", (Replace(Site(call.site.module, node.function.id), written),))


def _is_kept_outside(call: Call, graph: Frame) -> bool:
    held = alternatives(call.receiver) if call.receiver is not None else []
    return bool(held) and all(isinstance(one, (Display, Mapping)) and is_outside(one, graph) for one in held)


def _counters(program: Program) -> Reports:
    """Numbers of Python's that are counted on while tracing; whoever counts the traces says so in the name."""
    for rebinding in program.trace.rebindings:
        graph = graph_around(program, rebinding.context) if rebinding.kept else None
        if graph is None or not runs_again(program, graph) or rebinding.context.forwards:
            continue
        if rebinding.owner is not None and _is_made_in(rebinding.owner, graph):
            # It is made anew for each trace, and forgotten with it.
            continue
        if _is_count(rebinding.old, rebinding.new) and "trac" not in rebinding.name.lower():
            yield Report(
                rebinding.site,
                f"`{rebinding.name}` is changed only while {name_of(graph)} is traced, not when it is called",
                traced(graph),
            )


def _is_made_in(owner: Value, graph: Frame) -> bool:
    """Whether an object may be one that the traced function makes for itself."""
    made = [one.call for one in alternatives(owner) if isinstance(one, Instance)]
    return any(call is not None and graph in call.context.frame.stack() for call in made)


def _is_count(old: Value, new: Value) -> bool:
    options = alternatives(old)
    counts = isinstance(new, Computed) and all(is_number(part) for part in new.parts if part is not new.parts[0])
    return (
        counts
        and any(is_number(option) for option in options)
        and all(is_number(option) or isinstance(option, Attribute) for option in options)
    )


@check
def eager_call_in_tf_function(program: Program) -> Reports:
    if any(True for _ in program.calls(_NUMPY_BEHAVIOUR)):
        return
    for call in program.trace.calls:
        if not _may_stop(call):
            continue
        graph = graph_around(program, call.context)
        if graph is not None and _stops(call, graph) and not _is_guarded(program, call, graph):
            text = quoted(program, call.site, "this")
            yield Report(
                call.site,
                f"{name_of(graph)} raises an exception: when traced, {text} needs a value, and the tensor has none",
                traced(graph),
                fix=_as_tensor(program, call, graph),
            )


def _as_tensor(program: Program, call: Call, graph: Frame) -> Repair | None:
    """Leave the tensor a tensor where `.numpy()` is asked of it: nothing else can come of this than an exception."""
    node = program.nodes(call.site.module)[call.site.node]
    if not isinstance(node, tree.Call) or not isinstance(node.function, tree.Attribute) or node.arguments:
        return None
    if call.method != "numpy" or call.receiver is None or not is_symbolic(call.receiver, graph):
        return None
    text = spell(node.function.value)
    title = f"keep `{text}` a tensor" if text is not None else "keep the tensor"
    return Repair(title, "safe", (Replace(call.site, Site(call.site.module, node.function.value.id)),))


def _may_stop(call: Call) -> bool:
    op = call.op or ""
    return op.startswith("numpy.") or call.method in table("graphs")["symbolic"]["methods"] or _is_stopped(op)


def _is_stopped(op: str) -> bool:
    return matches(op, "symbolic", "stopped", "graphs")


def _stops(call: Call, graph: Frame) -> bool:
    """Whether a call needs the value of a tensor that has none."""
    op = call.op or ""
    if call.method in table("graphs")["symbolic"]["methods"] and not op.startswith("numpy."):
        held = call.receiver
        return held is not None and (
            is_symbolic(held, graph) or (call.method == "numpy" and kinds.of(held) == "variable")
        )
    if op in table("graphs")["symbolic"]["shapes"] or not (op.startswith("numpy.") or _is_stopped(op)):
        return False
    return any(is_symbolic(value, graph) for value in call.arguments)


def _is_guarded(program: Program, call: Call, graph: Frame) -> bool:
    """Whether something other than a tensor decides if the call happens: such as whether this runs eagerly."""
    outside = len(graph.around.branches) if graph.around is not None else 0
    inner = call.context.branches[outside:]
    if any(branch.test is None or not is_symbolic(branch.test, graph) for branch in inner):
        return True
    return not inner and is_conditional(program, call, graph)
