"""Stage A: what became of gradients between the tape that gave them and the optimizer that took them.

`applied` asks only for arrays: which gradients there were for each variable, and which one came to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapelint.probe.child.parity.causes import Cause, is_close, told
from tapelint.probe.child.parity.solve import EXPLAINED, FEWEST_NUMBERS, Vector, distance, solved

PARALLEL = 0.99999
"""The cosine from which on one gradient is a multiple of another."""

FEWEST = 8
"""The numbers that a gradient must have to be known by its direction; two of them are parallel by chance."""

FEWEST_ALIKE = 3
"""The numbers that a sum of gradients must have to be known by its direction."""

FEW = "the gradients of the model are too few numbers to say what has become of them"

NOTHING = 1e-3
"""The factor below which the gradients of a step have no part in an update."""


@dataclass(frozen=True, slots=True)
class Application:
    """What was done. `weights` are the factors of the gradients of each tape, the oldest first; None if unknown.

    `foreign` are the variables whose gradients were applied to others, where an update of them would have been due.
    `reason` says why nothing can be known, if so.
    """

    weights: tuple[float, ...] | None
    causes: tuple[Cause, ...] = ()
    foreign: tuple[int, ...] = ()
    reason: str = ""


def applied(taken: dict[int, Vector], given: Sequence[dict[int, Vector]], names: dict[int, str]) -> Application:
    """The gradients `taken` by the optimizer, by variable, beside those that the tapes have given, the newest last."""
    newest = given[-1]
    keys = [key for key in taken if key in newest and newest[key].shape == taken[key].shape]
    finite = all(np.isfinite(each).all() for each in taken.values())
    permuted = exchanged(taken, given, names) if finite else None
    if permuted is not None:
        return permuted
    if not keys:
        return Application(None)
    user, own = _joined(taken, keys), _joined(newest, keys)
    if not finite:
        return Application(_only_newest(given, 1.0) if np.array_equal(user, own, equal_nan=True) else None)
    if distance(user, own) <= EXPLAINED:
        return Application(_only_newest(given, 1.0))
    factor = _factor(user, own)
    if factor is not None:
        clipped = _clipped_globally(user, factor)
        return Application(_only_newest(given, 1.0 if clipped else factor), (clipped,) if clipped else ())
    return _by_variable(taken, given, keys) or _by_value(user, own, given) or _mixed(user, given, keys)


def _only_newest(given: Sequence[Any], factor: float) -> tuple[float, ...]:
    return (*[0.0] * (len(given) - 1), factor)


def _joined(gradients: dict[int, Vector], keys: list[int]) -> Vector:
    return np.concatenate([gradients[key].reshape(-1) for key in keys])


def _factor(user: Vector, own: Vector) -> float | None:
    """The number that one is of the other; None if it is no multiple."""
    square = float(own @ own)
    if not square:
        return None
    factor = float(user @ own) / square
    return factor if distance(factor * own, user) <= EXPLAINED and user.any() else None


def exchanged(
    taken: dict[int, Vector], tapes: Sequence[dict[int, Vector]], names: dict[int, str]
) -> Application | None:
    """What was done, if gradients went to other variables than they belong to."""
    given = {key: each for tape in tapes for key, each in tape.items()}
    strangers = []
    for key, gradient in taken.items():
        if key in given and given[key].shape == gradient.shape and _are_parallel(gradient, given[key]):
            continue
        for other, own in given.items():
            if other != key and own.shape == gradient.shape and _belongs(gradient, own):
                strangers.append((other, key))
                break
    if not strangers:
        return None
    first, target = (names.get(key, "another variable") for key in strangers[0])
    more = f", and {len(strangers) - 1} more" if len(strangers) > 1 else ""
    cause = Cause("permuted-pairs", f"the gradient of `{first}` is applied to `{target}`{more}")
    foreign = tuple(source for source, _ in strangers if source not in taken)
    return Application(_only_newest(tapes, 1.0), (cause,), foreign)


def _belongs(gradient: Vector, own: Vector) -> bool:
    if not gradient.any():
        return False
    return np.array_equal(gradient, own) or (gradient.size >= FEWEST and _are_parallel(gradient, own))


def _are_parallel(left: Vector, right: Vector) -> bool:
    a, b = left.reshape(-1), right.reshape(-1)
    lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return bool(lengths) and float(a @ b) / lengths > PARALLEL


def _clipped_globally(user: Vector, factor: float) -> Cause | None:
    norm = float(np.linalg.norm(user))
    if not 0 < factor < 1 or not _is_round(norm):
        return None
    return _clipped(f"the gradients are clipped to a global norm of {told(norm)}", "global_clipnorm", norm)


def _clipped(words: str, argument: str, bound: float) -> Cause:
    """A fact and no mistake: an optimizer does it as well, if it is asked to."""
    return Cause("clipped", f"{words}, which `fit` does as well if the optimizer is given `{argument}={told(bound)}`")


def _is_round(number: float) -> bool:
    """Whether a person has written this number."""
    return number > 0 and is_close(number, float(f"{number:.2g}"), 1e-5)


def _by_variable(taken: dict[int, Vector], given: Sequence[dict[int, Vector]], keys: list[int]) -> Application | None:
    """Each gradient a multiple of its own: clipped by norm, some of them zero, or scaled one by one."""
    newest = given[-1]
    factors: dict[int, float] = {}
    for key in keys:
        user, own = taken[key].reshape(-1), newest[key].reshape(-1)
        if not own.any() and not user.any():
            continue
        factor = 0.0 if not user.any() else _factor(user, own)
        if factor is None:
            return None
        factors[key] = factor
    changed = [key for key, factor in factors.items() if not is_close(factor, 1.0)]
    if not changed:
        return None
    weights = _only_newest(given, 1.0)
    if all(factors[key] == 0 for key in changed):
        words = f"the gradients of {len(changed)} of {len(keys)} variables are replaced by zero"
        return Application(weights, (Cause("zeroed-gradients", words),))
    norms = [float(np.linalg.norm(taken[key])) for key in changed]
    if all(0 < factors[key] < 1 for key in changed) and all(is_close(norm, norms[0], 1e-4) for norm in norms):
        cause = _clipped(f"each gradient is clipped to a norm of {told(norms[0])}", "clipnorm", norms[0])
        return Application(weights, (cause,))
    words = f"between the tape and the optimizer {len(changed)} of {len(keys)} gradients are scaled, each by a factor"
    return Application(weights, (Cause("scaled-gradients", words),))


def _by_value(user: Vector, own: Vector, given: Sequence[Any]) -> Application | None:
    bound = float(np.abs(user).max())
    if not bound or distance(np.clip(own, -bound, bound), user) > EXPLAINED:
        return None
    cause = _clipped(f"the gradients are clipped to values of at most {told(bound)}", "clipvalue", bound)
    return Application(_only_newest(given, 1.0), (cause,))


def _mixed(user: Vector, given: Sequence[dict[int, Vector]], keys: list[int]) -> Application:
    """A sum of multiples of what several tapes have given."""
    usable = [index for index, each in enumerate(given) if all(key in each for key in keys)]
    parts = {index: _joined(given[index], keys) for index in usable}
    total = parts[usable[-1]].copy()
    for count in range(2, len(usable) + 1):
        # All alike first: one factor can be told from few numbers.
        total += parts[usable[-count]]
        factor = _factor(user, total) if user.size >= FEWEST_ALIKE else None
        if factor is not None:
            return Application(tuple(factor if index in usable[-count:] else 0.0 for index in range(len(given))))
    if user.size < FEWEST_NUMBERS:
        return Application(None, reason=FEW)
    for count in range(2, len(usable) + 1):
        chosen = usable[-count:]
        solution = solved(user, [parts[index] for index in chosen])
        if solution is not None and solution.residual <= EXPLAINED:
            weights = [0.0] * len(given)
            for index, factor in zip(chosen, solution.factors, strict=True):
                weights[index] = factor if factor is not None and abs(factor) > NOTHING else 0.0
            return Application(tuple(weights))
    return Application(None)
