"""Watches `tf.data`: which pipelines are gone through, what they are made of, and the batches they deliver."""

import contextlib
import re
from typing import Any

import tensorflow as tf
from tensorflow.python.data.ops.dataset_ops import DatasetV2
from tensorflow.python.data.ops.iterator_ops import OwnedIterator
from tensorflow.python.distribute.input_lib import DistributedDataset, DistributedIterator
from tensorflow.python.distribute.values import DistributedValues

from tapelint.probe.child.feeds import Feed, PassageNotes, size_of
from tapelint.probe.child.witness import Witness, patch
from tapelint.record import Caller, Making, Operation

LONGEST = 32
"""The links of a chain that are looked at."""

NOTES = "_tapelint_passage"

MADE = "_tapelint_made"

MAKING = "_tapelint_making"

BATCHING = ("batch", "padded_batch", "ragged_batch", "dense_to_ragged_batch")

SECOND_LOOK = 4
"""The batches that are asked for once more at the end, when the program was stopped in its first epoch."""

UNREPEATABLE = ("generator", "flat_map_generator", "py_function")


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    patch(DatasetV2, "__init__", lambda original: _making(witness, original))
    patch(DatasetV2, "__iter__", lambda original: _iterating(witness, original))
    patch(OwnedIterator, "_next_internal", lambda original: _taking(witness, original))
    patch(DistributedDataset, "__iter__", lambda original: _iterating(witness, original))
    patch(DistributedIterator, "get_next", lambda original: _taking(witness, original))


def look_again(witness: Witness) -> None:
    """Ask each pipeline that was seen for less than two epochs for its first batches once more."""
    witness.quiet = True
    for feed in witness.feeds:
        if feed.dataset is None or not feed.trained or feed.begun > 1 or feed.cardinality == 1 or feed.fit is not None:
            continue
        if any(operation.name in UNREPEATABLE for operation in feed.operations):
            continue  # It is made by Python code of the program, which is over.
        if not feed.passages[0].ended and any(operation.name == "cache" for operation in feed.operations):
            continue  # What a cache keeps is what it has seen of a whole epoch.
        passage = PassageNotes(again=True)
        with contextlib.suppress(Exception):
            iterator = iter(feed.dataset)
            for _ in range(min(SECOND_LOOK, len(feed.passages[0].sizes))):
                components = tf.nest.flatten(next(iterator))
                passage.batch(size_of(components) or 0, components)
            feed.passages.append(passage)
            witness.feeds.grow(feed)


def _making(witness: Witness, original: Any) -> Any:
    makings: dict[tuple[Caller, str], _Making] = {}

    def make(dataset: Any, *arguments: Any, **keywords: Any) -> None:
        original(dataset, *arguments, **keywords)
        line = witness.sites.line()
        setattr(dataset, MADE, line)
        with witness.attention():
            for inner in dataset._inputs():
                _use(inner)
            if line is not None and not witness.quiet:
                operation = _word(dataset)
                making = makings.get((line, operation))
                if making is None:
                    making = makings[line, operation] = _Making(witness, line, operation)
                setattr(dataset, MAKING, making.another())

    return make


class _Making:
    """The datasets that one line has made by one operation."""

    def __init__(self, witness: Witness, line: Caller, operation: str) -> None:
        self._witness = witness
        self._number = witness.scribe.number("makings")
        self._line = line
        self._operation = operation
        self._made = 0
        self._used = 0

    def another(self) -> "_Making":
        """One more has been made."""
        self._made += 1
        self._witness.scribe.grow("makings", self._number, self._entry)
        return self

    def used(self) -> None:
        """One of them is used for the first time."""
        self._used += 1
        self._witness.scribe.grow("makings", self._number, self._entry)

    def _entry(self) -> Making:
        return Making(self._number, self._line, self._operation, self._made, self._used)


def _use(dataset: Any) -> None:
    """Note that a dataset is taken from, or that another is made of it."""
    making: _Making | None = getattr(dataset, MAKING, None)
    if making is not None:
        setattr(dataset, MAKING, None)
        making.used()


def _iterating(witness: Witness, original: Any) -> Any:
    def iterate(dataset: Any) -> Any:
        whole = _whole_of(dataset)
        with contextlib.nullcontext() if whole is dataset else witness.unwatched():
            iterator = original(dataset)
        with witness.attention():
            _use(whole)
        if tf.executing_eagerly() and not witness.quiet:
            with witness.attention():
                feed = _feed(witness, whole)
                feed.dataset = whole
                setattr(iterator, NOTES, _Taking(feed))
        return iterator

    return iterate


def _whole_of(dataset: Any) -> Any:
    """The dataset that a strategy has distributed; any other itself."""
    return getattr(dataset, "_original_dataset", dataset) if isinstance(dataset, DistributedDataset) else dataset


def _taking(witness: Witness, original: Any) -> Any:
    def take(iterator: Any, *arguments: Any, **keywords: Any) -> Any:
        taking: _Taking | None = getattr(iterator, NOTES, None)
        if taking is None:
            return original(iterator, *arguments, **keywords)
        feed, passage = taking.feed, taking.passage()
        try:
            element = original(iterator, *arguments, **keywords)
        except (tf.errors.OutOfRangeError, StopIteration):
            witness.feeds.exhausted(feed, passage)
            raise
        if tf.executing_eagerly():
            with witness.attention():
                components = _components(element)
                passage.batch(size_of(components) or 0, components)
                witness.feeds.delivered(feed, passage)
        return element

    return take


def _components(element: Any) -> list[Any]:
    """What a batch consists of; the shares of several replicas together."""
    shares = [list(part.values) if isinstance(part, DistributedValues) else [part] for part in tf.nest.flatten(element)]
    return [share[0] if len(share) == 1 else tf.concat(share, axis=0) for share in shares]


class _Taking:
    """The passage that an iterator makes. It begins when something is taken: Keras makes iterators it does not use."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._passage: PassageNotes | None = None

    def passage(self) -> PassageNotes:
        """The passage, which has begun by now."""
        if self._passage is None:
            self._passage = self.feed.begin()
        return self._passage


def _feed(witness: Witness, dataset: Any) -> Feed:
    where = witness.sites.here()
    operations = tuple(_chain(dataset))
    key = where and where.spot, witness.fit, bool(witness.depth.evaluation), operations
    feed = witness.feeds.feed(key)
    if feed is None:
        cardinality = _cardinality(dataset)
        feed = Feed(
            number=witness.feeds.number(),
            where=where,
            fit=witness.fit,
            kind="dataset",
            name="evaluation" if witness.depth.evaluation else "",
            operations=operations,
            cardinality=None if cardinality is None or cardinality < 0 else cardinality,
            endless=cardinality == tf.data.INFINITE_CARDINALITY,
            examples=_examples(dataset),
        )
        witness.feeds.add(key, feed)
    return feed


def _links(dataset: Any) -> list[Any]:
    """The datasets of a chain, the source first; where chains meet, the first one is followed."""
    links: list[Any] = []
    while dataset is not None and len(links) < LONGEST:
        links.append(dataset)
        inputs = dataset._inputs()
        dataset = inputs[0] if inputs else None
    return links[::-1]


def _chain(dataset: Any) -> list[Operation]:
    return [
        Operation(
            _word(link),
            buffer=_whole(link, "_buffer_size"),
            batch=_whole(link, "_batch_size"),
            drop_remainder=_yes(link, "_drop_remainder"),
            reshuffle=_yes(link, "_reshuffle_each_iteration"),
            count=_whole(link, "_count"),
            where=getattr(link, MADE, None),
        )
        for link in _links(dataset)
    ]


def _examples(dataset: Any) -> int | None:
    """How many examples go into the last batching; None where nobody knows or nothing is batched."""
    batching = next((link for link in reversed(_links(dataset)) if _word(link) in BATCHING), None)
    if batching is None:
        return None
    cardinality = _cardinality(batching._inputs()[0])
    return None if cardinality is None or cardinality < 0 else cardinality


def _cardinality(dataset: Any) -> int | None:
    with contextlib.suppress(Exception):
        return int(dataset.cardinality())
    return None


def _word(link: Any) -> str:
    """`_ParallelMapDataset` is a map."""
    name = re.sub(r"(Dataset)?(V\d)?$", "", type(link).__name__.strip("_")).removeprefix("Parallel")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _whole(link: Any, name: str) -> int | None:
    with contextlib.suppress(Exception):
        return int(getattr(link, name))
    return None


def _yes(link: Any, name: str) -> bool | None:
    with contextlib.suppress(Exception):
        return bool(getattr(link, name))
    return None
