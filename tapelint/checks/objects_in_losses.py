"""Checks of what a loss makes anew whenever it is computed."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program.own_losses import computes_loss, loss_functions
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.tapes import Gradients
from tapelint.program.trace import Call
from tapelint.program.values import Instance, Site
from tapelint.program.weights import is_parameter, is_weighted


@check
def variable_created_in_loss(program: Program) -> Reports:
    functions = loss_functions(program)
    for call in program.trace.calls:
        made = call.result
        if not isinstance(made, Instance) or made.call is not call or call.context.forwards:
            continue
        in_loss = any(computes_loss(frame, functions) for frame in call.context.frame.stack())
        asked = _asked_without(program, call) if is_parameter(made) else None
        if asked is None and not (in_loss and (is_parameter(made) or is_weighted(made))):
            continue
        name = program.name(call.site)
        made_anew = f"`{name}`" if name else "this"
        yield Report(
            call.site,
            f"{made_anew} is made anew for every loss: it is never trained, and in a graph it raises",
            trails.distinct([(asked, "the gradients are computed here, by other variables")]),
        )


def _asked_without(program: Program, call: Call) -> Site | None:
    """The request for gradients of a loss that `call` is part of, eagerly, by variables of which its result is none."""
    frames = call.context.frame.stack()
    if any(frame.compiled != "no" for frame in frames):
        return None
    for gradients in program.training:
        if gradients.records_call(call) and _is_in(call, gradients):
            return gradients.call.site
    return None


def _is_in(call: Call, gradients: Gradients) -> bool:
    """Whether the result of a call is on the way to what is differentiated, and not among the sources."""
    if gradients.target is None or gradients.sources is None:
        return False
    on_the_way = any(one is call.result for one in ancestors(gradients.target))
    return on_the_way and not any(one is call.result for one in ancestors(gradients.sources))
