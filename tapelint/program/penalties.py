"""Penalties: the regularizers that a model was built with, which Keras sums up in `model.losses` and `fit` adds."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program.models import library_class, parts_of
from tapelint.program.trace import Call
from tapelint.program.values import Attribute, Constant, Instance, Result, Value, alternatives, is_none

_ARGUMENT = "_regularizer"
_MODULE = "keras.regularizers."


def regularized_parts(model: Value) -> Iterator[tuple[Instance, str]]:
    """The layers of a model that surely have a regularizer, each with the name of the argument that gave it."""
    for part in parts_of(model):
        if isinstance(part, Instance) and part.call is not None and (library_class(part) or "").startswith("keras."):
            if library_class(part) == "keras.layers.ActivityRegularization" and _weighs(part.call):
                yield part, "activity_regularizer"
            for keyword, given in part.call.keywords.items():
                if keyword.endswith(_ARGUMENT) and _is_regularizer(given):
                    yield part, keyword


def _is_regularizer(given: Value) -> bool:
    """Whether an argument is a regularizer in any case, and one that weighs something."""
    return all(_penalizes(option) for option in alternatives(given))


def _penalizes(given: Value) -> bool:
    match given:
        case Constant(value=str() as name):
            return bool(name)
        case Result(call=call) | Instance(call=Call() as call):
            return (call.op or "").startswith(_MODULE) and _weighs(call)
    return False


def _weighs(call: Call) -> bool:
    """Whether a regularizer is not made with a weight of zero; by default, each has one."""
    given = [*call.arguments, *call.keywords.values()]
    options = [option for value in given for option in alternatives(value)]
    return not any(is_none(option) or (isinstance(option, Constant) and not option.value) for option in options)


def reads_losses(value: Value) -> bool:
    """Whether somebody asks `value` for its `losses`."""
    return any(isinstance(use.by, Attribute) and use.by.name == "losses" for use in value.uses)
