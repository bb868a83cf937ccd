"""Observations about what a program raises."""

import re

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import late, observation
from tapelint.probe.observations.scenes import unreached
from tapelint.probe.observations.wording import said
from tapelint.probe.scene import Scene
from tapelint.record import Site


@observation
def name_error(scene: Scene) -> Verdict:
    """The name was not there when it was needed."""
    error = scene.record.exception
    if error is not None and error.kind in ("NameError", "UnboundLocalError"):
        named = re.search(r"name '(\w+)'", error.message)
        same = named is not None and f"`{named[1]}`" in scene.finding.message
        if scene.at([error]) or (same and error.where is not None):
            line = f", on {error.where.spot.told}" if error.where is not None else ""
            return Verdict("confirmed", said(error.kind, error.message) + line)
    if _ran(scene):
        return Verdict("refuted", "the line ran without a `NameError`")
    return unreached(scene.record)


@observation
def raises(scene: Scene) -> Verdict:
    """The program ended in an exception that came up on the finding's lines, or on its trail's."""
    error = scene.record.exception
    if error is not None and error.where is not None and _leads_to(scene, error.where):
        return Verdict("confirmed", said(error.kind, error.message))
    if _ran(scene):
        return Verdict("refuted", "the line ran and raised nothing")
    return unreached(scene.record)


@observation
@late
def raises_later(scene: Scene) -> Verdict:
    """The program ended in an exception that came up on the finding's lines, though not the first time they ran."""
    verdict = raises(scene)
    if verdict.kind == "refuted" and scene.record.end not in ("finished", "exited"):
        return unreached(scene.record, "in a second turn")
    return verdict


def _leads_to(scene: Scene, where: Site) -> bool:
    """Whether an exception came up on the finding's lines or its trail's, or in something that they called."""
    return any(scene.holds(caller) for caller in (where.spot, *where.callers))


def _ran(scene: Scene) -> bool:
    """Whether something was seen to begin on the finding's own lines."""
    record = scene.record
    seen = (record.gradients, record.tapes, record.applications, record.optimizers, record.fits, record.metrics)
    return any(scene.began(entries) for entries in seen)
