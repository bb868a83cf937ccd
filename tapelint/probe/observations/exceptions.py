"""Observations about what a program raises."""

import re

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import unreached
from tapelint.probe.observations.wording import said
from tapelint.probe.scene import Scene
from tapelint.record import Caller, Site


@observation
def name_error(scene: Scene) -> Verdict:
    """The name was not there when it was needed."""
    error = scene.record.exception
    if error is not None and error.kind in ("NameError", "UnboundLocalError"):
        named = re.search(r"name '(\w+)'", error.message)
        same = named is not None and f"`{named[1]}`" in scene.finding.message
        if scene.at([error]) or (same and error.where is not None):
            line = f", on line {error.where.line}" if error.where is not None else ""
            return Verdict("confirmed", said(error.kind, error.message) + line)
    record = scene.record
    seen = (record.gradients, record.tapes, record.applications, record.optimizers, record.fits, record.metrics)
    if any(scene.began(entries) for entries in seen):
        return Verdict("refuted", "the line ran without a `NameError`")
    return unreached(record)


@observation
def raises(scene: Scene) -> Verdict:
    """The program ended in an exception that came up on the finding's lines, or on its trail's."""
    error = scene.record.exception
    if error is None or error.where is None:
        return unreached(scene.record) if error is not None else Verdict("unable", "the run raised no exception")
    if scene.at([error]) or scene.holds(Caller(error.where.path, error.where.line)) or _on_the_way(scene, error.where):
        return Verdict("confirmed", said(error.kind, error.message))
    return unreached(scene.record)


def _on_the_way(scene: Scene, where: Site) -> bool:
    """Whether the exception came up in something that the finding's lines called."""
    return any(scene.holds(caller) for caller in where.callers)
