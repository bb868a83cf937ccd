"""How the user calls a value: by the name it is bound to where it is made, or by the expression that gives it."""

from __future__ import annotations

from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Choice,
    Class,
    Computed,
    Constant,
    Element,
    Function,
    Instance,
    Item,
    Library,
    ModuleValue,
    Parameter,
    Result,
    Site,
    Value,
    alternatives,
    is_none,
)
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

_LONGEST = 60


def quoted(value: Value, program: Program, otherwise: str) -> str:
    """The user's name of a value in backticks, or other words where it has none."""
    name = name_of(value, program)
    return f"`{name}`" if name is not None else otherwise


def name_of(value: Value, program: Program, depth: int = 4) -> str | None:
    """The user's name of a value; None where it has none, or none that is short enough to quote."""
    name = _name(value, program, depth) if depth else None
    return name if name is not None and len(name) <= _LONGEST else None


def _name(value: Value, program: Program, depth: int) -> str | None:
    match value:
        case Instance(call=None):
            return "self"
        case Instance(call=Call() as call, site=site):
            return (
                _handed_out(value, call, program)
                or program.name(site)
                or _as_part(site, program)
                or _kept(value, program)
            )
        case Computed(site=site):
            return program.name(site)
        case Result(call=call):
            return program.name(call.site) or _as_part(call.site, program) or program.spelled(call.site)
        case Parameter(name=name) | Library(name=name):
            return name
        case Function(node=node) | Class(node=node):
            return node.name
        case ModuleValue(module=module):
            return module.document.path.stem
        case Attribute(of=of, name=name):
            owner = name_of(of, program, depth - 1)
            return f"{owner}.{name}" if owner is not None else None
        case Item(of=of, index=index):
            owner = name_of(of, program, depth - 1)
            key = repr(index.value) if isinstance(index, Constant) else "…"
            return f"{owner}[{key}]" if owner is not None else None
        case Element(of=of):
            whole = name_of(of, program, depth - 1)
            return f"{whole}[…]" if whole is not None else None
        case Choice():
            names = {name_of(option, program, depth - 1) for option in alternatives(value) if not is_none(option)}
            return names.pop() if len(names) == 1 else None
    return None


def _handed_out(value: Value, call: Call, program: Program) -> str | None:
    """The name that the caller of the function that makes and returns `value` gives it."""
    frame = call.context.frame
    if frame.call_site is not None and any(returned is value for returned in frame.returned):
        return program.name(frame.call_site)
    return None


def _as_part(site: Site, program: Program) -> str | None:
    """The name of the list, tuple or dict that a value is made for, or that of its place in an unpacking."""
    nodes = program.nodes(site.module)
    element = whole = nodes[site.node]
    for parent in nodes.parents(site.node):
        match parent:
            case tree.Collection() | tree.Comprehension() | tree.Mapping():
                element, whole = whole, parent
            case tree.Assign(targets=[tree.Collection(items=targets)], value=tree.Collection(items=items)):
                return next(
                    (spell(target) for target, item in zip(targets, items, strict=False) if item is element), None
                )
            case tree.Assign(targets=[target]) if whole is not element:
                name = spell(target)
                return f"{name}[{_key(element, whole)}]" if name is not None else None
            case _:
                return None
    return None


def _key(element: tree.Node, whole: tree.Node) -> str:
    """The index or key under which something stands in a list, tuple or dict; `…` where there are many or none."""
    match whole:
        case tree.Collection(items=items, kind="list" | "tuple"):
            return next((str(number) for number, item in enumerate(items) if item is element), "…")
        case tree.Mapping(items=entries):
            keys = [key for key, value in entries if value is element]
            return repr(keys[0].value) if keys and isinstance(keys[0], tree.Constant) else "…"
    return "…"


def _kept(value: Value, program: Program) -> str | None:
    """The attribute that a value is kept in."""
    for assignment in program.trace.assignments:
        if assignment.value is value:
            return f"self.{assignment.name}" if isinstance(assignment.owner, Instance) else assignment.name
    return None
