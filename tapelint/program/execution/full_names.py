"""The full names that a called function goes by, in view or not."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program import kinds
from tapelint.program.values import Attribute, Class, Function, Instance, Library, Result, Value

# Functions that hand out the function they are given, to be called the same way.
_KEEPING = frozenset({"tensorflow.function", "functools.partial"})


def full_names(callee: Value) -> Iterator[str]:
    """The dotted names of what is called; only a function of the project goes by its short name as well."""
    match callee:
        case Library(name=name):
            # Of a relative import that leads out of view, only the end of the name is known.
            yield name.lstrip(".")
        case Function(node=node, owner=None):
            yield f"{_module_name(callee)}.{node.name}"
            yield node.name
        case Function(node=node, owner=owner, receiver=receiver):
            classes = {*_class_names(owner), *(_class_names(receiver) if receiver is not None else ())}
            yield from (f"{each}.{node.name}" for each in sorted(classes))
            yield node.name
        case Attribute(of=of, name=name):
            yield from (f"{each}.{name}" for each in _class_names(of))
        case Result(call=call) if call.op in _KEEPING and call.arguments:
            yield from full_names(call.arguments[0])
        case Instance() | Result():
            yield from (f"{each}.__call__" for each in _class_names(callee))


def _class_names(value: Value | None) -> Iterator[str]:
    """The full names of the classes that a value is an object of, or of the class that it is, with their bases."""
    match value:
        case Class():
            for each in kinds.ancestors(value):
                if isinstance(each, Class):
                    yield f"{_module_name(each)}.{each.node.name}"
                elif isinstance(each, Library):
                    yield each.name
        case Instance(cls=cls):
            yield from _class_names(cls)
        case Library(name=name):
            yield name
        case Result(call=call) if isinstance(call.callee, Library):
            # An object of a class out of view is what calling the class returned.
            yield call.callee.name


def _module_name(value: Function | Class) -> str:
    """The name of the module where something is defined, from the root of the disk on; only its end is compared."""
    path = value.scope.module.document.path
    parts = path.parent.parts if path.stem == "__init__" else (*path.parent.parts, path.stem)
    return ".".join(parts)
