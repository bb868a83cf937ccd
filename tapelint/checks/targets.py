"""Checks of targets against predictions: their order, their form, their axes."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.loss_repairs import other_encoding, swapped, with_an_axis
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import loss_named
from tapelint.program.columns import meshes
from tapelint.program.comparisons import Comparison
from tapelint.program.encodings import Encoding, encoding_in, encoding_of
from tapelint.program.givens import is_given, is_predicted
from tapelint.program.knowledge import table
from tapelint.program.own_losses import computes_loss, loss_functions
from tapelint.program.program import Program
from tapelint.program.provenance import site_of
from tapelint.program.trace import Call
from tapelint.program.values import Parameter, Site, Value


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
            fix=with_an_axis(program, mesh),
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
                fix=swapped(program, compared.call),
            )


def _are_parameters_of_keras(program: Program, labels: Value, predictions: Value, compared: Comparison) -> bool:
    """Whether both are what Keras passes to a loss function of the user's, and in the wrong order."""
    if not (isinstance(labels, Parameter) and isinstance(predictions, Parameter)):
        return False
    if (labels.position, predictions.position) != (1, 0):
        return False
    given = loss_functions(program)
    return any(frame.root and computes_loss(frame, given) for frame in compared.call.context.frame.stack())


@check
def label_encoding_mismatch(program: Program) -> Reports:
    for compared in program.comparisons:
        wanted = compared.loss.labels
        if (
            wanted is None
            or compared.loss.activation != "softmax"
            or (compared.head is not None and compared.head.units == 1)
        ):
            continue
        for fed, encoding in _labels_of(program, compared):
            if encoding is not None and encoding != wanted:
                yield Report(
                    compared.site,
                    f"{loss_named(program, compared.loss)} {_EXPECTATIONS[wanted]}: this raises",
                    trails.distinct([(fed, "the labels are given to it here")]),
                    fix=other_encoding(program, compared),
                )
                break


_EXPECTATIONS = {
    "numbers": "takes class numbers, and the labels are one-hot rows",
    "shares": "takes a row of shares for each example, and the labels are class numbers",
}


def _labels_of(program: Program, compared: Comparison) -> Iterator[tuple[Site, Encoding | None]]:
    """The labels that a loss is given, each with the place where it gets them."""
    if compared.targets is not None and compared.head is not None and compared.head.bare:
        yield compared.call.site, encoding_of(compared.targets)
    for fit in program.fits:
        data, labels = fit.argument(0, "x"), fit.argument(1, "y")
        if compared.model is None or _compiled_last(program, fit) is not compared.call:
            continue
        if labels is not None:
            yield fit.site, encoding_of(labels)
        elif data is not None:
            yield fit.site, encoding_in(data)


def _compiled_last(program: Program, fit: Call) -> Call | None:
    """The `compile` that a fit of the same model goes by."""
    before = [call for call in program.calls("keras.Model.compile") if call.receiver is fit.receiver]
    return next((call for call in reversed(before) if call.order < fit.order), None)
