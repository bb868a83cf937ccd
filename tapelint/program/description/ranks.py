"""How many numbers a loss is, in words: one, or one for each example, or why that cannot be told."""

from __future__ import annotations

from tapelint.program import kinds
from tapelint.program.description.doubts import doubt
from tapelint.program.description.naming import quoted
from tapelint.program.losses import has_feature_axis, reduction_of, shape_of
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Choice, Computed, Constant, Result, Value, alternatives

_REDUCED = {"mean": ", a mean", "average": ", a mean", "sum": ", a sum"}
_DEPTH = 20


def rank(value: Value, program: Program) -> str | None:
    """Whether a loss is one number or one for each example, and how it was reduced; None for what is no loss."""
    shape = shape_of(value)
    if shape is not None and not isinstance(value, Constant):
        return (
            "one number per example"
            if shape.kind == "per-example"
            else f"one number{_REDUCED.get(shape.reduction, '')}"
        )
    if isinstance(value, Result) and _is_loss(value.call):
        return f"loss of unknown rank: {rank_doubt(value, program)}"
    return None


def rank_doubt(value: Value, program: Program, depth: int = _DEPTH) -> str:
    """Why it cannot be told how many numbers `value` is: the first part of it that is to blame."""
    if depth:
        for part in _parts(value):
            if shape_of(part) is None:
                return rank_doubt(part, program, depth - 1)
    why = doubt(value, program)
    if why is not None:
        return why
    if isinstance(value, Result) and _is_loss(value.call):
        return _loss_doubt(value.call)
    return f"{quoted(value, program, 'a part of it')} may have any number of axes"


def _parts(value: Value) -> list[Value]:
    """The values that decide on the rank of `value`."""
    match value:
        case Choice():
            return alternatives(value)
        case Computed(parts=parts):
            return list(parts)
        case Result(call=call) if (call.op or "").startswith(("tensorflow.", "keras.ops.")):
            return list(call.arguments)
    return []


def _is_loss(call: Call) -> bool:
    return (
        call.op == "keras.Loss.__call__"
        or (call.op or "").startswith("keras.losses.")
        or kinds.of(call.callee) == "loss"
    )


def _loss_doubt(call: Call) -> str:
    loss = call.receiver
    if loss is not None and all(reduction_of(option) is None for option in alternatives(loss)):
        return "how it reduces is not known"
    prediction = call.argument(1, "y_pred")
    if prediction is None or not has_feature_axis(prediction):
        return "the predictions may have any number of axes"
    return "it is not understood"
