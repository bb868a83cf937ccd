"""Checks of names: does a new value reach the variable, or only the name that the variable had?"""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import assign_in_place
from tapelint.program import kinds
from tapelint.program.program import Program
from tapelint.program.tapes import Gradients, fate, gradient_behind, parameters_of, tapes_behind
from tapelint.program.trace import Context, Rebinding
from tapelint.program.values import Choice, Computed, Instance, Value, alternatives


@check
def rebound_variable(program: Program) -> Reports:
    for rebinding in lost_rebindings(program):
        yield Report(
            rebinding.site,
            f"`{rebinding.name}` is bound to a new tensor, and the variable keeps its value: nothing is learned",
            tuple((call.site, "the gradients are computed here") for call in gradient_behind(rebinding.new)[:1]),
            fix=assign_in_place(program, rebinding.site),
        )


def lost_rebindings(program: Program) -> Iterator[Rebinding]:
    """Where a name of a variable is bound to what a step of descent would give, and the variable is not assigned."""
    # Who watches tensors may well go on with them in place of the variables.
    watched = any(call.op == "tensorflow.GradientTape.watch" for call in program.trace.calls)
    for rebinding in program.trace.rebindings:
        new, old = rebinding.new, rebinding.old
        if isinstance(new, Computed) and new.operator not in ("-", "+"):
            continue
        if not all(_is_variable(option) for option in alternatives(old) if option is not new):
            continue
        pointless = fate(new) == "dead" and _is_listed_variable(old)
        # A layer's own weight may be replaced on purpose, for a forward pass that is to be differentiated.
        kept = rebinding.kept and not watched and _is_plain_step(rebinding)
        lost = kept or fate(new) in ("dead", "displayed") or (_breaks_next_turn(rebinding) and not watched)
        if (_is_descent(rebinding) or pointless) and lost:
            yield rebinding


def _is_plain_step(rebinding: Rebinding) -> bool:
    """Whether a variable that was made as one is replaced, and the gradients are asked for again and again."""
    if not all(isinstance(option, Instance) for option in alternatives(rebinding.old)):
        return False
    requests = [
        Gradients(call, tapes_behind(call.receiver)) for call in gradient_behind(rebinding.new) if call.receiver
    ]
    return all(request.first_order and _is_repeated(request.call.context) for request in requests)


def _is_repeated(context: Context) -> bool:
    """Whether this is in a loop, or in a function, which is there to be called again."""
    return bool(context.loops) or context.frame.function is not None


def _breaks_next_turn(rebinding: Rebinding) -> bool:
    """Whether the loop comes back to ask for the gradient by the name, which is no variable any more."""
    requests = [call for call in gradient_behind(rebinding.new) if call.context.loops == rebinding.context.loops]
    return bool(requests and rebinding.context.loops) and isinstance(rebinding.old, Choice)


def _is_descent(rebinding: Rebinding) -> bool:
    """Whether the old value is moved by something computed from gradients."""
    return any(gradient_behind(part) for part in rebinding.new.operands() if part is not rebinding.old)


def _is_listed_variable(value: Value) -> bool:
    """Whether `value` is an element of a model's list of variables."""
    parameters = parameters_of(value)
    return bool(parameters) and all(each.partial for each in parameters or ())


def _is_variable(value: Value) -> bool:
    """Whether `value` is a variable itself: made as one, or an element of a model's variables."""
    if isinstance(value, Instance):
        return kinds.of(value) == "variable"
    return _is_listed_variable(value)
