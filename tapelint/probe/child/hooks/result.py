"""Watches functions that return what others of similar names do in place: whether what they return is thrown away."""

import dis
import inspect
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe.child.witness import Witness, patch
from tapelint.record import Caller, Making

HERE = str(Path(__file__).parent)

FUNCTIONS: tuple[tuple[Any, str], ...] = (
    (keras.random, "shuffle"),
    (tf.random, "shuffle"),
    (np.random, "permutation"),
)


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    book = _Book(witness)
    for module, name in FUNCTIONS:
        patch(module, name, book.wrapper)


def _outside(frame: FrameType | None) -> FrameType | None:
    """Whoever has called the wrappers."""
    while frame is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return frame


class _Book:
    """What was made and what was kept, by the line and the function."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.seen: dict[tuple[Caller, str], Making] = {}
        self.discarding: dict[tuple[CodeType, int], bool] = {}

    def wrapper(self, original: Any) -> Any:
        """A wrapper for a function that returns something new."""

        def call(*arguments: Any, **keywords: Any) -> Any:
            result = original(*arguments, **keywords)
            with self.witness.attention():
                caller = _outside(inspect.currentframe())
                if caller is not None and self.witness.sites.owns(caller):
                    self._note(original.__name__, caller)
            return result

        return call

    def _note(self, name: str, caller: FrameType) -> None:
        line = self.witness.sites.line()
        if line is None:
            return
        known = self.seen.get((line, name))
        number = known.number if known else self.witness.scribe.number("makings")
        made, used = (known.made, known.used) if known else (0, 0)
        kept = not self._discards(caller)
        self.seen[line, name] = Making(number, line, name, made + 1, used + kept, returned=True)
        self.witness.scribe.grow("makings", number, lambda: self.seen[line, name])

    def _discards(self, frame: FrameType) -> bool:
        """Whether the next thing that the frame does with the result of its call is to drop it."""
        key = frame.f_code, frame.f_lasti
        if key not in self.discarding:
            following = (each for each in dis.get_instructions(frame.f_code) if each.offset > frame.f_lasti)
            self.discarding[key] = next(following).opname == "POP_TOP"
        return self.discarding[key]
