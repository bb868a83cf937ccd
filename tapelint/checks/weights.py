"""Checks that the weights of examples reach the loss."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.loss_repairs import with_weights
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program.program import Program
from tapelint.program.weighting import lost_weights


@check
def ignored_sample_weight(program: Program) -> Reports:
    for lost in lost_weights(program):
        yield Report(
            lost.site,
            f"`fit` passes `{lost.name}`, and with it three values instead of these two: a ValueError"
            if lost.raises
            else f"`{lost.name}` has no effect: the step never uses the weights that `fit` passes",
            trails.distinct([(lost.fit.site, "the weights are passed here")]),
            severity="error" if lost.raises else None,
            fix=with_weights(program, lost),
        )
