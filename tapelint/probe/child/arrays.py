"""Arrays that the program cuts into batches itself: finds out which array a batch came from, and which rows it is."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tapelint.probe.child.feeds import EPOCHS, Feed, PassageNotes, size_of
from tapelint.probe.child.witness import Witness
from tapelint.record import Site

MOST_SEARCHES = 24
"""The batches of one place that are searched for in whole arrays; the others are only compared where they should be."""

LARGEST_CAST = 256 << 20
"""The bytes of an array up to which it is looked through even if the batch has another type."""


class _Cut:
    """An array that is being cut at one place of the program, and the passages made so far."""

    def __init__(self, feed: Feed, rows: "np.ndarray[Any, Any]") -> None:
        self.feed = feed
        self.rows = rows
        self.passage: PassageNotes | None = None
        self.next = 0
        self.last = -1
        self.first: int | None = None

    def take(self, start: int, batch: "np.ndarray[Any, Any]") -> None:
        """The next batch begins at the row `start`."""
        if self.first is None:
            self.first = start
        if self.passage is None or (start == self.first and start <= self.last):
            self.passage = self._restart()
        elif start <= self.last:
            self.feed.regular = False  # Rows at random: there are no epochs in it.
        self.passage.batch(len(batch), [batch], start)
        self.last, self.next = start, start + len(batch)
        self.passage.ended = self.passage.ended or self.next >= len(self.rows)

    def _restart(self) -> PassageNotes:
        if self.passage is not None:
            self.passage.ended = True
        return self.feed.begin()


class Arrays:
    """The arrays that batches were cut from, by the place where they are used."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._cuts: dict[object, _Cut] = {}
        self._searches: dict[object, int] = {}

    def used(self, batch: Any) -> None:
        """A batch is given to a model under a tape. Ends the program if its epochs have been seen."""
        if self._witness.feeds.delivering or not hasattr(batch, "shape"):
            return
        values = _values(batch)
        if values is None or values.ndim == 0 or not size_of([values]):
            return
        where = self._witness.sites.here()
        key = where and (where.spot, where.column)
        found = self._find(key, where, values)
        if found is not None:
            cut, start = found
            cut.take(start, values)
            assert cut.passage is not None
            self._witness.feeds.delivered(cut.feed, cut.passage)
            if cut.feed.begun > EPOCHS:
                self._witness.budget.check()

    def _find(self, key: object, where: Site | None, batch: "np.ndarray[Any, Any]") -> tuple[_Cut, int] | None:
        cut = self._cuts.get(key)
        if cut is not None:
            for guess in (cut.next, 0):
                if _same(cut.rows, guess, batch):
                    return cut, guess
        searched = self._searches.get(key, 0)
        if searched >= MOST_SEARCHES:
            return None
        self._searches[key] = searched + 1
        for name, rows in self._candidates(batch):
            start = _search(rows, batch)
            if start is not None:
                if cut is None or cut.feed.name != name:
                    cut = self._cuts[key] = _Cut(self._feed(key, where, name, len(rows), len(batch)), rows)
                return cut, start
        return None

    def _feed(self, key: object, where: Site | None, name: str, examples: int, batch: int) -> Feed:
        feeds = self._witness.feeds
        feed = Feed(
            number=feeds.number(),
            where=where,
            fit=None,
            kind="array",
            name=name,
            cardinality=-(-examples // batch),
            examples=examples,
        )
        return feeds.add(("array", key, feed.number), feed)

    def _candidates(self, batch: "np.ndarray[Any, Any]") -> Iterator[tuple[str, "np.ndarray[Any, Any]"]]:
        """The arrays within the program's sight that have such rows, and more of them than the batch."""
        seen: set[int] = set()
        for frame in self._witness.sites.frames():
            for scope in (frame.f_locals, frame.f_globals):
                for name, value in list(scope.items()):
                    shape = getattr(value, "shape", None)
                    if id(value) in seen or name.startswith("__") or not _holds(shape, batch.shape):
                        continue
                    seen.add(id(value))
                    rows = _values(value)
                    if rows is not None and (rows.dtype == batch.dtype or rows.nbytes <= LARGEST_CAST):
                        yield name, rows.astype(batch.dtype, copy=False)


def _holds(shape: Any, batch: tuple[int, ...]) -> bool:
    """Whether an array of this shape could be one that the batch was cut from."""
    try:
        return len(shape) == len(batch) and tuple(shape[1:]) == batch[1:] and shape[0] > batch[0]
    except (TypeError, ValueError):
        return False


def _values(value: Any) -> "np.ndarray[Any, Any] | None":
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fiub" else None
    values = None
    with contextlib.suppress(Exception):  # It may be anything the program has a name for.
        values = np.asarray(value.numpy()) if hasattr(value, "numpy") else None
    return values if values is not None and values.dtype.kind in "fiub" else None


def _same(rows: "np.ndarray[Any, Any]", start: int, batch: "np.ndarray[Any, Any]") -> bool:
    part = rows[start : start + len(batch)]
    return part.shape == batch.shape and np.array_equal(part, batch)


def _search(rows: "np.ndarray[Any, Any]", batch: "np.ndarray[Any, Any]") -> int | None:
    """The row at which the batch stands in the array, if it stands in one piece at only one place."""
    equal = (rows == batch[0]).reshape(len(rows), -1).all(axis=1)
    starts = [int(start) for start in np.flatnonzero(equal)[:64] if _same(rows, int(start), batch)]
    return starts[0] if len(starts) == 1 else None
