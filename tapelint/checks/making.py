"""Checks of what is made while a function is traced: variables cannot be, for a graph has to be the same each time."""

from __future__ import annotations

from tapelint.checks.captures import name_of, traced
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import quoted
from tapelint.program import kinds
from tapelint.program.graphs import graph_around, is_conditional
from tapelint.program.knowledge import matches, table
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.provenance import seen_from
from tapelint.program.trace import Call
from tapelint.program.values import Instance

_ALWAYS = {"variable": "a variable", "optimizer": "an optimizer", "metric": "a metric"}


@check
def variable_created_in_tf_function(program: Program) -> Reports:
    for call in program.trace.calls:
        what = _made(call)
        graph = graph_around(program, call.context) if what is not None else None
        if graph is None or call.context.forwards or is_conditional(program, call, graph):
            continue
        site = seen_from(call.site, call.context, graph)
        trail = ((call.site, "the variables are made here"),) if site != call.site else ()
        yield Report(
            site,
            f"{name_of(graph)} raises a ValueError: when traced, {quoted(program, call.site, 'it')} makes {what}",
            (*traced(graph), *trail),
        )


def _made(call: Call) -> str | None:
    """What a call makes that holds variables, in words."""
    made = call.result
    if call.op in table("graphs")["variables"]["functions"]:
        return "a generator of random numbers"
    if not isinstance(made, Instance) or made.call is not call:
        return None
    name = library_class(made)
    kind = kinds.of(made)
    if name is None or kind is None:
        return None
    if kind == "layer":
        # A layer that nothing goes through makes no variables.
        return "a layer" if matches(name, "variables", "layers", "graphs") and made.uses else None
    return _ALWAYS.get(kind)
