"""Repairs of what tapes record: statements that move into the block of a tape, and tensors that it is told to watch."""

from __future__ import annotations

from tapelint.checks.repairs import Insert, Move, Repair, Side
from tapelint.checks.wording import argument_node
from tapelint.program.program import Program
from tapelint.program.tapes import Gradients
from tapelint.program.values import Instance, Site
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell


def moved_into_block(program: Program, gradients: Gradients, site: Site, side: Side) -> Repair | None:
    """Moving the assignment that `site` is part of into the block of the tape, if the two are neighbours.

    As its last line if it stands behind the block, as its first if it stands before it.
    """
    block = _block(program, gradients.tapes[0])
    moved = _statement(program, site)
    if (
        block is None
        or not isinstance(moved, (tree.Assign, tree.AugmentedAssign))
        or site.module is not _module(gradients)
    ):
        return None
    first, second = (block, moved) if side == "last" else (moved, block)
    asked = program.nodes(site.module).parents(gradients.call.site.node)
    if moved in asked or not _follows(program, site, first, second):
        return None
    target = spell(moved.targets[0] if isinstance(moved, tree.Assign) else moved.target)
    title = f"compute `{target}` under the tape" if target is not None else "move this under the tape"
    return Repair(title, "unsafe", (Move(site, side, Site(site.module, block.id)),))


def watched(program: Program, gradients: Gradients) -> Repair | None:
    """Watching what the gradient is asked by, from the beginning of the block."""
    tape = gradients.tapes[0]
    block, name = _block(program, tape), program.name(tape.site)
    request = program.nodes(gradients.call.site.module)[gradients.call.site.node]
    source = argument_node(request, 1, "sources") if isinstance(request, tree.Call) else None
    if block is None or name is None or not isinstance(source, tree.Name) or tape.site.module is not _module(gradients):
        return None
    insert = Insert("first", Site(tape.site.module, block.id), (f"{name}.watch({source.name})",))
    return Repair(f"let `{name}` watch `{source.name}`", "unsafe", (insert,))


def _module(gradients: Gradients) -> object:
    return gradients.call.site.module


def _block(program: Program, tape: Instance) -> tree.With | None:
    """The `with` statement that makes a tape, and nothing else, and records."""
    parents = list(program.nodes(tape.site.module).parents(tape.site.node))
    block = next((parent for parent in parents if isinstance(parent, tree.Statement)), None)
    return block if isinstance(block, tree.With) and len(block.items) == 1 else None


def _statement(program: Program, site: Site) -> tree.Statement | None:
    parents = program.nodes(site.module).parents(site.node)
    return next((parent for parent in parents if isinstance(parent, tree.Statement)), None)


def _follows(program: Program, site: Site, first: tree.Statement, second: tree.Statement) -> bool:
    """Whether one statement comes right after another, in the same body."""
    holder = next(program.nodes(site.module).parents(first.id), None)
    bodies = [getattr(holder, name, None) for name in ("body", "orelse", "finalbody")]
    for body in bodies:
        if isinstance(body, list) and first in body and second in body:
            return body.index(second) == body.index(first) + 1
    return False
