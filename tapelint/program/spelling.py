"""How a module's own code would write the name of something: what a fix may put in."""

from __future__ import annotations

from tapelint.program.project import Module
from tapelint.program.trace import Frame
from tapelint.program.values import Attribute, Instance, Library, Parameter, Value


def spelling(module: Module, name: str) -> str | None:
    """A library's `name`, such as `tensorflow.reduce_mean`, by the module's imports; None if they do not reach it."""
    found: list[tuple[int, str]] = []
    for bound, value in module.scope.names.items():
        if not isinstance(value, Library):
            continue
        if name == value.name or name.startswith(f"{value.name}."):
            found.append((len(value.name), bound + name[len(value.name) :]))
        elif value.name == "tensorflow" and name.startswith("keras."):
            found.append((0, f"{bound}.{name}"))
    return max(found)[1] if found else None


def visible_name(value: Value, frame: Frame, module: Module) -> str | None:
    """A name that means `value` everywhere in the function that runs in `frame`; None where there is none in view."""
    names = [name for name, bound in module.scope.names.items() if bound is value]
    if names:
        return names[0]
    function = frame.function
    match value:
        case Parameter(name=name) if function and any(each.name == name for each in function.node.parameters):
            return name
        case Attribute(of=Instance(call=None), name=name) if function and function.receiver is not None:
            return f"{function.node.parameters[0].name}.{name}"
    return None
