"""Watches Keras optimizers: made, and applied, with every gradient and the variable it goes to."""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer
from keras.src.optimizers.loss_scale_optimizer import LossScaleOptimizer

from tapelint.probe.child.gradients import kind_of, norm
from tapelint.probe.child.identities import is_variable, name_of
from tapelint.probe.child.snapshot import Snapshot
from tapelint.probe.child.witness import Witness, deeper, patch
from tapelint.record import Optimizer, Pair, Site, Update

Pairs = list[tuple[Any, Any]]

KERAS = ("keras/src/optimizers/", "keras/src/backend/tensorflow/optimizer.py")
"""Where an optimizer is put together, on the way from the user's code."""


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    book = _Book(witness)
    patch(BaseOptimizer, "__init__", book.making)
    patch(BaseOptimizer, "apply_gradients", book.applying_pairs)
    patch(BaseOptimizer, "apply", book.applying)
    patch(LossScaleOptimizer, "apply", book.applying)
    patch(LossScaleOptimizer, "scale_loss", book.scaling)


class _Book:
    """The optimizers of the program."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.made: dict[int, Optimizer] = {}

    def making(self, original: Any) -> Any:
        """A wrapper for the constructor."""

        def make(optimizer: Any, *arguments: Any, **keywords: Any) -> None:
            original(optimizer, *arguments, **keywords)
            own = self.witness.sites.own(*KERAS)
            with self.witness.attention():
                self._know(optimizer, own)

        return make

    def applying_pairs(self, original: Any) -> Any:
        """A wrapper for the method that takes pairs of gradient and variable."""

        def apply_gradients(optimizer: Any, grads_and_vars: Any, *arguments: Any, **keywords: Any) -> Any:
            if self.witness.depth.update:
                return original(optimizer, grads_and_vars, *arguments, **keywords)
            own = self.witness.sites.own()
            with self._update(optimizer, own) as pairs:
                if hasattr(grads_and_vars, "__next__"):
                    grads_and_vars = list(grads_and_vars)  # Seen and still there: an iterator can be read once.
                with self.witness.attention():
                    pairs.extend(_as_pairs(grads_and_vars))
                    self._compare(optimizer, pairs, own)
                return original(optimizer, grads_and_vars, *arguments, **keywords)

        return apply_gradients

    def applying(self, original: Any) -> Any:
        """A wrapper for the method that takes a list of gradients, and into which the other one leads."""

        def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            with self.witness.attention():
                self._count(optimizer, applied=1)
            if self.witness.depth.update:
                return original(optimizer, grads, trainable_variables)
            own = self.witness.sites.own()
            with self._update(optimizer, own) as pairs:
                grads = list(grads) if hasattr(grads, "__next__") else grads
                if hasattr(trainable_variables, "__next__"):
                    trainable_variables = list(trainable_variables)
                variables = trainable_variables
                if variables is None:
                    variables = getattr(optimizer, "_trainable_variables", ())
                if isinstance(grads, list | tuple) and isinstance(variables, list | tuple):
                    with self.witness.attention():
                        pairs.extend(zip(grads, variables, strict=False))
                        self._compare(optimizer, pairs, own)
                return original(optimizer, grads, trainable_variables)

        return apply

    def scaling(self, original: Any) -> Any:
        """A wrapper for the method that scales a loss before it is differentiated."""

        def scale_loss(optimizer: Any, loss: Any) -> Any:
            with self.witness.attention():
                self._count(optimizer, scaled=1)
            return original(optimizer, loss)

        return scale_loss

    def _compare(self, optimizer: Any, pairs: Pairs, own: bool) -> None:
        """Hold the update against that of `fit`, while the weights are still those of the step."""
        witness = self.witness
        if own and tf.executing_eagerly():
            witness.follower.compared(optimizer, pairs, witness.sites.here())

    @contextlib.contextmanager
    def _update(self, optimizer: Any, own: bool) -> Iterator[Pairs]:
        witness = self.witness
        pairs = _Watched()
        error: BaseException | None = None
        where = witness.sites.here()
        rate = _rate(optimizer)
        try:
            with deeper(witness.depth, "update"):
                yield pairs
        except Exception as raised:
            error = raised
            raise
        finally:
            with witness.attention():
                self._note(optimizer, pairs, error, own=own, where=where, rate=rate)
            if error is None and witness.fit is None and tf.executing_eagerly():
                witness.budget.update(where and where.spot)

    def _note(
        self,
        optimizer: Any,
        pairs: "_Watched",
        error: BaseException | None,
        *,
        own: bool,
        where: Site | None,
        rate: float | None,
    ) -> None:
        witness = self.witness
        witness.scribe.put(
            "applications",
            Update(
                number=witness.scribe.number("applications"),
                where=where,
                direct=own,
                fit=witness.fit,
                in_function=witness.in_function,
                optimizer=self._know(optimizer, False).number,
                kind=type(optimizer).__name__,
                pairs=tuple(self._pair(*pair) for pair in pairs.watched()),
                iterations=_iterations(optimizer),
                rate=rate,
                exception=None if error is None else witness.exceptional(error),
            ),
        )

    def _pair(self, gradient: Any, variable: Any, before: Snapshot | None) -> Pair:
        witness = self.witness
        number = witness.identities.number(variable)
        origin = witness.gradients.origin(gradient, number)
        after = None if before is None else Snapshot(variable)
        return Pair(
            variable=number,
            name=name_of(variable),
            differentiated=number in witness.gradients.latest_call,
            source=origin.variable,
            source_name=origin.name,
            gradient_call=origin.call,
            matched=origin.matched,
            largest=kind_of(gradient)[1],
            identical=None if before is None or after is None else before.same(after),
            moved=None if before is None or after is None else before.moved(after),
            scale=None if before is None else before.scale,
            norm=norm(gradient),
            step=None if before is None or after is None else before.distance(after),
            length=None if before is None else before.length,
        )

    def _know(self, optimizer: Any, own: bool) -> Optimizer:
        key = self.witness.identities.number(optimizer)
        if key not in self.made:
            number = self.witness.scribe.number("optimizers")
            self.made[key] = Optimizer(number, self.witness.sites.here(), own, type(optimizer).__name__, 0)
            if own:  # Keras makes others for itself, such as to compare a configuration with the default.
                self.witness.scribe.grow("optimizers", number, lambda: self.made[key])
        return self.made[key]

    def _count(self, optimizer: Any, applied: int = 0, scaled: int = 0) -> None:
        known = self._know(optimizer, False)
        key = self.witness.identities.number(optimizer)
        self.made[key] = dataclasses.replace(known, applied=known.applied + applied, scaled=known.scaled + scaled)
        self.witness.scribe.grow("optimizers", known.number, lambda: self.made[key])


class _Watched(Pairs):
    """Pairs, with the values that the variables had when the pairs came in."""

    def __init__(self) -> None:
        super().__init__()
        self._before: list[Snapshot | None] = []

    def extend(self, pairs: Any) -> None:
        """Take pairs in, before the optimizer does."""
        super().extend(pairs)
        self._before.extend(
            Snapshot(variable) if is_variable(variable) and tf.executing_eagerly() else None for _, variable in self
        )

    def watched(self) -> Iterator[tuple[Any, Any, Snapshot | None]]:
        """Gradient, variable, and what the variable held."""
        for (gradient, variable), before in zip(self, self._before, strict=True):
            yield gradient, variable, before


def _as_pairs(value: Any) -> Pairs:
    if not isinstance(value, list | tuple):
        return []
    return [tuple(pair) for pair in value if isinstance(pair, list | tuple) and len(pair) == 2]


def _rate(optimizer: Any) -> float | None:
    with contextlib.suppress(Exception):
        return float(f"{float(optimizer.learning_rate):.7g}")  # What the float32 was meant to be.
    return None


def _iterations(optimizer: Any) -> int | None:
    with contextlib.suppress(Exception):
        return int(optimizer.iterations)
    return None
