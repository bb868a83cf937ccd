"""The declared type of a value nobody in view gives: by `argparse`, a dataclass or the annotation of a parameter."""

from __future__ import annotations

from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Class,
    Constant,
    Item,
    Library,
    Parameter,
    Result,
    Site,
    Value,
    alternatives,
)
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

_PARSING = frozenset({"parse_args", "parse_known_args"})
_FLAGS = frozenset({"store_true", "store_false"})


def declared_type(value: Value, program: Program) -> str | None:
    """The declared type of `value`, as the user wrote it; None where none is declared."""
    match value:
        case Parameter(site=site):
            annotation = _annotation(site, program)
            return spell(annotation) if annotation is not None else None
        case Attribute(of=Parameter(site=site), name=name):
            cls = _annotated_class(site, program)
            return _field_type(cls, name) if cls is not None else None
        case Attribute(of=Result(call=call) | Item(of=Result(call=call)), name=name) if call.method in _PARSING:
            return _argument_type(call, name, program)
    return None


def _argument_type(parsing: Call, name: str, program: Program) -> str | None:
    """The type that an `add_argument` of the same parser, or of a group of it, gives an argument."""
    for call in program.trace.calls:
        if call.method != "add_argument" or name not in _destinations(call) or call.receiver is None:
            continue
        if any(one is parsing.receiver for one in ancestors(call.receiver)):
            given, action = call.argument(None, "type"), call.argument(None, "action")
            if isinstance(action, Constant) and action.value in _FLAGS:
                return "bool"
            return _short(given) if given is not None else "str"
    return None


def _destinations(call: Call) -> list[str]:
    """The attributes that an `add_argument` may fill."""
    given = [*call.arguments, *([call.keywords["dest"]] if "dest" in call.keywords else [])]
    words = [one.value for one in given if isinstance(one, Constant) and isinstance(one.value, str)]
    return [word.lstrip("-").replace("-", "_") for word in words]


def _short(type_: Value) -> str | None:
    return type_.name.rpartition(".")[2] if isinstance(type_, Library) else None


def _annotation(site: Site, program: Program) -> tree.Expression | None:
    node = program.nodes(site.module)[site.node]
    return node.annotation if isinstance(node, tree.Parameter) else None


def _annotated_class(site: Site, program: Program) -> Class | None:
    """The class of the project that a parameter is annotated with."""
    annotation = _annotation(site, program)
    if not isinstance(annotation, tree.Name):
        return None
    known = site.module.scope.names.get(annotation.name)
    classes = [option for option in alternatives(known) if isinstance(option, Class)] if known is not None else []
    return classes[0] if len(classes) == 1 else None


def _field_type(cls: Class, name: str) -> str | None:
    for statement in cls.node.body:
        match statement:
            case tree.Declare(target=tree.Name(name=field), annotation=annotation) if field == name:
                return spell(annotation)
            case tree.Assign(targets=[tree.Name(name=field)], annotation=tree.Expression() as annotation) if (
                field == name
            ):
                return spell(annotation)
    return None
