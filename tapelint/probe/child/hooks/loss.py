"""Watches losses being computed: by which function, of what, in which order, under a tape or not."""

import collections
import contextlib
import dataclasses
import functools
import inspect
import sys
from typing import Any

import keras
import tensorflow as tf
from keras.src.losses.loss import Loss
from keras.src.trainers.compile_utils import CompileLoss

from tapelint.probe.child.measures import MOST_CLASSES, counted, joined, measured
from tapelint.probe.child.parity.seen import Loss as Computed
from tapelint.probe.child.witness import Witness, deeper, patch
from tapelint.record import LossCall

KERAS = ("keras/src/losses", "keras/src/trainers")

RAW = {
    "softmax_cross_entropy_with_logits": ("labels", "logits"),
    "sparse_softmax_cross_entropy_with_logits": ("labels", "logits"),
    "sigmoid_cross_entropy_with_logits": ("labels", "logits"),
    "weighted_cross_entropy_with_logits": ("labels", "logits"),
}
"""The functions of `tf.nn`, with their arguments for what is true and what was predicted."""

NO_LOSSES = ("get", "serialize", "deserialize")


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    book = _Book(witness)
    patch(Loss, "__call__", book.calling)
    for name, function in vars(keras.losses).copy().items():
        if inspect.isfunction(function) and name not in NO_LOSSES:
            for module, alias in _offers(function):
                patch(module, alias, lambda original: book.function(original, original.__name__, ("y_true", "y_pred")))
    for name, terms in RAW.items():
        patch(tf.nn, name, functools.partial(book.function, name=name, terms=terms))


def _offers(function: Any) -> list[tuple[Any, str]]:
    """Where this function is offered to programs, and by which names; Keras's own modules keep the original."""
    return [
        (module, name)
        for key, module in list(sys.modules.items())
        if key.startswith(("keras.losses", "keras.metrics", "keras._tf_keras"))
        for name, value in list(getattr(module, "__dict__", {}).items())
        if value is function
    ]


class _Book:
    """The losses that were computed, by the place in the user's code."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.seen: dict[object, LossCall] = {}
        self.labels: dict[object, collections.Counter[int]] = {}

    def calling(self, original: Any) -> Any:
        """A wrapper for the call of a loss object."""

        def call(loss: Any, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            if isinstance(loss, CompileLoss):  # It calls the losses that it is made of.
                return original(loss, y_true, y_pred, sample_weight)
            with deeper(self.witness.depth, "loss") as depth:
                result = original(loss, y_true, y_pred, sample_weight)
            if depth == 0:
                with self.witness.attention():
                    reduction = str(getattr(loss, "reduction", "") or "none")
                    weighted = sample_weight is not None
                    self._note(_kind(loss), _from_logits(loss), reduction, weighted, (y_true, y_pred, result))
                    computed = Computed(loss, y_true, y_pred, result, reduction, _kind(loss), weighted)
                    self._follow(computed, loss)
            return result

        return call

    def function(self, original: Any, name: str, terms: tuple[str, str]) -> Any:
        """A wrapper for a function that computes a loss."""
        signature = inspect.signature(original)

        def call(*arguments: Any, **keywords: Any) -> Any:
            with deeper(self.witness.depth, "loss") as depth:
                result = original(*arguments, **keywords)
            if depth == 0:
                with self.witness.attention():
                    bound = signature.bind(*arguments, **keywords)
                    bound.apply_defaults()
                    given = bound.arguments
                    from_logits = True if "logits" in terms else given.get("from_logits")
                    values = (given.get(terms[0]), given.get(terms[1]), result)
                    self._note(name, from_logits, None, False, values)
                    again = functools.partial(original, **{name: given[name] for name in list(given)[2:]})
                    self._follow(Computed(again, *values, None, name), original)
            return result

        return call

    def _follow(self, computed: Computed, loss: Any) -> None:
        """Tell of a loss under a tape; of none but Keras's own is it known what `fit` makes of it."""
        if not self.witness.quiet:
            parts = (type(loss) if isinstance(loss, Loss) else loss, getattr(loss, "fn", loss))
            modules = [str(getattr(part, "__module__", "keras.src.")) for part in parts]
            foreign = not all(module.startswith(("keras.src.", "tensorflow.python.")) for module in modules)
            self.witness.follower.computed(dataclasses.replace(computed, foreign=foreign))

    def _note(
        self,
        kind: str,
        from_logits: bool | None,
        reduction: str | None,
        weighted: bool,
        values: tuple[Any, Any, Any],
    ) -> None:
        witness = self.witness
        if witness.quiet:
            return
        where = witness.sites.here()
        true, predicted, result = (measured(value) for value in values)
        key = kind, witness.fit, where and (where.spot, where.column)
        known = self.seen.get(key)
        if known is None:
            known = LossCall(
                number=witness.scribe.number("losses"),
                where=where,
                own=witness.sites.own(*KERAS),
                fit=witness.fit,
                kind=kind,
                from_logits=from_logits,
                reduction=reduction,
                weighted=weighted,
                taped=bool(witness.tapes.recording),
                in_function=witness.in_function,
                true=true,
                predicted=predicted,
                result=result,
                times=0,
                recovered=from_logits is not None and hasattr(values[1], "_keras_logits"),
            )
        self.seen[key] = dataclasses.replace(
            known,
            weighted=known.weighted or weighted,
            taped=known.taped or bool(witness.tapes.recording),
            true=joined(known.true, true),
            predicted=joined(known.predicted, predicted),
            result=joined(known.result, result),
            times=known.times + 1,
            labels=self._counted(key, kind, values[0]),
        )
        witness.scribe.grow("losses", known.number, lambda: self.seen[key])

    def _counted(self, key: object, kind: str, true: Any) -> tuple[tuple[int, int], ...]:
        if "entropy" not in kind.replace("_", "").lower():
            return ()
        self.labels.setdefault(key, collections.Counter()).update(counted(true))
        labels = self.labels[key]
        return tuple(sorted(labels.items())) if len(labels) <= MOST_CLASSES else ()


def _kind(loss: Any) -> str:
    """The name of the class, or of the function that a general one wraps."""
    name = type(loss).__name__
    if name != "LossFunctionWrapper":
        return name
    return str(getattr(getattr(loss, "fn", None), "__name__", name))


def _from_logits(loss: Any) -> bool | None:
    with contextlib.suppress(AttributeError):
        return bool(loss.from_logits)
    # A loss of the program's own has no `fn`, or one without such a parameter, or one that has no signature.
    with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
        default = inspect.signature(loss.fn).parameters["from_logits"].default
        return bool(loss._fn_kwargs.get("from_logits", default))
    return None
