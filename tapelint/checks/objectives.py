"""Checks of what is differentiated: is it the loss, and all of it?"""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.paths import severed
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import owner, quoted
from tapelint.program.outputs import head_of
from tapelint.program.program import Program, calls_root
from tapelint.program.provenance import ancestors, projected
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.trace import Loop
from tapelint.program.values import Choice, Computed, Result, Unknown, Value, alternatives


@check
def wrong_target(program: Program) -> Reports:
    for each in severed(program, "metric"):
        what = quoted(program, each.cut.site, "the metric")
        yield Report(
            each.cut.site,
            f"{what} comes from a metric, which counts and is no loss: every gradient of {each.whose} is None",
            each.trail,
        )
    applied = {id(pair[0]) for update in program.updates if (pair := update.paired()) is not None}
    for gradients in program.training:
        if id(gradients.call.result) in applied and _differentiates_predictions(gradients):
            yield Report(
                gradients.call.site,
                f"the predictions of {owner(program, gradients)} are differentiated, and no loss: each step makes "
                "all of them smaller",
                trails.of_gradients(gradients)[:-1],
            )


def _differentiates_predictions(gradients: Gradients) -> bool:
    """Whether the target is what the model gives, with several numbers for each example, and nothing was done to it."""
    roots = [root for each in gradients.parameters or () for root in choices_of_root(each.root)]
    options = alternatives(gradients.target) if gradients.target is not None else []
    return bool(options) and all(
        isinstance(option, Result)
        and option.call.op == "forward"
        and any(calls_root(option.call, root) for root in roots)
        and _has_several_units(option)
        for option in options
    )


def _has_several_units(predictions: Value) -> bool:
    head = head_of(predictions)
    return head is not None and head.units is not None and head.units > 1


@check
def loss_summed_across_tapes(program: Program) -> Reports:
    for gradients in program.gradients:
        tape = gradients.tapes[0]
        if len(gradients.tapes) > 1 or tape.call is None or gradients.target is None or not gradients.parameters:
            continue
        inner = tape.call.context.loops[len(gradients.call.context.loops) :]
        if inner and gradients.call.context.loops == tape.call.context.loops[: len(gradients.call.context.loops)]:
            total = _running_total(gradients.target, inner[0])
            if total is not None and gradients.records(total):
                name = program.name(tape.site)
                what = f"`{name}`" if name else "the tape"
                yield Report(
                    gradients.call.site,
                    f"{what} has recorded the last turn only: the losses that the others add have no gradient",
                    trails.distinct(
                        [(tape.site, "each turn has its own tape"), (gradients.call.site, "the last one is asked")]
                    ),
                )


def _running_total(target: Value, loop: Loop) -> Computed | None:
    """The sum that a loop adds to at each turn, if `target` is made of it."""
    sums = (value for value in ancestors(target) if isinstance(value, Computed) and value.operator == "+")
    inside = (value for value in sums if loop in value.context.loops)
    return next((value for value in inside if any(_is_carried(part, value) for part in value.parts)), None)


def _is_carried(part: Value, total: Value) -> bool:
    """Whether a summand is what an earlier turn has left under the name."""
    return isinstance(part, Choice) and any(
        option is total or (isinstance(option, Unknown) and option.reason == "changed in a loop")
        for option in map(projected, alternatives(part))
    )
