"""Checks of the way from the loss back to the variables: an operation that no gradient passes cuts them off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from operator import is_

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import owner, quoted
from tapelint.program import kinds
from tapelint.program.objectives import given_to_compile
from tapelint.program.paths import Cut, CutKind, severing, sources_of
from tapelint.program.program import Program
from tapelint.program.tapes import Gradients
from tapelint.program.values import Computed, Function, Result, Value


@dataclass(frozen=True, slots=True)
class Severed:
    """An operation that cuts off all variables that gradients are wanted by; whose they are, and the trail."""

    cut: Cut
    whose: str
    trail: trails.Trail


@check
def numpy_in_gradient_path(program: Program) -> Reports:
    for severed in _severed(program, "array"):
        if not _raises_instead(severed.cut):
            yield _report(program, severed, "leaves TensorFlow: every gradient of {} is None")


@check
def non_differentiable_loss(program: Program) -> Reports:
    for severed in _severed(program, "steps"):
        yield _report(program, severed, "has no gradient: every gradient of {} is None")
    for severed in _severed(program, "flat"):
        yield _report(program, severed, "is flat wherever it has a gradient: every gradient of {} is zero")


@check
def predict_inside_tape(program: Program) -> Reports:
    for severed in _severed(program, "prediction"):
        yield _report(program, severed, "returns arrays, which no tape records: every gradient of {} is None")


def _report(program: Program, severed: Severed, consequence: str) -> Report:
    what = quoted(program, severed.cut.site, _in_words(severed.cut.value))
    return Report(severed.cut.site, f"{what} {consequence.format(severed.whose)}", severed.trail)


def _in_words(value: Value) -> str:
    """What an operation is called that is not quoted."""
    if isinstance(value, Computed):
        return "the division without rest" if value.operator == "//" else "the comparison"
    return "this step"


def _severed(program: Program, kind: CutKind) -> Iterator[Severed]:
    for gradients in program.gradients:
        if gradients.target is None or not _asked_where_recorded(gradients):
            continue
        for cut in severing(gradients.target, sources_of(gradients)):
            if cut.kind == kind:
                yield Severed(cut, owner(program, gradients), _trail(gradients, cut))
    for loss in given_to_compile(program.trace):
        for cut in severing(loss.returned, partial(is_, loss.prediction)):
            if cut.kind == kind:
                yield Severed(cut, "the model", ((loss.call.site, "the model is trained with it here"),))


def _trail(gradients: Gradients, cut: Cut) -> trails.Trail:
    steps = trails.of_gradients(gradients)
    return trails.distinct([*steps[:-1], (cut.site, "the gradient ends here"), *steps[-1:]])


def _asked_where_recorded(gradients: Gradients) -> bool:
    """Whether the tape is made in the same course of events, so that what is passed in was there before it."""
    asked = [*gradients.call.context.frame.stack()][-1]
    return bool(gradients.tapes) and all(
        tape.call is not None and [*tape.call.context.frame.stack()][-1] is asked for tape in gradients.tapes
    )


def _raises_instead(cut: Cut) -> bool:
    """Whether this runs as a graph, where an array of a tensor ends the program, unless it is asked for like this."""
    if isinstance(cut.value, Result) and cut.value.call.op == "tensorflow.numpy_function":
        return False
    return any(frame.compiled == "yes" or _is_compiled_by_keras(frame.function) for frame in cut.context.frame.stack())


def _is_compiled_by_keras(function: Function | None) -> bool:
    return (
        function is not None
        and function.node.name in _COMPILED_BY_KERAS
        and function.owner is not None
        and kinds.of_class(function.owner) == "model"
    )


# The methods of a model that Keras compiles.
_COMPILED_BY_KERAS = frozenset({"train_step", "test_step", "predict_step"})
