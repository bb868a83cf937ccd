"""Gradients told in multiples of those that `fit` makes of a batch, with a loss that somebody has named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapelint.probe.child.parity.bank import LossFunction, references, terms_of
from tapelint.probe.child.parity.causes import Cause
from tapelint.probe.child.parity.solve import EXPLAINED, FEWEST_NUMBERS, Solution, Vector, distance, flat, solved

SHOWING = 1e-3
"""The share of the penalties in the gradients below which their factor says nothing."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A variant of `fit` whose gradients these are, `data` times those of the loss and `penalties` times the rest.

    `penalties` is None where there are none to speak of; `share` is their size beside the others.
    """

    causes: tuple[Cause, ...]
    data: float
    penalties: float | None
    share: float
    residual: float


@dataclass(frozen=True, slots=True)
class Reference:
    """What `fit` makes of a batch, beside some gradients: `terms` are the numbers that come out of the loss.

    `plain` are its gradients, those that nobody asked for as zeros, and `reached` says of each variable whether it has
    one other than zero. `apart` is the cosine between the two and how many times as long the user's are; None if both
    are nothing.
    """

    terms: int
    plain: Vector
    reached: tuple[bool, ...]
    explanations: tuple[Explanation, ...]
    apart: tuple[float, float] | None


def referred(
    model: Any, batch: tuple[Any, Any], loss: LossFunction, gradients: Sequence[Any], asked: Sequence[bool]
) -> Reference:
    """Gradients by the trainable variables of a model, in their order, beside those of `fit`.

    Only those that were `asked` for are compared. The model has to be as it was when the step began, and is so again
    afterwards.
    """
    x, y = batch
    variables = model.trainable_variables
    sizes = [int(np.prod(each.shape)) for each in variables]
    mask = np.repeat(np.array(asked, "float64"), sizes)
    user = flat(gradients, variables)
    terms = terms_of(model, x, y, loss)
    bank = list(references(model, x, y, loss))
    _, _, (data, penalties) = bank[0]
    plain = data + penalties
    found = [
        explanation
        for cause, training, parts in bank
        for explanation in _explained(user, [part * mask for part in parts], cause, training)
    ]
    return Reference(
        terms=terms,
        plain=plain * mask,
        reached=tuple(bool(part.any()) for part in np.split(plain, np.cumsum(sizes)[:-1])),
        explanations=tuple(found),
        apart=_apart(user, plain * mask),
    )


def _explained(user: Vector, parts: list[Vector], cause: Cause | None, training: bool) -> Iterator[Explanation]:
    mode = None if training else Cause("inference-mode", "the model is called without `training=True`")
    causes = tuple(each for each in (cause, mode) if each is not None)
    lengths = [float(np.linalg.norm(part)) for part in parts]
    share = lengths[1] / lengths[0] if lengths[0] else 1.0
    exact = distance(user, parts[0] + parts[1])
    if exact <= EXPLAINED:
        yield Explanation(causes, 1.0, 1.0 if share > SHOWING else None, share, exact)
        return
    solution = solved(user, parts) if user.size >= FEWEST_NUMBERS else _multiple(user, parts)
    if solution is None or solution.residual > EXPLAINED:
        return
    data, penalties = solution.factors
    if data:
        yield Explanation(causes, data, penalties if share > SHOWING else None, share, solution.residual)


def _multiple(user: Vector, parts: list[Vector]) -> Solution | None:
    """The one factor of a few numbers, where there are no penalties that could make up for anything."""
    data, penalties = parts
    if user.size < 2 or penalties.any() or not data.any() or not user.any():
        return None
    factor = float(user @ data) / float(data @ data)
    return Solution((factor, None), distance(factor * data, user))


def _apart(user: Vector, plain: Vector) -> tuple[float, float] | None:
    lengths = float(np.linalg.norm(user)), float(np.linalg.norm(plain))
    if not any(lengths):
        return None
    if not all(lengths):
        return 0.0, 0.0 if not lengths[0] else float("inf")
    return float(user @ plain) / (lengths[0] * lengths[1]), lengths[0] / lengths[1]
