"""What was seen under one tape: models called, losses computed, penalties asked for, shapes that crossed."""

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from tapelint.probe.child.parity.state import State
from tapelint.record import ModelCall

AVERAGING = ("sum_over_batch_size", "mean", "mean_with_sample_weight")


@dataclass(frozen=True, slots=True)
class Forward:
    """A call of a model or layer, with the state in which it began."""

    layer: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    outputs: Any
    call: ModelCall
    state: State | None

    @property
    def tensors(self) -> list[Any]:
        """What came out that can be differentiated."""
        return differentiable(self.outputs)

    @property
    def given(self) -> list[Any]:
        """What went in."""
        return tf.nest.flatten((self.arguments, self.keywords))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss that was computed. `reduction` is None for a function."""

    function: Callable[[Any, Any], Any]
    true: Any
    predicted: Any
    result: Any
    reduction: str | None
    kind: str
    weighted: bool = False
    foreign: bool = False

    @property
    def terms(self) -> int:
        """The numbers that came out."""
        return int(tf.size(self.result))


@dataclass(frozen=True, slots=True)
class Crossing:
    """An operation on tensors of (B,) and (B, 1), which gave (B, B)."""

    left: tuple[int | None, ...]
    right: tuple[int | None, ...]
    result: Any


@dataclass(slots=True)
class Step:
    """Everything under one tape. `weights` are the gradients of the target by tensors on the way, by their ids."""

    tape: "weakref.ref[Any]"
    thread: int = field(default_factory=threading.get_ident)
    forwards: list[Forward] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    penalties: list[list[Any]] = field(default_factory=list)
    crossings: list[Crossing] = field(default_factory=list)
    nested: bool = False
    place: object = None
    weights: dict[int, Any] = field(default_factory=dict)

    def tensors(self) -> list[Any]:
        """The tensors by which the target is differentiated, each once."""
        return list({id(each): each for each in self._tensors() if is_differentiable(each)}.values())

    def fed(self, judged: list[Forward]) -> list[Forward]:
        """The calls that gave something to one of those, directly or through others."""
        known = {id(forward) for forward in judged}
        wanted = {id(each) for forward in judged for each in forward.given}
        found: list[Forward] = []
        for forward in reversed(self.forwards):
            if id(forward) not in known and any(id(each) in wanted for each in tf.nest.flatten(forward.outputs)):
                found.append(forward)
                wanted |= {id(each) for each in forward.given}
        return found

    def unasked(self, judged: list[Forward], asked: Iterable[int], number: Callable[[Any], int]) -> dict[int, Any]:
        """The variables that seem to be trained, and that are not among those `asked` about, by their numbers.

        They are those of the layers judged, and of the layers before them that are called in the mode of training.
        """
        before = [forward for forward in self.fed(judged) if forward.call.training == "true"]
        every = [each for forward in (*judged, *before) for each in forward.layer.trainable_variables]
        by_number = {number(each): each for each in every if "float" in str(each.dtype)}
        return {key: by_number[key] for key in by_number.keys() - set(asked)}

    def _tensors(self) -> Iterator[Any]:
        for loss in self.losses:
            yield from (loss.result, loss.predicted, loss.true)
        for forward in self.forwards:
            yield from forward.tensors
        for penalties in self.penalties:
            yield from penalties
        for crossing in self.crossings:
            yield crossing.result

    def weight(self, tensor: Any) -> Any:
        """How the target depends on a tensor; None where it does not."""
        return self.weights.get(id(tensor))


def is_differentiable(value: Any) -> bool:
    """Whether it is a tensor of real numbers that are there."""
    return tf.is_tensor(value) and hasattr(value, "numpy") and value.dtype.is_floating


def differentiable(outputs: Any) -> list[Any]:
    """The tensors of real numbers in what a layer made. Behind probabilities, the logits that Keras keeps in mind.

    Its losses are computed of those, and then nothing depends on the probabilities.
    """
    behind = [getattr(each, "_keras_logits", each) for each in tf.nest.flatten(outputs)]
    return [each for each in behind if is_differentiable(each)]
