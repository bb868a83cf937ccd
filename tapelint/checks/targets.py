"""Checks of targets against predictions: their order, their form, their axes."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import loss_named
from tapelint.program import kinds
from tapelint.program.columns import meshes
from tapelint.program.comparisons import Comparison
from tapelint.program.givens import is_given, is_predicted
from tapelint.program.knowledge import table
from tapelint.program.program import Program
from tapelint.program.provenance import site_of
from tapelint.program.trace import Frame
from tapelint.program.values import Display, Function, Mapping, Parameter, Value, alternatives


@check
def target_shape_broadcast(program: Program) -> Reports:
    for mesh in meshes(program.trace):
        yield Report(
            mesh.site,
            "labels (batch,) meet predictions (batch, 1): the result is (batch, batch), one number for every pair",
            trails.distinct(
                [
                    (site_of(mesh.column), "the predictions have the shape (batch, 1)"),
                    (mesh.site, "the labels have the shape (batch,)"),
                ]
            ),
        )


@check
def swapped_loss_arguments(program: Program) -> Reports:
    ordered = table("losses")["ordered"]["names"]
    for compared in program.comparisons:
        labels, predictions = compared.targets, compared.predictions
        if compared.loss.function not in ordered or labels is None or predictions is None:
            continue
        if (is_predicted(labels) and is_given(predictions)) or _are_parameters_of_keras(
            program, labels, predictions, compared
        ):
            yield Report(
                compared.call.site,
                f"{loss_named(program, compared.loss)} gets the predictions for labels, and the labels for predictions",
                trails.distinct(
                    [(site_of(labels), "the predictions are made here"), (compared.call.site, "they come first here")]
                ),
            )


def _are_parameters_of_keras(program: Program, labels: Value, predictions: Value, compared: Comparison) -> bool:
    """Whether both are what Keras passes to a loss function of the user's, and in the wrong order."""
    if not (isinstance(labels, Parameter) and isinstance(predictions, Parameter)):
        return False
    if (labels.position, predictions.position) != (1, 0):
        return False
    given = _loss_functions(program)
    return any(_is_loss_function(frame, given) for frame in compared.call.context.frame.stack())


def _is_loss_function(frame: Frame, given: set[int]) -> bool:
    function = frame.function
    if function is None or not frame.root:
        return False
    if id(function.node) in given:
        return True
    return function.node.name == "call" and function.owner is not None and kinds.of_class(function.owner) == "loss"


def _loss_functions(program: Program) -> set[int]:
    """The functions of the project that models are compiled with as losses."""
    chosen = [call.argument(1, "loss") for call in program.calls("keras.Model.compile")]
    found: set[int] = set()
    for each in chosen:
        match each:
            case Display(items=items):
                options = items
            case Mapping(entries=entries):
                options = list(entries.values())
            case _:
                options = [each] if each is not None else []
        found |= {id(one.node) for option in options for one in alternatives(option) if isinstance(one, Function)}
    return found
