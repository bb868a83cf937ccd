"""Watches Keras metrics: updated, read and reset, and in which epoch."""

import dataclasses
import functools
from typing import Any

from keras.src.metrics.metric import Metric as KerasMetric

from tapelint.probe.child.identities import Identities
from tapelint.probe.child.scores import Scores
from tapelint.probe.child.witness import Witness, deeper, patch
from tapelint.record import Metric, MetricEvent, MetricEventKind, Site

KERAS = "keras/src/metrics"

METHODS: dict[str, MetricEventKind] = {"update_state": "update", "result": "read", "reset_state": "reset"}

MOST_EVENTS = 200


def install(witness: Witness) -> None:
    """Put the wrapper in place that gets to know each new metric, and with it each new class of metrics."""
    book = _Book(witness)
    patch(KerasMetric, "__init__", book.making)


class _Book:
    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.identities = Identities()
        self.known: dict[int, _Notes] = {}
        self.wrapped: set[tuple[type, str]] = set()
        self.scores = Scores(witness)

    def making(self, original: Any) -> Any:
        """A wrapper for the constructor."""

        def make(metric: Any, *arguments: Any, **keywords: Any) -> None:
            original(metric, *arguments, **keywords)
            with self.witness.attention():
                number = self.identities.number(metric)
                if number not in self.known:
                    self.known[number] = _Notes(metric, self.witness.sites.here())
                for owner in type(metric).__mro__:
                    self._wrap(owner)

        return make

    def _wrap(self, owner: type) -> None:
        for method, kind in METHODS.items():
            if method in owner.__dict__ and (owner, method) not in self.wrapped:
                self.wrapped.add((owner, method))
                patch(owner, method, functools.partial(self._wrapper, kind))

    def _wrapper(self, kind: MetricEventKind, original: Any) -> Any:
        def method(metric: Any, *arguments: Any, **keywords: Any) -> Any:
            if self.witness.depth.metric == 0:
                own = self.witness.sites.own(KERAS)
                if own or kind == "reset":
                    with self.witness.attention():
                        self._note(metric, kind, own)
            if kind == "update":
                # Those that a model is compiled with are updated from within another.
                with self.witness.attention():
                    self.scores.given(metric, arguments, keywords)
            with deeper(self.witness.depth, "metric"), self.scores.busy(metric):
                return original(metric, *arguments, **keywords)

        return method

    def _note(self, metric: Any, kind: MetricEventKind, own: bool) -> None:
        notes = self.known.get(self.identities.number(metric))
        if notes is None:
            return  # A copy, made without the constructor.
        witness = self.witness
        notes.add(MetricEvent(kind, witness.sites.here(), own, witness.feeds.epoch, 1))
        if any(event.own for event in notes.events):
            notes.number = notes.number or witness.scribe.number("metrics")
            witness.scribe.grow("metrics", notes.number, notes.entry)


class _Notes:
    """What happened to one metric."""

    def __init__(self, metric: Any, where: Site | None) -> None:
        self.name = str(metric.name)
        self.kind = type(metric).__name__
        self.where = where
        self.number = 0
        self.events: list[MetricEvent] = []

    def add(self, event: MetricEvent) -> None:
        """Something happened once more, or anew."""
        last = self.events[-1] if self.events else None
        if last is not None and dataclasses.replace(last, times=1) == event:
            self.events[-1] = dataclasses.replace(last, times=last.times + 1)
        elif len(self.events) < MOST_EVENTS:
            self.events.append(event)

    def entry(self) -> Metric:
        """The metric as the record has it."""
        return Metric(self.number, self.where, self.name, self.kind, tuple(self.events))
