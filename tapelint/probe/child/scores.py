"""What metrics are given: how far labels and predictions reach, from each place, in all updates."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tapelint.probe.child.witness import Witness
from tapelint.record import Extent, Score, Site

COLLECTIONS = ("CompileMetrics",)
"""Metrics that only hand on what they are given."""


class Scores:
    """The notes on every metric that compares predictions with labels."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._known: dict[object, _Notes] = {}
        self._busy: list[int] = []

    @contextmanager
    def busy(self, metric: Any) -> Iterator[None]:
        """While a metric is at work, it may call its own class above it with something else."""
        self._busy.append(id(metric))
        try:
            yield
        finally:
            self._busy.pop()

    def given(self, metric: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """A metric is updated with these arguments."""
        if id(metric) in self._busy or type(metric).__name__ in COLLECTIONS:
            return
        labels = keywords.get("y_true", arguments[0] if arguments else None)
        predictions = keywords.get("y_pred", arguments[1] if len(arguments) > 1 else None)
        extents = extent(labels), extent(predictions)
        if extents[0] is None or extents[1] is None:
            return
        where = self._witness.sites.here()
        key = id(metric), where and where.spot
        notes = self._known.get(key)
        if notes is None:
            notes = self._known[key] = _Notes(self._witness.scribe.number("scores"), metric, where)
        notes.add(extents[0], extents[1])
        self._witness.scribe.grow("scores", notes.number, notes.entry)


class _Notes:
    """What one metric was given from one place."""

    def __init__(self, number: int, metric: Any, where: Site | None) -> None:
        self.number = number
        self.metric = metric
        self.where = where
        self.times = 0
        self.extents: tuple[Extent, Extent] | None = None

    def add(self, labels: Extent, predictions: Extent) -> None:
        """One more update."""
        before = self.extents or (labels, predictions)
        self.extents = _both(before[0], labels), _both(before[1], predictions)
        self.times += 1

    def entry(self) -> Score:
        """The score as the record has it."""
        assert self.extents is not None
        name, kind = str(self.metric.name), type(self.metric).__name__
        return Score(self.number, self.where, name, kind, _threshold(self.metric), self.times, *self.extents)


def extent(value: Any) -> Extent | None:
    """How far an array reaches; None for what has no values yet, or holds no numbers."""
    if value is None or not hasattr(value, "shape") or not hasattr(value, "__array__"):
        return None
    try:
        array = np.asarray(value)
    except (NotImplementedError, TypeError, ValueError):
        return None  # A tensor of a graph.
    if array.size == 0 or array.dtype.kind not in "biuf":
        return None
    lowest, highest = float(array.min()), float(array.max())
    return Extent(tuple(array.shape), lowest, highest, bool(np.all(array == np.round(array))))


def _both(one: Extent, other: Extent) -> Extent:
    lowest, highest = min(one.lowest, other.lowest), max(one.highest, other.highest)
    return Extent(other.shape, lowest, highest, one.whole and other.whole)


def _threshold(metric: Any) -> float | None:
    """Where a metric cuts predictions; for one that cuts at several places, the middle of them."""
    if getattr(metric, "_from_logits", False):
        return None
    given = getattr(metric, "threshold", None)
    if given is None:
        given = getattr(metric, "thresholds", None)
    if given is None:
        keywords = getattr(metric, "_fn_kwargs", {})
        given = keywords.get("threshold") if isinstance(keywords, dict) else None
    if given is None or np.size(given) == 0:
        return None
    return float(np.median(np.asarray(given, dtype="float64")))
