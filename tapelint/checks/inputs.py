"""Checks of what reaches a model from its data: how large the numbers are, and how they get there."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program.images import raw_source, takes_images_as_they_are
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Value


@check
def unscaled_inputs(program: Program) -> Reports:
    for call, images in _trained_on(program):
        source = raw_source(images)
        model = call.receiver
        if source is not None and model is not None and takes_images_as_they_are(model):
            yield Report(
                call.site,
                f"{callee(program, call, 'the model')} gets numbers up to 255, and its layers are made for about 1",
                trails.distinct([(source.site, "the images are loaded here"), (call.site, "and fed as they are")]),
            )


def _trained_on(program: Program) -> Iterator[tuple[Call, Value]]:
    """Each call that feeds a model in training, with what it is fed."""
    for fit in program.fits:
        x = fit.argument(0, "x")
        if x is not None:
            yield fit, x
    trained = {id(loop) for gradients in program.training for loop in gradients.call.context.loops[-1:]}
    for forward in program.forwards:
        if forward.arguments and {id(loop) for loop in forward.context.loops[-1:]} & trained:
            yield forward, forward.arguments[0]
