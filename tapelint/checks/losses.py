"""Checks of what is differentiated: one loss for the batch, not one for each example."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program.losses import shape_of
from tapelint.program.program import Program
from tapelint.program.tapes import fate


@check
def unreduced_loss(program: Program) -> Reports:
    # Under a strategy the reduction may happen across replicas.
    if program.distributed:
        return
    for gradients in program.gradients:
        if gradients.target is None or not gradients.parameters or not gradients.first_order:
            continue
        shape = shape_of(gradients.target)
        if shape is None or shape.kind != "per-example" or fate(gradients.call.result) == "dead":
            continue
        name = argument(program, gradients.call, 0, "target")
        yield Report(
            gradients.call.site,
            f"{f'`{name}`' if name else 'the loss'} is one number per example: the tape sums them, and the gradient is "
            "as many times too large",
            trails.of_loss(gradients, shape.producer),
        )
