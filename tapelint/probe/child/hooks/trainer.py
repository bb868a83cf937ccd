"""Watches what else a program asks of a model: to compile, predict, evaluate, or take a step by itself."""

import dataclasses
import time
from typing import Any

import keras

from tapelint.probe.child.witness import Witness, patch
from tapelint.record import TrainerCall

METHODS = ("compile", "predict", "evaluate", "train_on_batch", "test_on_batch", "predict_on_batch")


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    book = _Book(witness)
    for method in METHODS:
        owner = next(base for base in keras.Model.__mro__ if method in base.__dict__)
        patch(owner, method, book.wrapper(method))


class _Book:
    """The calls, by the place in the user's code."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.seen: dict[object, TrainerCall] = {}

    def wrapper(self, method: str) -> Any:
        """A wrapper for the method of this name."""

        def wrap(original: Any) -> Any:
            def call(model: Any, *arguments: Any, **keywords: Any) -> Any:
                if not self.witness.sites.own():
                    return original(model, *arguments, **keywords)
                started = time.monotonic()
                result = original(model, *arguments, **keywords)
                with self.witness.attention():
                    given = arguments[0] if arguments else keywords.get("x")
                    self._note(method, model, given, time.monotonic() - started)
                return result

            return call

        return wrap

    def _note(self, method: str, model: Any, given: Any, seconds: float) -> None:
        witness = self.witness
        where = witness.sites.here()
        identity = witness.identities.number(model)
        key = method, identity, where and (where.spot, where.column)
        known = self.seen.get(key)
        if known is None:
            known = TrainerCall(
                number=witness.scribe.number("trainer_calls"),
                where=where,
                method=method,
                model=identity,
                name=str(model.name),
                taped=bool(witness.tapes.recording),
                in_function=witness.in_function,
                examples=None,
                steps=0,
                seconds=0.0,
                times=0,
            )
        shape = getattr(given, "shape", None)
        self.seen[key] = dataclasses.replace(
            known,
            taped=known.taped or bool(witness.tapes.recording),
            examples=int(shape[0]) if shape else None,
            steps=witness.scribe.given("gradients"),
            seconds=round(known.seconds + seconds, 3),
            times=known.times + 1,
        )
        witness.scribe.grow("trainer_calls", known.number, lambda: self.seen[key])
