"""The data the program takes: which pipelines and arrays it goes through, how often, in what batches, in what order."""

import zlib
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from tapelint.probe.child.scribe import Scribe
from tapelint.record import Operation, Passage, Pipeline, Site

MOST_PASSAGES = 12
MOST_BATCHES = 2_000
DIGESTED = 8
"""The batches at the beginning of a passage whose contents are compared with those of the next."""

MOST_ROWS = 512
"""The examples of a passage that are told apart."""

EPOCHS = 2
"""The epochs that are enough to see whether the next is like the last."""


class PassageNotes:
    """One time through the data, while it lasts."""

    def __init__(self, again: bool = False) -> None:
        self.sizes: list[int] = []
        self.digests: list[tuple[str, ...]] = []
        self.rows: list[str] = []
        self.starts: list[int] = []
        self.ended = False
        self.vain = 0
        self.trained = False
        self.again = again

    def batch(self, size: int, components: list[Any], start: int | None = None) -> None:
        """A batch has been taken."""
        if len(self.sizes) < MOST_BATCHES:
            self.sizes.append(size)
            if start is not None:
                self.starts.append(start)
        if len(self.digests) < DIGESTED:
            self.digests.append(tuple(digest(component) for component in components))
            self.rows += rows_of(components)[: MOST_ROWS - len(self.rows)]

    def entry(self) -> Passage:
        """The passage as the record has it."""
        return Passage(
            tuple(self.sizes),
            tuple(self.digests),
            tuple(self.starts),
            self.ended,
            self.trained,
            self.again,
            tuple(self.rows),
            self.vain,
        )


class Feed:
    """One pipeline or array. What is iterated at the same place in the same way is the same feed."""

    def __init__(
        self,
        *,
        number: int,
        where: Site | None,
        fit: int | None,
        kind: Literal["dataset", "array"],
        name: str,
        operations: tuple[Operation, ...] = (),
        cardinality: int | None = None,
        endless: bool = False,
        examples: int | None = None,
    ) -> None:
        self.number = number
        self.where = where
        self.fit = fit
        self.kind: Literal["dataset", "array"] = kind
        self.name = name
        self.operations = operations
        self.cardinality = cardinality
        self.endless = endless
        self.examples = examples
        self.passages: list[PassageNotes] = []
        self.begun = 0
        self.regular = True
        self.dataset: Any = None

    @property
    def trained(self) -> bool:
        """Whether gradients were asked for while it was being gone through."""
        return any(passage.trained for passage in self.passages)

    def begin(self) -> PassageNotes:
        """A new passage."""
        passage = PassageNotes()
        self.begun += 1
        if len(self.passages) < MOST_PASSAGES:
            self.passages.append(passage)
        return passage

    def entry(self) -> Pipeline:
        """The feed as the record has it."""
        passages = tuple(passage.entry() for passage in self.passages) if self.regular else ()
        return Pipeline(
            self.number,
            self.where,
            self.fit,
            self.kind,
            self.name,
            self.operations,
            self.cardinality,
            self.endless,
            self.examples,
            passages,
        )


class Feeds:
    """All the data of the program. An epoch is one passage through something that it trains on."""

    def __init__(self, scribe: Scribe, short: int) -> None:
        self._scribe = scribe
        self._short = short
        self._feeds: dict[object, Feed] = {}
        self._delivered: list[tuple[Feed, PassageNotes]] = []

    def __iter__(self) -> Iterator[Feed]:
        return iter(list(self._feeds.values()))

    @property
    def epoch(self) -> int:
        """The number of the epoch the program is in, from 0."""
        return max((feed.begun - 1 for feed in self if feed.trained and feed.regular), default=0)

    @property
    def delivering(self) -> bool:
        """Whether a dataset has delivered a batch since the last gradient."""
        return bool(self._delivered)

    def feed(self, key: object) -> Feed | None:
        """The feed known by this key."""
        return self._feeds.get(key)

    def add(self, key: object, feed: Feed) -> Feed:
        """Know a feed by this key from now on."""
        self._feeds[key] = feed
        return feed

    def number(self) -> int:
        """A number for a new feed."""
        return self._scribe.number("pipelines")

    def grow(self, feed: Feed) -> None:
        """A feed has changed."""
        self._scribe.grow("pipelines", feed.number, feed.entry)

    def delivered(self, feed: Feed, passage: PassageNotes) -> None:
        """A batch was taken that a gradient may be asked for soon."""
        if (feed, passage) not in self._delivered[-4:]:
            self._delivered.append((feed, passage))
        self.grow(feed)

    def exhausted(self, feed: Feed, passage: PassageNotes) -> None:
        """There are no more batches; the last one has been used, if not for a gradient, then for something else."""
        passage.vain += passage.ended
        passage.ended = True
        self._delivered = [pair for pair in self._delivered if pair[1] is not passage]
        self.grow(feed)

    def gradient(self) -> None:
        """A gradient was asked for: what was delivered before it, the program trains on."""
        for feed, passage in self._delivered:
            passage.trained = True
            self.grow(feed)
        self._delivered.clear()

    def more_wanted(self) -> bool:
        """Whether an epoch is short enough to see two of them, and two have not been seen."""
        return any(self._unfinished(feed) for feed in self if feed.trained and feed.regular and feed.fit is None)

    def _unfinished(self, feed: Feed) -> bool:
        if feed.begun > EPOCHS or feed.endless or feed.cardinality is None or feed.cardinality > self._short:
            return False
        return feed.begun < EPOCHS or not feed.passages[-1].ended


def digest(value: Any) -> str:
    """A short name for the contents of a tensor; empty where it has none to compare."""
    values = _array(value)
    if values is None:
        return ""
    data = repr(values.tolist()).encode() if values.dtype.hasobject else np.ascontiguousarray(values).tobytes()
    return f"{zlib.crc32(data):08x}"


def rows_of(components: list[Any]) -> list[str]:
    """A short name for each example of a batch, by its first component; none where that has no rows."""
    first = components[0] if components else None
    shape = getattr(first, "shape", None)
    if first is None or shape is None or not len(shape) or not shape[0] or shape[0] > MOST_ROWS:
        return []
    rows = _array(first)
    return [digest(row) for row in rows] if rows is not None and len(rows) == shape[0] else []


def _array(value: Any) -> "np.ndarray[Any, Any] | None":
    try:
        values = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except (NotImplementedError, ValueError):  # A symbolic tensor of TensorFlow's; of Keras's, or ragged lists.
        return None
    # A single object, such as a dataset within a dataset or a sparse tensor, has no contents that could be compared.
    return None if values.dtype.hasobject and not values.ndim else values


def size_of(components: list[Any]) -> int | None:
    """The number of examples in a batch: the first dimension of the first component that has one."""
    for component in components:
        shape = getattr(component, "shape", None)
        if shape is not None and len(shape) and shape[0] is not None:
            return int(shape[0])
    return None
