"""The gradients that tapes give and that arrive at optimizers, while somebody listens."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer
from keras.src.optimizers.loss_scale_optimizer import LossScaleOptimizer

from tapelint.probe.child.originals import replaced


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a tape. `pairs` are the gradients that came back, each with what it belongs to.

    A distribution strategy has a part of the batch for each `replica`; without one, this is None.
    """

    tape: Any
    target: Any
    pairs: tuple[tuple[Any, Any], ...]
    replica: int | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """One update, with each gradient and the variable it went to.

    `rate` is the learning rate, None if that is unknown, and `count` what the optimizer counted before. A distribution
    strategy applies what each `replica` gives, added up.
    """

    optimizer: Any
    pairs: tuple[tuple[Any, Any], ...]
    rate: float | None
    count: Any
    replica: int | None = None

    def recount(self) -> None:
        """Have the optimizer count as it did then."""
        if self.count is not None:
            self.optimizer._iterations.assign(self.count)


@dataclass(frozen=True, slots=True)
class Called:
    """One call of the model: what with, and for which replica."""

    inputs: Any
    replica: int | None = None


class _Depth(threading.local):
    """How deep a thread is in updates: a strategy has one thread for each replica."""

    def __init__(self) -> None:
        self.update = 0


class Arrivals:
    """What was asked and applied, in order, and what a model was called with."""

    def __init__(self, model: Any) -> None:
        self.events: list[Asked | Applied] = []
        self.calls: list[Called] = []
        self._model = model
        self._depth = _Depth()

    @property
    def asked(self) -> list[Asked]:
        """The questions to tapes."""
        return [event for event in self.events if isinstance(event, Asked)]

    @property
    def applied(self) -> list[Applied]:
        """The updates."""
        return [event for event in self.events if isinstance(event, Applied)]

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take in what is asked and applied."""
        with (
            replaced(keras.Layer, "__call__", self._calling),
            replaced(tf.GradientTape, "gradient", self._asking),
            replaced(BaseOptimizer, "apply", self._applying),
            replaced(LossScaleOptimizer, "apply", self._applying),
        ):
            yield

    def _calling(self, original: Any) -> Any:
        def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
            if layer is self._model and arguments:
                self.calls.append(Called(arguments[0], _replica()))
            return original(layer, *arguments, **keywords)

        return call

    def _asking(self, original: Any) -> Any:
        def gradient(tape: Any, target: Any, sources: Any, *arguments: Any, **keywords: Any) -> Any:
            result = original(tape, target, sources, *arguments, **keywords)
            pairs = zip(tf.nest.flatten(result), tf.nest.flatten(sources), strict=True)
            self.events.append(Asked(tape, target, tuple(pairs), _replica()))
            return result

        return gradient

    def _applying(self, original: Any) -> Any:
        def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            # An optimizer that scales the loss hands on to the one within.
            if self._depth.update == 0:
                if trainable_variables is not None:
                    trainable_variables = list(trainable_variables)  # It may be something that is read once.
                known = getattr(optimizer, "_trainable_variables", ())
                variables = known if trainable_variables is None else trainable_variables
                pairs = tuple(zip(grads, variables, strict=False))
                update = Applied(optimizer, pairs, _rate(optimizer), _count(optimizer), _replica())
                self.events.append(update)
            self._depth.update += 1
            try:
                return original(optimizer, grads, trainable_variables)
            finally:
                self._depth.update -= 1

        return apply


def _replica() -> int | None:
    """The replica that this is computed for; None without a strategy, and where it brings its replicas together."""
    if not tf.distribute.has_strategy():
        return None
    context = tf.distribute.get_replica_context()
    return None if context is None else int(np.asarray(context.replica_id_in_sync_group))


def _rate(optimizer: Any) -> float | None:
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        return float(optimizer.learning_rate)
    return None


def _count(optimizer: Any) -> Any:
    counter = getattr(optimizer, "_iterations", None)
    return None if counter is None else counter.numpy()
