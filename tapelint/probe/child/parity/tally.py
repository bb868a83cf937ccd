"""The comparison of one update: the account of its gradients and what the application did, put together."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tapelint.probe.child.parity.account import TOO_SMALL, Account, Question
from tapelint.probe.child.parity.application import Application
from tapelint.probe.child.parity.causes import LEAST_SCALE, Cause, Sizes, is_close, of_factor, of_penalties, told


@dataclass(slots=True)
class Asked:
    """A question with its account and the `place` of its tape, and who has used its gradients, by variable."""

    question: Question
    account: Account
    place: object = None
    used: dict[int, list[int]] = field(default_factory=dict)

    def is_used(self, variables: Sequence[int]) -> bool:
        """Whether an update of these variables has been made of it."""
        return any(variable in self.used for variable in variables)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one update comes to. `reason` says why nothing is known of the gradients, if so."""

    causes: tuple[Cause, ...]
    reason: str = ""
    remark: str = ""
    factor: float = 1.0
    penalties: float | None = None


def tallied(
    application: Application, asked: Sequence[Asked], variables: Sequence[int], optimizer: str, scale: float
) -> Tally:
    """The causes that the gradients and their application add up to. `scale` is what the optimizer divides by."""
    newest = asked[-1].account
    if application.weights is None:
        if application.reason:
            return Tally(newest.causes, application.reason)
        return Tally((*application.causes, *newest.causes), newest.reason, "unexplained")
    parts = [(each, weight) for each, weight in zip(asked, application.weights, strict=True) if weight]
    causes = [*application.causes, *_of_old_ones(parts, variables)]
    fresh = [(each, weight) for each, weight in parts if not each.is_used(variables)] or parts[-1:]
    accounts = [each.account for each, _ in fresh]
    reason = next((account.reason for account in accounts if account.reason), "")
    if reason:
        if len(fresh) == 1 and not is_close(fresh[0][1], 1.0):
            causes.append(_scaled(fresh[0][1]))
        return Tally(tuple(causes), reason)
    for account in accounts:
        causes += account.causes
    factor = 1.0
    for index in range(max(len(account.loss.factors) for account in accounts)):
        # The optimizer adds up what comes of the replicas.
        shares = [(each.account.loss.factors, weight * each.account.sizes.replicas / scale) for each, weight in fresh]
        effects = [factors[min(index, len(factors) - 1)] * weight for factors, weight in shares]
        if _is_one_batch(fresh):
            causes += _of_effects(effects, fresh[-1][1], newest, optimizer, scale)
        else:
            for effect, (each, weight) in zip(effects, fresh, strict=True):
                causes += _of_effects([effect], weight, each.account, optimizer, scale)
        factor = sum(effects) if index == 0 else factor
    penalties = _penalties(fresh, scale, factor)
    if penalties is not None:
        cause = of_penalties(penalties, factor)
        causes += [cause] if cause is not None else []
    return Tally(tuple(causes), "", newest.loss.remark, factor, penalties)


def _is_one_batch(fresh: Sequence[tuple[Asked, float]]) -> bool:
    """Whether the tapes are those of one loop over the parts of a batch, and no different losses that are added up."""
    places = {each.place for each, _ in fresh}
    fed = [each.account.fed for each, _ in fresh]
    return len(places) == 1 and (None in fed or len(set(fed)) > 1 or len(fed) == 1)


def _of_old_ones(parts: Sequence[tuple[Asked, float]], variables: Sequence[int]) -> list[Cause]:
    """What it means that gradients are in it of which an update was made before."""
    old = [weight for each, weight in parts if each.is_used(variables)]
    new = [weight for each, weight in parts if not each.is_used(variables)]
    if not old or not new:
        return []
    if all(is_close(weight, new[-1], 1e-2) for weight in old):
        words = f"the gradients of {len(old)} earlier steps are in it again: what they are added up in is not zeroed"
        return [Cause("accumulator-not-zeroed", words)]
    return [Cause("mixed-gradients", f"the gradients are mixed with those of {len(old)} earlier steps")]


def _of_effects(effects: Sequence[float], weight: float, account: Account, optimizer: str, scale: float) -> list[Cause]:
    """Where it comes from that the mean of a loss counts so many times, in all tapes of the update together."""
    sizes = dataclasses.replace(account.sizes, scale=scale)
    total, count = sum(effects), len(effects)
    if is_close(total, 1.0):
        return []
    if count > 1 and is_close(total, count):
        return [_not_averaged(count)]
    if account.loss.is_own and count == 1 and not is_close(weight, 1.0) and _is_divided(weight, sizes):
        return []
    cause = of_factor(total, sizes, optimizer)
    if cause is None and scale > 1:
        unscaled, other = of_factor(1 / scale, sizes, optimizer), of_factor(total * scale, sizes, optimizer)
        return [unscaled, other] if unscaled is not None and other is not None else []
    if cause is None and count > 1:
        cause = of_factor(total / count, sizes, optimizer)
        return [] if cause is None else [cause, _not_averaged(count)]
    if cause is None and not is_close(weight, 1.0) and count == 1:
        cause = of_factor(weight, sizes, optimizer) or _scaled(weight)
    return [cause] if cause is not None else []


def _is_divided(weight: float, sizes: Sizes) -> bool:
    """Whether gradients are divided by what their own loss may well have been multiplied by: its size, or a scale."""
    divisor = 1 / weight
    is_scale = divisor >= LEAST_SCALE and np.log2(divisor).is_integer()
    return is_scale or any(is_close(divisor, size) for size in (sizes.batch, sizes.targets, sizes.replicas))


def _not_averaged(count: int) -> Cause:
    words = (
        f"the update is {count} times that of `fit` on the {count} batches together: they are added up, not averaged"
    )
    return Cause("accumulation-not-averaged", words)


def _scaled(weight: float) -> Cause:
    return Cause(
        "scaled-gradients", f"between the tape and the optimizer the gradients are multiplied by {told(weight)}"
    )


def _penalties(fresh: Sequence[tuple[Asked, float]], scale: float, factor: float) -> float | None:
    """How often the penalties count in all; None where there are none to speak of, beside a loss that counts once."""
    accounts = [each.account for each, _ in fresh]
    share = max(account.share for account in accounts) * abs(factor)
    if any(account.penalties is None for account in accounts) or share < TOO_SMALL:
        return None
    replicas = accounts[-1].sizes.replicas
    return sum((each.account.penalties or 0.0) * weight * replicas / scale for each, weight in fresh)
