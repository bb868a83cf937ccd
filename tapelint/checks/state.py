"""Checks of what a traced function knows of its surroundings: what is bound to a name later, it does not see."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.captures import name_of, traced
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.program.changes import changing_number
from tapelint.program.graphs import graph_calls
from tapelint.program.program import Program
from tapelint.program.provenance import made_by, site_of
from tapelint.program.trace import Frame, Loop
from tapelint.program.values import Constant, Instance, Result, Site, Value, alternatives
from tapelint.syntax import tree
from tapelint.syntax.nodes import children
from tapelint.syntax.scopes import names_of, own_names


@check
def state_captured_at_trace(program: Program) -> Reports:
    earlier: dict[int, list[Frame]] = {}
    for frame in graph_calls(program):
        assert frame.function is not None
        known = earlier.setdefault(id(frame.function.wrapping), [])
        for name, value in frame.captured.items():
            site = _reading(frame, name)
            if site is None:
                continue
            first = next((each for each in known if _is_stale(each, frame, name, value)), None)
            loop = _loop_that_changes(program, frame, value)
            if first is not None:
                yield Report(
                    site,
                    f"{name_of(frame)} keeps the `{name.lstrip('.')}` of its first call, whatever it is set to later",
                    distinct([*traced(frame), (site_of(value), "set again"), (frame.call_site, "called again")]),
                )
            elif loop is not None:
                yield Report(
                    site,
                    f"{name_of(frame)} keeps the `{name.lstrip('.')}` of its first call, although each turn changes it",
                    distinct([*traced(frame), (loop.site, "changed in each turn"), (frame.call_site, "called here")]),
                )
        known.append(frame)


def _is_stale(first: Frame, later: Frame, name: str, value: Value) -> bool:
    """Whether a name meant something else, a definite thing, at an earlier call for which the same graph was traced."""
    old = first.captured.get(name)
    if old is None or not _is_definite(old) or not _is_definite(value) or _are_same(old, value):
        return False
    if first.around is None or later.around is None or _may_be_skipped(first, later):
        return False
    return first.given.keys() == later.given.keys() and all(
        _has_same_signature(first.given[each], later.given[each]) for each in first.given
    )


def _is_definite(value: Value) -> bool:
    """Whether this is one object, a number, or a tensor: what a graph takes in for good."""
    if isinstance(value, Instance):
        return value.call is not None
    return isinstance(value, Constant) or (isinstance(value, Result) and made_by(value) is not None)


def _are_same(old: Value, new: Value) -> bool:
    if isinstance(old, Constant) and isinstance(new, Constant):
        return old.value == new.value
    return old is new or isinstance(old, Constant) is not isinstance(new, Constant)


def _may_be_skipped(first: Frame, later: Frame) -> bool:
    """Whether the later call may happen without the first."""
    assert first.around is not None
    assert later.around is not None
    return first.around.branches != later.around.branches[: len(first.around.branches)]


def _has_same_signature(old: Value, new: Value) -> bool:
    """Whether two arguments surely ask for the same graph: the same object, or two tensors."""
    if old is new or (isinstance(old, Constant) and isinstance(new, Constant) and old.value == new.value):
        return True
    python = (Constant, Instance)
    return not any(isinstance(option, python) for each in (old, new) for option in alternatives(each))


def _loop_that_changes(program: Program, frame: Frame, value: Value) -> Loop | None:
    """The loop around a call that gives a number of the surroundings another value in each turn."""
    assert frame.function is not None
    assert frame.around is not None
    wrapping = frame.function.wrapping
    built = wrapping.context.loops if wrapping is not None else ()
    loops = [loop for loop in frame.around.loops if loop not in built]
    for argument in frame.given.values():
        if changing_number(program.trace, argument, loops) is not None:
            # Then it is traced again, and sees it.
            return None
    return changing_number(program.trace, value, loops)


def _reading(frame: Frame, name: str) -> Site | None:
    """Where the traced function reads a name, or an attribute of its receiver, before it binds it itself."""
    function = frame.function
    assert function is not None
    parameters = function.node.parameters
    receiver = parameters[0].name if function.receiver is not None and parameters else None
    own = own_names(function.node) | names_of(function.node).nonlocals
    for node, inner in _read(function.node.body):
        match node:
            case tree.Name(name=found) if found == name and name not in own | inner:
                return Site(function.scope.module, node.id)
            case tree.Attribute(value=tree.Name(name=owner), name=found) if f".{found}" == name:
                if owner == receiver and owner not in inner:
                    return Site(function.scope.module, node.id)
    return None


def _read(body: list[tree.Statement]) -> Iterator[tuple[tree.Node, frozenset[str]]]:
    """Every node from first to last, with the names that inner functions and comprehensions have for themselves."""
    pending: list[tuple[tree.Node, frozenset[str]]] = [(statement, frozenset()) for statement in reversed(body)]
    while pending:
        node, inner = pending.pop()
        yield node, inner
        within = inner | own_names(node)
        pending += reversed([(child, within) for child in children(node)])
