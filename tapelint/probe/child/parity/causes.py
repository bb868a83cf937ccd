"""Why an update is not the one of `fit`: names that stay, and words with the numbers of the case."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tapelint.record import CauseName

CLOSE = 1e-3
"""How far a factor may be off, relatively."""

SIMPLEST_FIRST: tuple[CauseName, ...] = (
    "permuted-pairs",
    "second-optimizer",
    "double-application",
    "optimizer-per-step",
    "accumulator-not-zeroed",
    "ascent",
    "inference-mode",
    "statistics-frozen",
    "statistics-moved-twice",
    "swapped-arguments",
    "logits-flipped",
    "broadcast-labels",
    "sum-over-batch",
    "mean-twice",
    "unscaled",
    "replicas",
    "accumulation-not-averaged",
    "missing-penalties",
    "doubled-penalties",
    "weighted-penalties",
    "zeroed-gradients",
    "left-out",
    "clipped",
    "scaled-gradients",
    "mixed-gradients",
    "iterations-reset",
)

LEAST_SCALE = 1024
"""The power of two from which on a factor of the loss is there to keep small gradients from vanishing."""

SCALE_FREE = ("Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Nadam", "Adamax", "Lion", "Lamb", "Adafactor", "Muon")
"""The optimizers that divide by the size of the gradient, so that a factor hardly shows in the weights."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason, with the sentence that tells it."""

    name: CauseName
    words: str


def ordered(causes: Iterable[Cause]) -> list[Cause]:
    """Each cause once, the simplest first."""
    first: dict[str, Cause] = {}
    for cause in causes:
        first.setdefault(cause.name, cause)
    return sorted(first.values(), key=lambda cause: SIMPLEST_FIRST.index(cause.name))


def sentence(causes: Iterable[Cause]) -> str:
    """The causes in one sentence."""
    return "; ".join(cause.words for cause in causes)


def is_close(left: float, right: float, within: float = CLOSE) -> bool:
    """Whether two factors are the same."""
    return abs(left - right) <= within * abs(right)


def told(factor: float) -> str:
    """A factor as a person reads it: `32.0`, `0.0312`."""
    return f"{factor:.1f}" if abs(factor) >= 1 and is_close(factor, round(factor, 1)) else f"{factor:.4g}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers that a factor may come from: examples, terms of the loss, entries of the tape's target, replicas."""

    batch: int
    terms: int = 1
    targets: int = 1
    replicas: int = 1
    scale: float = 1.0


def of_factor(factor: float, sizes: Sizes, optimizer: str) -> Cause | None:
    """Where a factor of the loss's gradients comes from; None for one, and for a weight that somebody has chosen."""
    cause = _of_magnitude(abs(factor), sizes, optimizer)
    if factor < 0 and (cause is not None or is_close(factor, -1.0)):
        return Cause("ascent", "the gradients point the other way: the step goes up the loss")
    return cause


def _of_magnitude(factor: float, sizes: Sizes, optimizer: str) -> Cause | None:
    if is_close(factor, 1.0):
        return None
    hidden = f"; {optimizer} hides it" if optimizer in SCALE_FREE else ""
    several = {sizes.targets, sizes.batch, sizes.terms, sizes.batch * sizes.terms}
    summed = sorted((several | {sizes.replicas * each for each in several}) - {0, 1, sizes.replicas})
    for count in summed:
        if is_close(factor, count):
            if sizes.targets > 1:
                what = f"a vector of {count}, summed by the tape{hidden}"
            else:
                what = f"a sum of {count} numbers{hidden or '; a learning rate can be chosen for that'}"
            return Cause("sum-over-batch", f"the update is {told(factor)} times fit's: the loss is {what}")
    for count in summed:
        if is_close(factor * count, 1.0):
            words = f"the update is 1/{count} of fit's: the mean of {count} is divided by {count} once more{hidden}"
            return Cause("mean-twice", words)
    if sizes.replicas > 1 and (is_close(factor, sizes.replicas) or is_close(factor * sizes.replicas, 1.0)):
        return Cause(
            "replicas", f"the update is {told(factor)} times fit's: there are {sizes.replicas} replicas{hidden}"
        )
    if sizes.scale > 1 and is_close(factor * sizes.scale, 1.0):
        words = (
            f"the update is 1/{sizes.scale:g} of fit's: the optimizer undoes a scaling of the loss that was not done"
        )
        return Cause("unscaled", words + hidden)
    if sizes.targets == 1 and factor >= LEAST_SCALE and np.log2(factor).is_integer():
        words = f"the update is {factor:g} times fit's: a scaling of the loss is not undone"
        return Cause("unscaled", words + hidden)
    return None


def of_penalties(factor: float, data: float) -> Cause | None:
    """What was done about the penalties of the layers, beside a factor that all gradients have."""
    if is_close(factor, 1.0) or (data and is_close(factor, data)):
        return None
    if abs(factor) <= CLOSE:
        return Cause("missing-penalties", "the penalties of `model.losses` are left out")
    for whole in (1.0, data):
        if whole and is_close(factor, 2 * whole):
            return Cause("doubled-penalties", "the penalties of `model.losses` are added twice")
    return Cause("weighted-penalties", f"the penalties of `model.losses` count {told(factor)} times")
