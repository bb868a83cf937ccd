"""Checks of results that are thrown away, where the user takes what was called for something that acts in place."""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.relinking import root_of
from tapelint.checks.repairs import Repair, Surround
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.knowledge import matches
from tapelint.program.pipelines import STEPS, is_used_as_dataset, pipeline_of
from tapelint.program.program import Program
from tapelint.program.provenance import made_by
from tapelint.program.trace import Call
from tapelint.program.values import Attribute, Parameter, Value
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, spell

_DATASET = "tensorflow.data.Dataset."

# How tests say that what stands inside is to fail, or to warn.
_EXPECTING = ("raises", "warns", "assertRaises", "assertWarns", "assertLogs", "suppress")


@check
def discarded_pipeline(program: Program) -> Reports:
    for call in program.trace.calls:
        unchanged = _left_as_it_is(program, call)
        if unchanged is not None and _is_thrown_away(program, call):
            what = "pipeline" if _is_step(call) else "array"
            yield Report(
                call.site,
                f"the {what} that `{_name_of(call)}` returns is thrown away, and {unchanged} stays as it was",
                fix=_kept(program, call),
            )


def _kept(program: Program, call: Call) -> Repair | None:
    """The repair by which the result is bound to the name of what was meant to change."""
    nodes = program.nodes(call.site.module)
    node = nodes[call.site.node]
    is_method = _is_step(call)
    given = root_of(node) if is_method else node.arguments[0].value if isinstance(node, tree.Call) else None
    if not isinstance(given, (tree.Name, tree.Attribute)) or not _may_be_bound(nodes, call.site.node, given):
        return None
    if is_method and call.method == "shuffle" and _has_batches(call):
        # What would be shuffled are whole batches.
        return None
    name = spell(given)
    return (
        Repair(f"keep the result: `{name} = …`", "unsafe", (Surround(call.site, f"{name} = ", ""),)) if name else None
    )


def _has_batches(call: Call) -> bool:
    pipeline = pipeline_of(call.result)
    return pipeline is None or pipeline.last_batch is not None


def _may_be_bound(nodes: Nodes, node: int, target: tree.Expression) -> bool:
    """Whether an assignment to `target` means what it stands for now: in a function, a name has to be its own."""
    function = next((one for one in nodes.parents(node) if isinstance(one, tree.Function)), None)
    if function is None or not isinstance(target, tree.Name):
        return True
    assigned = any(
        isinstance(one, tree.Name) and one.name == target.name
        for statement in function.body
        if isinstance(statement, tree.Assign)
        for one in statement.targets
    )
    return assigned or any(parameter.name == target.name for parameter in function.parameters)


def _left_as_it_is(program: Program, call: Call) -> str | None:
    """The user's name for what a call makes something new of, without changing it; None for any other call."""
    op = call.op or ""
    if _is_step(call):
        return _receiver(program, call)
    if matches(op, "order", "permutes") and call.arguments and integer_of(call.arguments[0]) is None:
        text = argument(program, call, 0)
        return f"`{text}`" if text is not None else "what it is given"
    return None


def _is_step(call: Call) -> bool:
    """Whether a call makes a dataset of another one."""
    if call.receiver is None:
        return False
    if call.op is None:
        return call.method in STEPS and isinstance(call.receiver, Parameter) and is_used_as_dataset(call.receiver)
    return call.op.startswith(_DATASET) and kinds.of(call.result) == "dataset"


def _receiver(program: Program, call: Call) -> str:
    """The pipeline at the beginning of a chain of methods."""
    text = spell(root_of(program.nodes(call.site.module)[call.site.node]))
    return f"`{text}`" if text is not None else "the pipeline"


def _name_of(call: Call) -> str:
    """The method or function that is called, as far as a reader needs it."""
    name = call.op or call.method or ""
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
