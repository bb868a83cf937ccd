"""What a `fit` is asked to do: for how many epochs, with which callbacks, and whether it validates."""

from __future__ import annotations

from tapelint.program.arrays import integer_of
from tapelint.program.models import library_class
from tapelint.program.trace import Call
from tapelint.program.values import Constant, Display, Instance, Item, Value, alternatives, is_none


def epochs_of(fit: Call) -> int | None:
    """How many epochs a fit runs; None when it cannot be told."""
    last, first = integer_of(fit.argument(3, "epochs")), fit.argument(11, "initial_epoch")
    if first is None or last is None:
        return last
    before = integer_of(first)
    return last - before if before is not None else None


def validates(fit: Call) -> bool | None:
    """Whether a fit validates; None when it cannot be told."""
    given = [fit.argument(6, "validation_split"), fit.argument(7, "validation_data")]
    values = [option for value in given if value is not None for option in alternatives(value)]
    if any(not (isinstance(value, Constant) and not value.value) for value in values):
        return None if any(isinstance(value, Constant) and not value.value for value in values) else True
    return None if fit.opaque else False


def callbacks_of(fit: Call) -> list[Value] | None:
    """The callbacks of a fit; None when they cannot be told."""
    given = fit.argument(5, "callbacks")
    if given is None or is_none(given):
        return []
    options = alternatives(given)
    if len(options) != 1:
        return None
    one = options[0]
    if isinstance(one, Display):
        return None if one.open else [option for item in one.items for option in alternatives(item)]
    return [one] if isinstance(one, Instance) else None


def is_of_keras(callback: Value) -> bool:
    name = library_class(callback) or ""
    return name.startswith("keras.callbacks.") and name != "keras.callbacks.LambdaCallback"


def saves_best(checkpoint: Value) -> bool:
    given = (
        checkpoint.call.argument(None, "save_best_only")
        if isinstance(checkpoint, Instance) and checkpoint.call
        else None
    )
    return given is not None and not (isinstance(given, Constant) and not given.value)


def monitored(callback: Value) -> str | None:
    """The quantity that a callback acts on; None when it acts on none or it cannot be told."""
    name = (library_class(callback) or "").rpartition(".")[2]
    if not isinstance(callback, Instance) or callback.call is None or callback.call.opaque:
        return None
    if name == "ModelCheckpoint":
        position, acts = 1, saves_best(callback)
    else:
        position, acts = 0, name in ("EarlyStopping", "ReduceLROnPlateau")
    if not acts:
        return None
    given = callback.call.argument(position, "monitor")
    if given is None:
        return "val_loss"
    return given.value if isinstance(given, Constant) and isinstance(given.value, str) else None


def same_data(left: Value, right: Value | None) -> bool:
    """Whether two values are one, or the same part of one."""
    if isinstance(left, Item) and isinstance(right, Item):
        return left.of is right.of and left.index is right.index
    return left is right
