"""Verdicts on losses, on records made by hand: what was given to a loss, and what it left out."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tapelint.finding import Finding, Place, Verdict
from tapelint.probe.observations import OBSERVATIONS
from tapelint.probe.scene import Scene
from tapelint.record import Broadcast, Exceptional, GradientCall, LossCall, Model, Record, Site, Values
from tapelint.source.span import Position, Span

SCRIPT = Path("/project/train.py")
EMPTY = Record(str(SCRIPT), (), False, "finished", "ran to its end", 5.0)
FINDING = Finding("any", Place(SCRIPT, Span(Position(15, 5), Position(15, 30))), "said", "error")
WHERE = Site(str(SCRIPT), 15, 5, 15, 30, "step", 10, 20, ())


def values(low: float, high: float, *, units: int = 3, **changes: Any) -> Values:
    seen = Values((32, units), "float32", low, high, whole=False, sums=False, finite=True)
    return dataclasses.replace(seen, **changes)


def loss(predicted: Values, *, kind: str = "CategoricalCrossentropy", **changes: Any) -> Record:
    true = values(0, 1, whole=True, sums=True)
    call = LossCall(1, WHERE, True, None, kind, False, "mean", False, True, False, true, predicted, values(0, 1), 4)
    return dataclasses.replace(EMPTY, losses=(dataclasses.replace(call, **changes),))


def verdict(observation: str, record: Record) -> Verdict:
    return OBSERVATIONS[observation](Scene(FINDING, record))


SOFTMAX = values(0.01, 0.9, sums=True)
LOGITS = values(-3, 4)

SEEN = {
    "logits for probabilities": ("logits-mistaken", loss(LOGITS), "confirmed"),
    "logits that Keras finds": ("logits-mistaken", loss(LOGITS, recovered=True), "refuted"),
    "probabilities": ("logits-mistaken", loss(SOFTMAX), "refuted"),
    "probabilities for logits": ("logits-mistaken", loss(SOFTMAX, from_logits=True), "confirmed"),
    "probabilities that Keras undoes": ("logits-mistaken", loss(SOFTMAX, from_logits=True, recovered=True), "refuted"),
    "logits that are small": ("logits-mistaken", loss(values(0.1, 0.9), from_logits=True), "refuted"),
    "logits": ("logits-mistaken", loss(LOGITS, from_logits=True), "refuted"),
    "predictions without numbers": (
        "logits-mistaken",
        loss(Values((None, 3), "float32", None, None, None, None, None)),
        "unable",
    ),
    "no loss at all": ("logits-mistaken", EMPTY, "unreached"),
    "one unit that is always 1": ("output-contradicts-loss", loss(values(1, 1, units=1)), "confirmed"),
    "one unit for classes": ("output-contradicts-loss", loss(values(0.1, 0.4, units=1)), "confirmed"),
    "logits on one side": ("output-contradicts-loss", loss(values(0, 7), from_logits=True), "confirmed"),
    "logits within one": ("output-contradicts-loss", loss(values(-1, 1), from_logits=True), "confirmed"),
    "a sigmoid for classes": ("output-contradicts-loss", loss(values(0.1, 0.9)), "confirmed"),
    "a softmax for questions": ("output-contradicts-loss", loss(SOFTMAX, kind="BinaryCrossentropy"), "confirmed"),
    "a softmax for classes": ("output-contradicts-loss", loss(SOFTMAX), "refuted"),
    "logits on both sides": ("output-contradicts-loss", loss(LOGITS, from_logits=True), "refuted"),
    "whole numbers as predictions": (
        "labels-swapped",
        loss(values(0, 1, whole=True), true=values(-2, 3)),
        "confirmed",
    ),
    "whole numbers as labels": ("labels-swapped", loss(LOGITS), "refuted"),
    "a sum": ("loss-summed", loss(LOGITS, reduction="sum"), "confirmed"),
    "a mean": ("loss-summed", loss(LOGITS), "refuted"),
    "a sum over one": (
        "loss-summed",
        loss(dataclasses.replace(LOGITS, shape=(1, 3)), reduction="sum"),
        "unable",
    ),
}


@pytest.mark.parametrize(("observation", "record", "kind"), SEEN.values(), ids=list(SEEN))
def test_what_a_loss_was_given(observation: str, record: Record, kind: str) -> None:
    assert verdict(observation, record).kind == kind


def asked(**tables: Any) -> Record:
    call = GradientCall(1, WHERE, True, None, False, False, False, False, False, (), 0.5, (), 0, ())
    return dataclasses.replace(EMPTY, gradients=(call,), **tables)


def test_penalties_that_nobody_asks_for() -> None:
    model = Model(1, WHERE, 1, "net", "Sequential", 4, 4, penalties=2, penalties_read=0, untracked=())
    found = verdict("penalties-unread", asked(models=(model,)))
    assert found == Verdict("confirmed", "nobody asked for the `losses` of `net`, of 2 terms")
    read = dataclasses.replace(model, penalties_read=1)
    assert verdict("penalties-unread", asked(models=(read,))).kind == "refuted"
    assert verdict("penalties-unread", asked()).kind == "refuted"
    assert verdict("penalties-unread", EMPTY).kind == "unreached"


def test_every_pair() -> None:
    crossed = Broadcast(1, WHERE, "sub", (32,), (32, 1), (32, 32), 3)
    found = verdict("broadcast-to-pairs", asked(broadcasts=(crossed,)))
    assert found == Verdict("confirmed", "(32,) and (32, 1) gave (32, 32), in 3 operations")
    assert verdict("broadcast-to-pairs", asked()).kind == "refuted"
    assert verdict("broadcast-to-pairs", EMPTY).kind == "unreached"


def test_a_loss_that_raises() -> None:
    raised = dataclasses.replace(EMPTY, end="raised", exception=Exceptional("ValueError", "too many values", WHERE))
    for observation in ("labels-swapped", "weights-lost", "made-in-loss"):
        assert verdict(observation, raised) == Verdict("confirmed", "`ValueError`: too many values")
