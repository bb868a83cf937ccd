"""Checks of how a model is called: with its training behaviour on while it trains."""

from __future__ import annotations

from tapelint.checks.registry import check_of_absence
from tapelint.checks.repairs import Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program.models import library_class
from tapelint.program.program import Program, calls_root
from tapelint.program.provenance import ancestors, differentiable, made_by
from tapelint.program.tapes import Gradients, choices_of_root, fate
from tapelint.program.trace import Call
from tapelint.program.values import Constant, Instance, Value


@check_of_absence
def training_flag_missing(program: Program) -> Reports:
    if any((call.op or "").endswith(("set_learning_phase", "learning_phase_scope")) for call in program.trace.calls):
        # The program says it once for all models, as one did before Keras 3.
        return
    for gradients in program.gradients:
        if not gradients.first_order or fate(gradients.call.result) != "applied":
            continue
        for forward in _trained_forwards(gradients):
            asleep = [layer for layer, mode in forward.leaves if mode == "unset" and not is_frozen(program, layer)]
            if asleep and not is_frozen(program, forward.receiver):
                layer = asleep[0]
                yield Report(
                    forward.site,
                    f"{callee(program, forward, 'the model')} is called without `training=True`: its "
                    f"{class_name(layer)} does nothing while it trains",
                    ((layer.site, "this layer behaves differently in training"),)
                    if isinstance(layer, Instance)
                    else (),
                    fix=_in_training_mode(forward),
                )


def _in_training_mode(forward: Call) -> Repair:
    return Repair("run the model in training mode", "unsafe", (SetArgument(forward.site, "training", "True"),))


def _trained_forwards(gradients: Gradients) -> list[Call]:
    """The forward passes that the tape records of the models whose variables it is asked about."""
    found: list[Call] = []
    owners = [root for each in gradients.parameters or () for root in choices_of_root(each.root)]
    for value in ancestors(gradients.target, differentiable) if gradients.target is not None else ():
        call = made_by(value)
        if (
            call is not None
            and call.op == "forward"
            and not call.context.forwards
            and gradients.records(value)
            and any(calls_root(call, owner) for owner in owners)
        ):
            found.append(call)
    return found


def is_frozen(program: Program, layer: Value | None) -> bool:
    """Whether somebody sets `trainable = False` on it or on parts of it, and so wants it to run as in inference."""
    return layer is not None and any(
        assignment.name == "trainable"
        and any(layer is one for one in ancestors(assignment.owner))
        and not (isinstance(assignment.value, Constant) and assignment.value.value)
        for assignment in program.trace.assignments
    )


def class_name(layer: Value) -> str:
    return (library_class(layer) or "layer").rpartition(".")[2]
