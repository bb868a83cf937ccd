"""The loss functions that a program writes itself: what it compiles models with, and the `call` of its loss classes."""

from __future__ import annotations

from tapelint.program import kinds
from tapelint.program.program import Program
from tapelint.program.trace import Frame
from tapelint.program.values import Display, Function, Mapping, Value, alternatives


def loss_functions(program: Program) -> set[int]:
    """The functions of the project that models are compiled with, by the identity of their nodes."""
    chosen = [call.argument(1, "loss") for call in program.calls("keras.Model.compile")]
    options = [option for each in chosen if each is not None for option in _options(each)]
    return {id(one.node) for option in options for one in alternatives(option) if isinstance(one, Function)}


def _options(chosen: Value) -> list[Value]:
    match chosen:
        case Display(items=items):
            return items
        case Mapping(entries=entries):
            return list(entries.values())
    return [chosen]


def computes_loss(frame: Frame, functions: set[int]) -> bool:
    """Whether a running function is one of these, or what a loss class of the project computes."""
    function = frame.function
    if function is None:
        return False
    in_class = function.node.name == "call" and function.owner is not None and kinds.of_class(function.owner) == "loss"
    return id(function.node) in functions or in_class
