"""What several observations share: what was not reached, and which of several verdicts counts."""

from collections.abc import Sequence

from tapelint.finding import Verdict
from tapelint.probe.scene import Scene, only
from tapelint.record import Fit, GradientCall, Record

ENOUGH = 2
"""The batches that must be alike for an order to be the same, and the factors for a rate to compound."""


def fits_near(scene: Scene) -> list[Fit]:
    """The fits at the finding; else the only one there is."""
    return scene.near(scene.record.fits) or only(scene.record.fits, lambda _: True)


def gradients_near(scene: Scene) -> list[GradientCall]:
    """The gradient calls at the finding; else all, if they stand at one place: what is far from it leads there."""
    places = {call.where and call.where.spot for call in scene.record.gradients}
    return scene.near(scene.record.gradients) or (list(scene.record.gradients) if len(places) == 1 else [])


def unreached(record: Record, there: str = "here") -> Verdict:
    """The verdict where the run did not come to the point."""
    where = record.exception.where if record.exception is not None else record.where
    line = f" on {where.spot.told}" if where is not None and record.end in ("raised", "exited", "timeout") else ""
    return Verdict("unreached", f"the run never was {there}: {record.detail}{line}")


def strongest(verdicts: Sequence[Verdict | None]) -> Verdict | None:
    """A confirmation outweighs the rest, a refutation what could not be decided."""
    given = [verdict for verdict in verdicts if verdict is not None]
    ranks = ("confirmed", "refuted", "unable", "unreached")
    return min(given, key=lambda verdict: ranks.index(verdict.kind), default=None)
