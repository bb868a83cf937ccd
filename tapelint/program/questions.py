"""Recursive questions about values, each answered once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from tapelint.program.values import Value

Question = TypeVar("Question", bound=Callable[[Value], Any])


def asked_once(question: Question) -> Question:
    """The same question, with its answer kept at the value, for values share their parts and may contain themselves.

    Asked again while it is being answered, it cannot be told: None. Only to be asked of a finished execution.
    """
    name = f"{question.__module__}.{question.__qualname__}"

    @wraps(question)
    def ask(value: Value) -> Any:
        if value.answers is None:
            value.answers = {}
        if name not in value.answers:
            value.answers[name] = None
            value.answers[name] = question(value)
        return value.answers[name]

    return cast("Question", ask)
