"""What the comparison with `fit` shows: that a step's gradients are others, by which factor, and for which reason.

Only what is explained is told: gradients that resemble those of `fit` by no simple factor are somebody's intention.
"""

from collections.abc import Iterator

from tapelint.probe.observations.wording import number
from tapelint.record import Comparison, Record, Resemblance, Site

EXACT = 1e-4
"""The part of the gradients that may be left unexplained. Two runs of one computation differ by 1e-6."""

CLEAR = 1e-3
"""The part of the gradients that must stay unexplained by what is taken for wrong; and how far a factor may be off."""

TELLING = 8
"""The examples from which on a factor of that size is no other number that just looks like it."""

PROPORTIONAL = ("SGD",)
"""The optimizers whose steps are as large as the gradients; most others divide by their size."""


def differences(record: Record) -> Iterator[tuple[Site, str]]:
    """Each update that differs from the one `fit` would make, with what was seen."""
    for comparison in record.comparisons:
        # They may be dealt with in another place, if anybody has asked for them.
        read = any(model.penalties_read for model in record.models)
        seen = _difference(comparison, read=read)
        if comparison.where is not None and seen:
            yield comparison.where, seen


def _difference(comparison: Comparison, *, read: bool) -> str:
    by_mode = {each.training: each for each in comparison.resemblances}
    as_fit, as_inference = by_mode.get(True), by_mode.get(False)
    if as_fit is None:
        return ""
    if as_fit.residual <= EXACT:
        return _told(comparison, as_fit, [], read=read)
    chosen = comparison.flag not in ("unset", "none")
    if as_inference is not None and not chosen and as_inference.residual <= EXACT and as_fit.residual >= CLEAR:
        flag = "without `training=True`" if comparison.flag == "unset" else "with `training=None`"
        return _told(comparison, as_inference, [f"the model is called {flag}"], read=read)
    return ""


def _told(comparison: Comparison, seen: Resemblance, reasons: list[str], *, read: bool) -> str:
    scale = _scale(comparison, seen.data)
    left_out = _left_out(seen, read=read)
    if scale is None or left_out is None:
        return ""
    reasons = [*reasons, *([scale] if scale else []), *([left_out] if left_out else [])]
    return f"the gradients are not those of `fit`: {', and '.join(reasons)}" if reasons else ""


def _scale(comparison: Comparison, factor: float) -> str | None:
    """What a factor of the loss comes from: nothing to say where it is one; None where it may be intended."""
    batch, terms = comparison.batch, comparison.terms
    if _close(factor, 1.0):
        return ""
    if _close(factor, -1.0) and terms == 1 and batch >= TELLING:
        return "they point the other way, up the loss"
    if comparison.optimizer not in PROPORTIONAL:
        return None
    if comparison.targets > 1 and terms > 1 and _close(factor, comparison.targets):
        return f"{number(factor)} times as large, for the loss is {comparison.targets} numbers, which the tape adds up"
    if comparison.targets == 1 and _is_peculiar(batch) and _close(factor * batch, 1.0):
        return f"{batch} times as small, for the mean of {batch} examples is divided by {batch} once more"
    return None


def _is_peculiar(batch: int) -> bool:
    """Whether one over the batch is no weight that anybody would give a loss, as 0.1 and 0.05 are."""
    return batch >= TELLING and float(f"{1 / batch:.1g}") != 1 / batch


def _left_out(seen: Resemblance, *, read: bool) -> str | None:
    """Whether the penalties are missing: nothing to say where they are there; None where it cannot be told."""
    if seen.penalties is None or seen.share < CLEAR:
        return ""
    if _close(seen.penalties, 1.0) or _close(seen.penalties, seen.data):
        return ""
    if abs(seen.penalties) >= CLEAR or read:
        return None
    return "the penalties of `model.losses` are left out"


def _close(left: float, right: float) -> bool:
    return abs(left - right) <= CLEAR * abs(right)
