"""The gradients the program was given lately: to which variable each belongs, wherever it turns up again."""

import dataclasses
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapelint.probe.child.parity.follower import REMEMBERED as FOLLOWED
from tapelint.probe.child.snapshot import Snapshot, array, largest
from tapelint.record import GradientCall, GradientKind, Match

REMEMBERED = 6
"""The gradient calls that are remembered; a GAN with penalties needs four for one step."""

OLD = FOLLOWED + 4
"""The calls after which gradients are old: the probe itself, which follows a number of tapes, has let go of them."""

PARALLEL = 0.9999
"""The cosine from which a gradient counts as a multiple of another, by a clip or a scale."""


FEWEST = 8
"""The numbers a gradient must have to be known by its direction; two of them are parallel by chance."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The gradient call and the variable that a gradient comes from, and how that was found out."""

    call: int | None
    variable: int | None
    name: str | None
    matched: Match


@dataclass(frozen=True, slots=True)
class _Result:
    call: GradientCall
    gradients: "list[weakref.ref[Any]]"


@dataclass(frozen=True, slots=True)
class _Given:
    call: int
    variable: int
    name: str
    gradient: Any


class Gradients:
    """The gradients of the last calls, and the values the variables had when they were asked."""

    def __init__(self) -> None:
        self.values: dict[int, Snapshot] = {}
        self.latest_call: dict[int, int] = {}
        self.held = False
        self._given: deque[list[_Given]] = deque(maxlen=REMEMBERED)
        self._results: deque[_Result] = deque()

    def age(self, call: GradientCall, gradients: list[Any]) -> GradientCall | None:
        """Note a call and what it gave. Gives an older call whose gradients nobody but the program still holds."""
        self._results.append(_Result(call, [weakref.ref(gradient) for gradient in gradients if _is_tensor(gradient)]))
        if len(self._results) <= OLD:
            return None
        oldest = self._results.popleft()
        if not any(reference() is not None for reference in oldest.gradients):
            return None
        self.held = True
        return dataclasses.replace(oldest.call, held=True)

    def remember(self, call: int, sources: list[tuple[int, str, Any]]) -> None:
        """Keep what a gradient call gave: number and name of each variable, and its gradient."""
        self._given.append(
            [_Given(call, variable, name, gradient) for variable, name, gradient in sources if gradient is not None]
        )
        self.latest_call.update((variable, call) for variable, _, _ in sources)

    def origin(self, gradient: Any, variable: int) -> Origin:
        """Where a gradient comes from that is about to be applied to `variable`."""
        if gradient is None:
            return Origin(None, None, None, "none")
        newest_first = [given for call in reversed(self._given) for given in reversed(call)]
        for given in newest_first:
            if given.gradient is gradient:
                return Origin(given.call, given.variable, given.name, "identity")
        return self._by_value(gradient, variable, newest_first)

    def _by_value(self, gradient: Any, variable: int, candidates: list[_Given]) -> Origin:
        # The variable's own gradient comes first: two gradients may well be the same.
        for given in sorted(candidates, key=lambda given: given.variable != variable):
            if given.variable != variable and _size(given.gradient) < FEWEST:
                continue
            if _parallel(gradient, given.gradient):
                return Origin(given.call, given.variable, given.name, "value")
        return Origin(None, None, None, "unknown")


def _is_tensor(gradient: Any) -> bool:
    return hasattr(gradient, "numpy") and hasattr(gradient, "__weakref__")


def kind_of(gradient: Any) -> tuple[GradientKind, float | None]:
    """What a gradient is like, and its greatest magnitude."""
    if gradient is None:
        return "none", None
    values = dense(gradient)
    if values is None:
        return "unknown", None
    greatest = largest(values)
    if not np.isfinite(greatest):
        return "nonfinite", greatest
    return ("finite" if greatest else "zero"), greatest


def mean_size(gradient: Any) -> float | None:
    """The root of the mean of a gradient's squares."""
    values = dense(gradient) if gradient is not None else None
    return None if values is None or not values.size else float(np.sqrt(np.mean(np.square(values))))


def norm(gradient: Any) -> float | None:
    """The length of a gradient: the root of the sum of its squares."""
    values = dense(gradient) if gradient is not None else None
    return None if values is None else float(np.linalg.norm(values))


def dense(gradient: Any) -> "np.ndarray[Any, Any] | None":
    """The numbers in a gradient, of the rows that it has if it is sparse; None while only a graph is being made."""
    gradient = getattr(gradient, "values", gradient) if hasattr(gradient, "indices") else gradient
    if not hasattr(gradient, "numpy") and not isinstance(gradient, np.ndarray):
        return None
    values = array(gradient)
    return values.astype("float64") if values.dtype.kind not in "cSUO" else None


def _size(gradient: Any) -> int:
    values = dense(gradient)
    return 0 if values is None else values.size


def _parallel(left: Any, right: Any) -> bool:
    if getattr(left, "shape", None) != getattr(right, "shape", ()):
        return False
    a, b = dense(left), dense(right)
    if a is None or b is None or a.shape != b.shape:
        return False
    scale = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return scale > 0 and abs(float(np.vdot(a, b))) / scale > PARALLEL
