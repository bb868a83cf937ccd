"""Learning rates: which optimizer trains a model, what rate it was given, and what sets another one later."""

from __future__ import annotations

from tapelint.program import kinds
from tapelint.program.trace import Call, Trace
from tapelint.program.turns import is_certain
from tapelint.program.values import Attribute, Constant, Instance, Value, alternatives, is_none

_CONTROLLING = ("keras.callbacks.LearningRateScheduler", "keras.callbacks.ReduceLROnPlateau")
NAMES = ("learning_rate", "lr")


def optimizer_of(trace: Trace, fit: Call) -> Instance | None:
    """The optimizer that a fit trains with: the one its model was surely compiled with last."""
    compiled = [call for call in trace.calls[: fit.order] if call.op == "keras.Model.compile"]
    for call in reversed(compiled):
        if call.receiver is fit.receiver:
            given = call.argument(0, "optimizer")
            return only_optimizer(given) if is_certain(call.context, fit.context) else None
    return None


def only_optimizer(value: Value | None) -> Instance | None:
    """The one optimizer made in view that `value` is; None where it may be another."""
    options = [option for option in alternatives(value) if not is_none(option)] if value is not None else []
    if len(options) == 1 and isinstance(options[0], Instance) and kinds.of(options[0]) == "optimizer":
        return options[0]
    return None


def rate_given(optimizer: Instance) -> Value | None:
    """The learning rate that an optimizer was made with, as far as it was passed in view."""
    return optimizer.call.argument(0, "learning_rate") if optimizer.call is not None else None


def schedule_of(optimizer: Instance) -> Instance | None:
    """The schedule that an optimizer takes its rate from."""
    rate = rate_given(optimizer)
    options = alternatives(rate) if rate is not None else []
    if len(options) == 1 and isinstance(options[0], Instance) and kinds.of(options[0]) == "schedule":
        return options[0]
    return None


def is_controlled(trace: Trace) -> bool:
    """Whether anything in a program sets the rate of an optimizer later."""
    if any(assignment.name in NAMES for assignment in trace.assignments):
        return True
    for call in trace.calls:
        receiver = call.receiver
        if call.method == "assign" and isinstance(receiver, Attribute) and receiver.name in NAMES:
            return True
        if call.op in _CONTROLLING or call.op == "keras.backend.set_value":
            return True
    return False


def number(value: Value | None) -> float | None:
    """The number that `value` is; None for what is none."""
    options = alternatives(value) if value is not None else []
    if len(options) == 1 and isinstance(options[0], Constant):
        given = options[0].value
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return given
    return None
