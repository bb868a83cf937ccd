"""What is given to a program and what its models make of it: labels are the one, predictions the other."""

from __future__ import annotations

from tapelint.program import kinds
from tapelint.program.provenance import ancestors, differentiable
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Item,
    Library,
    Mapping,
    Parameter,
    Result,
    SliceValue,
    Unknown,
    Value,
    is_none,
)

_LIBRARIES = (
    "tensorflow.",
    "numpy.",
    "keras.ops.",
    "keras.utils.",
    "keras.backend.",
    "builtins.",
    "pandas.",
    "sklearn.",
)
# Functions of tensors that look at nothing but their shape.
_SHAPED = ("ones_like", "zeros_like", "full_like", ".shape", ".size", ".rank", "builtins.len")
_VARIABLES = ("tensorflow.Variable", "tensorflow.compat.v1.get_variable")
_METHODS = frozenset(
    {"astype", "numpy", "reshape", "copy", "flatten", "ravel", "squeeze", "to_numpy", "toarray", "transpose", "clip"}
)


@asked_once
def is_given(value: Value) -> bool:
    """Whether `value` surely comes from data, constants or the caller: from no model, variable or unknown function."""
    match value:
        case Constant() | Library() | Parameter() | SliceValue():
            return True
        case Unknown(sources=sources):
            return bool(sources) and all(is_given(source) or _is_data(source) for source in sources)
        case Element(of=of) | Item(of=of):
            return _is_data(of) or bool(is_given(of))
        case Attribute(of=of, name=name):
            return name in ("shape", "dtype") or bool(is_given(of))
        case Choice(options=options):
            return all(is_none(option) or is_given(option) for option in options)
        case Computed(parts=parts):
            return all(is_given(part) for part in parts)
        case Display(items=items):
            return all(is_given(item) for item in items)
        case Mapping(entries=entries, others=others):
            return all(is_given(entry) for entry in (*entries.values(), *others))
        case Result(call=call):
            return _is_given_by(call)
    return False


def _is_data(value: Value) -> bool:
    """Whether `value` is a dataset, whatever its examples were made by."""
    return kinds.of(value) == "dataset"


def _is_given_by(call: Call) -> bool:
    op = call.op or ""
    if op.endswith(_SHAPED):
        return True
    if op.startswith(_LIBRARIES) and not op.startswith(_VARIABLES):
        return all(is_given(one) for one in (*call.arguments, *call.keywords.values(), *call.spread))
    return not op and call.method in _METHODS and call.receiver is not None and bool(is_given(call.receiver))


def is_predicted(value: Value) -> bool:
    """Whether `value` surely comes from a model, on a way that gradients take."""
    return any(isinstance(one, Result) and one.call.op == "forward" for one in ancestors(value, _leads_on))


def _leads_on(value: Value) -> bool:
    """Whether what `value` was made from can still be seen in its numbers, and differentiated."""
    shaped = isinstance(value, Result) and (value.call.op or "").endswith(_SHAPED)
    return differentiable(value) and not shaped
