"""Repairs that several checks of evaluation propose: hold examples out, reset a metric, keep the best weights."""

from __future__ import annotations

from tapelint.checks.repairs import Insert, RemoveArgument, Repair, SetArgument, Side
from tapelint.checks.wording import argument_node
from tapelint.program import kinds
from tapelint.program.program import Program
from tapelint.program.trace import Call, Loop
from tapelint.program.values import Site, is_none
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

SHARE = "0.2"
"""The part of the examples that a repair holds out."""


def hold_out(program: Program, fit: Call) -> Repair | None:
    """Let a fit hold out a part of its arrays; None where it is fed anything else."""
    x, y = fit.argument(0, "x"), fit.argument(1, "y")
    if x is None or y is None or is_none(y) or kinds.of(x) is not None or "generator" in x.marks or fit.opaque:
        return None
    given = argument_site(program, fit, 7, "validation_data")
    if fit.argument(7, "validation_data") is not None and given is None:
        return None
    drop = (RemoveArgument(fit.site, given),) if given is not None else ()
    return Repair(
        "hold out a fifth of the examples", "unsafe", (*drop, SetArgument(fit.site, "validation_split", SHARE))
    )


def argument_site(program: Program, call: Call, position: int, keyword: str) -> Site | None:
    """Where the user wrote an argument."""
    node = program.nodes(call.site.module)[call.site.node]
    given = argument_node(node, position, keyword) if isinstance(node, tree.Call) else None
    return Site(call.site.module, given.id) if given is not None else None


def reset(program: Program, use: Call, loop: Loop, side: Side) -> Repair | None:
    """Reset the metric whose method a call is, at a loop that runs in the same function; None without a name for it."""
    context = use.context
    if (
        loop not in context.loops[context.frame.loops :]
        or loop.kind != "for"
        or loop.site.module is not use.site.module
    ):
        return None
    node = program.nodes(use.site.module)[use.site.node]
    called = node.function if isinstance(node, tree.Call) else None
    metric = called.value if use.method != "__call__" and isinstance(called, tree.Attribute) else called
    name = spell(metric) if isinstance(metric, (tree.Name, tree.Attribute)) else None
    if name is None or name.partition(".")[0] in loop.binds:
        return None
    return Repair(f"reset `{name}`", "unsafe", (Insert(side, loop.site, (f"{name}.reset_state()",)),))
