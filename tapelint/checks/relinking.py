"""Repairs of pipelines: the steps of a chain of methods in another order, or with other arguments."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.repairs import Change, Move, MoveLink, RemoveArgument, Repair, Replace, SetArgument, Surround
from tapelint.program.pipelines import Pipeline
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Site
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, spell


def moved_before(program: Program, step: Call, other: Call) -> Repair | None:
    """The repair by which `step` comes before `other`, be they in one chain or in statements of one block."""
    module = step.site.module
    if other.site.module is not module:
        return None
    nodes = program.nodes(module)
    change: Change
    if any(link is nodes[other.site.node] for link in links(nodes[step.site.node])):
        change = MoveLink(step.site, other.site)
    elif _follow_in_a_block(nodes, other.site, step.site):
        change = Move(step.site, "before", other.site)
    else:
        return None
    return Repair(f"{step.method} before `{other.method}`", "unsafe", (change,))


def set_first(program: Program, call: Call, keyword: str, text: str) -> Change:
    """The change by which a call gets `text` for its first argument, which may also be given as `keyword`."""
    node = program.nodes(call.site.module)[call.site.node]
    given = node.arguments[0] if isinstance(node, tree.Call) and node.arguments else None
    if given is not None and given.keyword is None and not given.star:
        return Replace(Site(call.site.module, given.value.id), text)
    return SetArgument(call.site, keyword, text)


def first_column(program: Program, source: Call) -> str | None:
    """The user's spelling of the features in `from_tensor_slices((features, labels))`, if it is short."""
    node = program.nodes(source.site.module)[source.site.node]
    given = node.arguments[0].value if isinstance(node, tree.Call) and node.arguments else None
    columns = given.items if isinstance(given, tree.Collection) else [given] if given is not None else []
    text = spell(columns[0]) if columns else None
    return text if text is not None and "…" not in text else None


def without_argument(program: Program, call: Call, keyword: str) -> Change | None:
    """The change by which a call no longer passes `keyword`, where it does so by name."""
    node = program.nodes(call.site.module)[call.site.node]
    given = [one for one in node.arguments if one.keyword == keyword] if isinstance(node, tree.Call) else []
    return RemoveArgument(call.site, Site(call.site.module, given[0].value.id)) if len(given) == 1 else None


def linked_before(program: Program, call: Call, text: str) -> Change | None:
    """The change by which `text`, the call of a method with its dot, comes before a link of a chain."""
    node = program.nodes(call.site.module)[call.site.node]
    if not isinstance(node, tree.Call) or not isinstance(node.function, tree.Attribute):
        return None
    return Surround(Site(call.site.module, node.function.value.id), "", text)


def count_of(program: Program, pipeline: Pipeline, where: Call) -> str | None:
    """How to say, at a step of a pipeline, how many examples it has: `len(x)` where that is in sight, or the number."""
    source = pipeline.source
    array = first_column(program, source)
    in_sight = source.site.module is where.site.module and source.context.frame is where.context.frame
    unchanged = all(step.method in _KEEPING for step in pipeline.before(where)) if where in pipeline.steps else False
    if array is not None and in_sight and unchanged and pipeline.arrays is not None:
        return f"len({array})"
    size = pipeline.size_before(where)
    return f"{size}" if size is not None else None


# Steps that keep the number of examples.
_KEEPING = frozenset({"map", "cache", "prefetch", "with_options", "enumerate", "shuffle"})


def links(node: tree.Node) -> Iterator[tree.Call]:
    """The calls of a chain of methods, the last first."""
    while isinstance(node, tree.Call) and isinstance(node.function, tree.Attribute):
        yield node
        node = node.function.value


def root_of(node: tree.Node) -> tree.Node:
    """What the methods of a chain are called on, in the end."""
    while isinstance(node, tree.Call) and isinstance(node.function, tree.Attribute):
        node = node.function.value
    return node


def _follow_in_a_block(nodes: Nodes, first: Site, last: Site) -> bool:
    """Whether two steps are statements `data = data.step(…)` of one block, with only such between them."""
    statements = [next(nodes.parents(site.node)) for site in (first, last)]
    body = getattr(next(nodes.parents(statements[0].id), None), "body", [])
    places = [number for number, one in enumerate(body) if one in statements]
    if len(places) != 2 or body[places[0]] is not statements[0]:
        return False
    names = {_rebound(one) for one in body[places[0] : places[1] + 1]}
    last_value = getattr(statements[1], "value", None)
    return len(names) == 1 and None not in names and last_value is not None and len(list(links(last_value))) == 1


def _rebound(statement: tree.Statement) -> str | None:
    """The name in `data = data.step(…)`; None for any other statement."""
    if (
        not isinstance(statement, tree.Assign)
        or len(statement.targets) != 1
        or not isinstance(statement.value, tree.Call)
    ):
        return None
    name = spell(statement.targets[0])
    return name if name == spell(root_of(statement.value)) else None
