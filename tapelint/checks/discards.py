"""Checks of results that are thrown away, where the user takes what was called for something that acts in place."""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.knowledge import matches
from tapelint.program.program import Program
from tapelint.program.provenance import made_by
from tapelint.program.trace import Call
from tapelint.program.values import Attribute, Value
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

_DATASET = "tensorflow.data.Dataset."

# How tests say that what stands inside is to fail, or to warn.
_EXPECTING = ("raises", "warns", "assertRaises", "assertWarns", "assertLogs", "suppress")


@check
def discarded_pipeline(program: Program) -> Reports:
    for call in program.trace.calls:
        unchanged = _left_as_it_is(program, call)
        if unchanged is not None and _is_thrown_away(program, call):
            what = "pipeline" if (call.op or "").startswith(_DATASET) else "array"
            yield Report(
                call.site,
                f"the {what} that `{_name_of(call)}` returns is thrown away, and {unchanged} stays as it was",
            )


def _left_as_it_is(program: Program, call: Call) -> str | None:
    """The user's name for what a call makes something new of, without changing it; None for any other call."""
    op = call.op or ""
    if op.startswith(_DATASET) and call.receiver is not None and kinds.of(call.result) == "dataset":
        return _receiver(program, call)
    if matches(op, "order", "permutes") and call.arguments and integer_of(call.arguments[0]) is None:
        text = argument(program, call, 0)
        return f"`{text}`" if text is not None else "what it is given"
    return None


def _receiver(program: Program, call: Call) -> str:
    """The pipeline at the beginning of a chain of methods."""
    node: tree.Node = program.nodes(call.site.module)[call.site.node]
    while isinstance(node, tree.Call) and isinstance(node.function, tree.Attribute):
        node = node.function.value
    text = spell(node)
    return f"`{text}`" if text is not None else "the pipeline"


def _name_of(call: Call) -> str:
    """The method or function that is called, as far as a reader needs it."""
    name = call.op or ""
    return name.rpartition(".")[2] if name.startswith(_DATASET) else name


def _is_thrown_away(program: Program, call: Call) -> bool:
    """Whether a call is a statement of its own, whose result nobody is shown."""
    nodes = program.nodes(call.site.module)
    parents = list(nodes.parents(call.site.node))
    return (
        isinstance(parents[0], tree.ExpressionStatement)
        and not call.result.uses
        and not any(isinstance(parent, tree.Try) for parent in parents)
        and not any(map(_expects_failure, call.context.managers))
    )


def _expects_failure(manager: Value) -> bool:
    made = made_by(manager)
    name = ""
    if made is not None:
        name = made.method or made.op or ""
    elif isinstance(manager, Attribute):
        name = manager.name
    return name.rpartition(".")[2].startswith(_EXPECTING)
