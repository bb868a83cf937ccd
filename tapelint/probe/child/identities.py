"""Who is who: the same number for the same variable, however the program came by it."""

import weakref
from typing import Any


def underlying(value: Any) -> Any:
    """The TensorFlow variable behind a Keras variable; anything else is itself."""
    return getattr(value, "_value", None) if _is_keras_variable(value) else value


def is_variable(value: Any) -> bool:
    """Whether it is a variable, of Keras or of TensorFlow."""
    return _is_keras_variable(value) or (hasattr(value, "assign_sub") and hasattr(value, "handle"))


def is_trainable(value: Any) -> bool:
    """Whether it is a variable that is meant to be trained."""
    return is_variable(value) and bool(getattr(value, "trainable", False))


def name_of(value: Any) -> str:
    """What a person would call it."""
    if not is_variable(value):
        return type(value).__name__
    return str(getattr(value, "path", None) or getattr(value, "name", "variable")).removesuffix(":0")


def _is_keras_variable(value: Any) -> bool:
    return hasattr(value, "_value") and hasattr(value, "assign") and hasattr(value, "path")


class Identities:
    """Numbers for objects. An object that has died frees its address, never its number."""

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._given = 0

    def number(self, value: Any) -> int:
        """The number of this object, a new one if it has none yet."""
        thing = underlying(value)
        thing = value if thing is None else thing
        key = id(thing)
        if key not in self._numbers:
            self._given += 1
            self._numbers[key] = self._given, self._hold(key, thing)
        return self._numbers[key][0]

    def _hold(self, key: int, thing: Any) -> Any:
        try:
            return weakref.ref(thing, lambda _: self._numbers.pop(key, None))
        except TypeError:
            return thing  # Kept alive, so that nothing else can get its address.
