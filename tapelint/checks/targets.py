"""Checks of targets against predictions: their order, their form, their axes."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program.columns import meshes
from tapelint.program.program import Program
from tapelint.program.provenance import site_of


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
