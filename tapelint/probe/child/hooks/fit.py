"""Watches `fit`, and makes it short: a few epochs of a few steps instead of all of them."""

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.tensorflow.trainer import TFEpochIterator
from keras.src.trainers.trainer import Trainer as BaseTrainer
from tensorflow.python.eager.polymorphic_function import eager_function_run

from tapelint.probe.child.hooks.callbacks import Callbacks
from tapelint.probe.child.overlap import overlap
from tapelint.probe.child.samples import classes_of_split, inputs_of
from tapelint.probe.child.snapshot import Snapshot
from tapelint.probe.child.witness import Witness, deeper, patch
from tapelint.record import Epoch, Exceptional, Extent, Fit, Site

EPOCHS = 20
"""The epochs of one fit that are let happen, the first two at length, the others in one step."""

LONG_EPOCHS = 2

EVALUATED = 2
"""The batches of a validation inside of a fit."""

TIME_SHARE = 0.6
"""The part of the time after which a fit ends with the epoch it is in."""


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    book = _Book(witness)
    trainer = next(base for base in keras.Model.__mro__ if "fit" in base.__dict__ and base is not BaseTrainer)
    patch(trainer, "fit", book.fitting)
    for name in ("evaluate", "predict"):
        patch(trainer, name, book.evaluating)
    patch(TFEpochIterator, "_enumerate_iterator", book.enumerating)


class _Watch:
    """One fit, while it lasts."""

    def __init__(self, witness: Witness, model: Any, arguments: dict[str, Any], where: Site | None) -> None:
        self.witness = witness
        self.model = model
        self.arguments = arguments
        self.number = witness.scribe.number("fits")
        self.where = where
        self.asked = int(arguments.get("epochs") or 1)
        self.begun = int(arguments.get("initial_epoch") or 0)
        self.callbacks = Callbacks(witness, arguments.get("callbacks"))
        self.epochs: list[Epoch] = []
        self.steps = 0
        self.in_epoch = 0
        self.batches: int | None = None
        self.cut = False
        self.before: list[Snapshot] = []
        self.changed: int | None = None
        self.iterations: tuple[int | None, int | None] = None, None
        self.exception: Exceptional | None = None
        self.overlap: tuple[int, int] | None = None
        self.inputs: Extent | None = None
        self.classes: tuple[int, int] | None = None
        self.fresh = getattr(model, "train_function", None) is None
        self._rate: float | None = None

    def keras_callback(self) -> Any:
        """What tells Keras to tell us."""
        return keras.callbacks.LambdaCallback(
            on_train_begin=self._train_begin,
            on_epoch_begin=self._epoch_begin,
            on_train_batch_end=self._batch_end,
            on_epoch_end=self._epoch_end,
        )

    def limit(self, batches: int | None) -> int:
        """The steps of the epoch that begins now: all of a short one in the first two, one in the later ones."""
        self.batches = batches or self.batches
        budget = self.witness.budget
        if len(self.epochs) >= LONG_EPOCHS:
            return 1
        return budget.short if batches and batches <= budget.short else budget.steps

    def ended(self, error: BaseException | None) -> None:
        """The fit is over."""
        if error is not None:
            self.exception = self.witness.exceptional(error)
        after = [Snapshot(variable) for variable in self.model.trainable_variables]
        if self.before and len(after) == len(self.before):
            self.changed = sum(not old.same(new) for old, new in zip(self.before, after, strict=True))
        self.iterations = self.iterations[0], _iterations(self.model)

    def entry(self) -> Fit:
        """The fit as the record has it."""
        arguments = self.arguments
        first, last = self.iterations
        return Fit(
            number=self.number,
            where=self.where,
            model=str(getattr(self.model, "name", "")),
            x=type(arguments.get("x")).__name__,
            examples=_examples(arguments.get("x")),
            batch=_batch(arguments),
            batches=self.batches,
            shuffle=bool(arguments.get("shuffle", True)),
            validation=_validation(arguments),
            asked=self.asked,
            cut=self.cut,
            loss=_loss(self.model),
            callbacks=tuple(self.callbacks.entries()),
            epochs=tuple(self.epochs),
            steps=self.steps,
            iterations=None if first is None or last is None else last - first,
            accumulates=_accumulates(self.model),
            trainable=len(self.before),
            changed=self.changed,
            exception=self.exception,
            weighted=any(arguments.get(name) is not None for name in ("class_weight", "sample_weight")),
            held_out=self.overlap[0] if self.overlap is not None else None,
            shared=self.overlap[1] if self.overlap is not None else None,
            inputs=self.inputs,
            classes=self.classes[0] if self.classes is not None else None,
            held_out_classes=self.classes[1] if self.classes is not None else None,
            fresh=self.fresh,
        )

    def _train_begin(self, *_: Any, **__: Any) -> None:
        with self.witness.attention():
            self.before = [Snapshot(variable) for variable in self.model.trainable_variables]
            self.iterations = _iterations(self.model), None
        with self.witness.attention(), self.witness.unwatched():
            self.inputs = inputs_of(self.arguments.get("x"), self.model)
            self.classes = classes_of_split(self.arguments.get("y"), self.arguments.get("validation_split"))
            self.overlap = overlap(self.arguments.get("x"), self.arguments.get("validation_data"))

    def _epoch_begin(self, *_: Any, **__: Any) -> None:
        self._rate = _rate(self.model)
        self.in_epoch = 0

    def _batch_end(self, *_: Any, **__: Any) -> None:
        self.steps += 1
        self.in_epoch += 1

    def _epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        with self.witness.attention():
            numbers = tuple((str(name), float(value)) for name, value in (logs or {}).items() if _is_number(value))
            self.epochs.append(Epoch(self.in_epoch, self._rate, numbers))
            self.callbacks.epoch_ended([name for name, _ in numbers])
        if self.witness.budget.used > TIME_SHARE and epoch + 1 < self.asked:
            self.model.stop_training = True
            self.cut = True
        self.witness.scribe.grow("fits", self.number, self.entry)


class _Book:
    """The fits that are running, the innermost last."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.running: list[_Watch] = []

    def fitting(self, original: Any) -> Any:
        """A wrapper for `fit`."""
        signature = inspect.signature(original)

        def fit(model: Any, *arguments: Any, **keywords: Any) -> Any:
            try:
                asked = dict(signature.bind(model, *arguments, **keywords).arguments)
            except TypeError:
                return original(model, *arguments, **keywords)
            del asked["self"]
            return self._watched(original, model, asked, self.witness.sites.here())

        return fit

    def evaluating(self, original: Any) -> Any:
        """A wrapper for `evaluate` and `predict`."""

        def evaluate(model: Any, *arguments: Any, **keywords: Any) -> Any:
            with deeper(self.witness.depth, "evaluation"), _compiled():
                return original(model, *arguments, **keywords)

        return evaluate

    def enumerating(self, original: Any) -> Any:
        """A wrapper for the loop over the batches of one epoch, which ends it early."""

        def enumerate_iterator(iterator: Any) -> Iterator[Any]:
            if not self.running:
                yield from original(iterator)
                return
            evaluating = self.witness.depth.evaluation > 0
            limit = EVALUATED if evaluating else self.running[-1].limit(iterator.num_batches)
            for step, item in enumerate(original(iterator)):
                if step == limit:
                    self.running[-1].cut |= not evaluating
                    iterator.data_adapter.on_epoch_end()
                    return
                yield item

        return enumerate_iterator

    def _watched(self, original: Any, model: Any, asked: dict[str, Any], where: Site | None) -> Any:
        witness = self.witness
        watch = None
        with witness.attention():
            watch = _Watch(witness, model, asked, where)
            witness.scribe.put("fits", watch.entry())
        if watch is None:
            return original(model, **asked)
        shortened = {**asked, "callbacks": [*watch.callbacks.kept, watch.keras_callback()]}
        if watch.asked > watch.begun + EPOCHS:
            shortened["epochs"] = watch.begun + EPOCHS
            watch.cut = True
        error: BaseException | None = None
        witness.fits.append(watch.number)
        self.running.append(watch)
        try:
            history = original(model, **shortened)
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.running.pop()
            witness.fits.pop()
            with witness.attention():
                watch.ended(error)
                witness.scribe.put("fits", watch.entry())
            witness.budget.update(("fit", watch.number))
        with witness.attention():
            if watch.cut:
                _fill_up(history, watch)
        return history


@contextlib.contextmanager
def _compiled() -> Iterator[None]:
    """Run functions as graphs meanwhile: nothing is looked at in an evaluation, and it may be long."""
    before = eager_function_run.RUN_FUNCTIONS_EAGERLY
    eager_function_run.RUN_FUNCTIONS_EAGERLY = False
    try:
        yield
    finally:
        eager_function_run.RUN_FUNCTIONS_EAGERLY = before


def _fill_up(history: Any, watch: _Watch) -> None:
    """Give the program as many values as it asked for epochs; it may well plot them. The record has the true ones."""
    missing = watch.asked - watch.begun - len(watch.epochs)
    if missing <= 0 or any(entry.stops for entry in watch.callbacks.entries()):
        return
    for values in history.history.values():
        if values:
            values.extend(values[-1:] * missing)
    history.epoch.extend(range(watch.begun + len(watch.epochs), watch.asked))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) or (hasattr(value, "numpy") and np.ndim(value) == 0)


def _examples(x: Any) -> int | None:
    first = next(iter(tf.nest.flatten(x)), None) if x is not None and not hasattr(x, "element_spec") else None
    shape = getattr(first, "shape", None)
    with contextlib.suppress(TypeError, IndexError, ValueError):
        return int(shape[0]) if shape is not None else None
    return None


def _batch(arguments: dict[str, Any]) -> int | None:
    if _examples(arguments.get("x")) is None:
        return None
    return int(arguments.get("batch_size") or 32)


def _validation(arguments: dict[str, Any]) -> Any:
    if arguments.get("validation_data") is not None:
        return "data"
    return "split" if arguments.get("validation_split") else "none"


def _loss(model: Any) -> str:
    loss = getattr(model, "loss", None)
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", None) or loss)[:80]


def _rate(model: Any) -> float | None:
    with contextlib.suppress(Exception):
        return float(f"{float(model.optimizer.learning_rate):.7g}")  # What the float32 was meant to be.
    return None


def _iterations(model: Any) -> int | None:
    with contextlib.suppress(Exception):
        return int(model.optimizer.iterations)
    return None


def _accumulates(model: Any) -> bool:
    optimizer = getattr(model, "optimizer", None)
    return bool(getattr(optimizer, "gradient_accumulation_steps", None))
