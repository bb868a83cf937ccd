"""What labels are: numbers on a scale, as opposed to classes."""

from __future__ import annotations

from tapelint.program.knowledge import matches, table
from tapelint.program.questions import asked_once
from tapelint.program.values import Choice, Computed, Constant, Item, Result, Value, alternatives

SPLITTING = "sklearn.model_selection.train_test_split"
"""What gives two parts of each of its arguments, one after the other."""

_ARITHMETIC = frozenset({"+", "-", "*", "/", "**", "@"})


@asked_once
def is_continuous(value: Value) -> bool | None:
    """Whether an array surely holds numbers on a scale: drawn, measured or computed; None when it cannot be told."""
    match value:
        case Choice():
            found = {is_continuous(option) for option in alternatives(value)}
            return found.pop() if len(found) == 1 else None
        case Computed(operator=operator, parts=parts) if operator in _ARITHMETIC:
            return True if any(is_continuous(part) for part in parts) else None
        case Item(of=Result(call=call), index=Constant(value=int() as part)) if call.op == SPLITTING:
            return is_continuous(call.arguments[part // 2]) if part // 2 < len(call.arguments) else None
        case Item(of=of):
            return is_continuous(of)
        case Result(call=call):
            op = call.op or ""
            if matches(op, "continuous", "functions"):
                return True
            if matches(op, "continuous", "keeping") and call.arguments:
                return is_continuous(call.arguments[0])
            if not op and call.receiver is not None:
                facts = table("tensors")["continuous"]
                if call.method in facts["drawing"] and is_drawing(call.receiver):
                    return True
                return is_continuous(call.receiver) if _keeps(call.method, call.arguments) else None
    return None


def is_drawing(receiver: Value) -> bool:
    """Whether a value is a random number generator of NumPy."""
    return any(
        isinstance(option, Result) and option.call.op in ("numpy.random.default_rng", "numpy.random.RandomState")
        for option in alternatives(receiver)
    )


def _keeps(method: str | None, arguments: tuple[Value, ...]) -> bool:
    """Whether a method of an array gives numbers on a scale, if it has them."""
    if method == "astype":
        return bool(arguments) and "float" in str(getattr(arguments[0], "value", getattr(arguments[0], "name", "")))
    return method in table("tensors")["continuous"]["methods"]
