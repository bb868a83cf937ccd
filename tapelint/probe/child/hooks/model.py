"""Watches models and layers being called under a tape: with which flag, in which mode, on how many examples."""

import contextlib
import inspect
import weakref
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.layers.preprocessing.image_preprocessing.base_image_preprocessing_layer import (
    BaseImagePreprocessingLayer,
)

from tapelint.probe.child.arrays import Arrays
from tapelint.probe.child.feeds import size_of
from tapelint.probe.child.models import Models
from tapelint.probe.child.parity.seen import Forward
from tapelint.probe.child.samples import inputs_of
from tapelint.probe.child.witness import Witness, deeper, patch, put
from tapelint.record import Extent, LooseCall, ModelCall, SensitiveLayer, Training

DROPOUTS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout")
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


def install(witness: Witness) -> None:
    """Put the wrappers in place."""
    watch = _Watch(witness)
    patch(keras.Layer, "__call__", watch.calling)
    losses: Any = keras.Layer.losses
    put(keras.Layer, "losses", property(watch.models.asking(losses.fget)))
    trainer = next(base for base in keras.Model.__mro__ if "train_on_batch" in base.__dict__)
    patch(trainer, "train_on_batch", watch.training)
    for owner in _sensitive_kinds():
        patch(owner, "call", watch.running)


def _sensitive_kinds() -> set[Any]:
    """The classes whose `call` is told the mode. TensorFlow's Keras has some of its own, of the same names."""
    names = (*DROPOUTS, *RECURRENT, "GaussianNoise", "BatchNormalization", "RandomHeight", "RandomWidth")
    kinds = [
        getattr(module, name) for module in (keras.layers, tf.keras.layers) for name in names if hasattr(module, name)
    ]
    owners = {next(base for base in kind.__mro__ if "call" in base.__dict__) for kind in kinds}
    return owners | {BaseImagePreprocessingLayer}


class _Watch:
    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.arrays = Arrays(witness)
        self.models = Models(witness)
        self._running: list[SensitiveLayer] = []
        self._loose: set[ModelCall] = set()
        self._reached: weakref.WeakSet[Any] = weakref.WeakSet()
        self._looking = False

    def calling(self, original: Any) -> Any:
        """A wrapper for the call of any layer; it looks at the outermost ones under a tape."""

        def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
            witness = self.witness
            if witness.depth.layer or witness.quiet or not (witness.tapes.recording or witness.sites.own()):
                with deeper(witness.depth, "layer"):
                    return original(layer, *arguments, **keywords)
            if witness.fit is None and tf.executing_eagerly() and arguments and witness.sites.own():
                with witness.attention():
                    self.arrays.used(arguments[0])
            self._running, self._looking = [], True
            before, state = self._watched(), None
            with witness.attention():
                state = witness.follower.state(layer)
            try:
                with deeper(witness.depth, "layer"):
                    result = original(layer, *arguments, **keywords)
            finally:
                self._looking = False
            with witness.attention():
                made = self._note(layer, arguments, keywords, before)
                witness.follower.called(Forward(layer, arguments, keywords, result, made, state))
                self.models.seen(layer)
            return result

        return call

    def training(self, original: Any) -> Any:
        """A wrapper for `train_on_batch`, which is a step with a tape of its own."""

        def train_on_batch(model: Any, x: Any, *arguments: Any, **keywords: Any) -> Any:
            if self.witness.fit is None and tf.executing_eagerly():
                with self.witness.attention():
                    self.arrays.used(x)
            return original(model, x, *arguments, **keywords)

        return train_on_batch

    def running(self, original: Any) -> Any:
        """A wrapper for what a layer does that acts differently in training."""
        signature = inspect.signature(original)

        def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
            if (self.witness.tapes.recording or self._looking) and _cares(layer):
                with self.witness.attention():
                    bound = signature.bind(layer, *arguments, **keywords)
                    bound.apply_defaults()
                    training = _truth(bound.arguments.get("training"))
                    seen = SensitiveLayer(layer.name, type(layer).__name__, training)
                    if seen not in self._running:
                        self._running.append(seen)
            return original(layer, *arguments, **keywords)

        return call

    def _watched(self) -> dict[int, Any]:
        """The variables that a tape has seen so far."""
        tapes = self.witness.tapes.recording
        return {id(each): each for each in tapes[-1].watched()} if tapes else {}

    def _reach(self, layer: Any, arguments: Any) -> Extent | None:
        """How far the inputs reach that a layer is given for the first time."""
        if not arguments or layer in self._reached or not self.witness.tapes.recording or not tf.executing_eagerly():
            return None
        self._reached.add(layer)
        with deeper(self.witness.depth, "layer"):
            return inputs_of(arguments[0], layer)

    def _note(self, layer: Any, arguments: Any, keywords: Any, before: dict[int, Any]) -> ModelCall:
        witness = self.witness
        own = {id(getattr(variable, "value", variable)) for variable in layer.variables}
        strays = [each.name for key, each in self._watched().items() if key not in before and key not in own]
        call = ModelCall(
            where=witness.sites.here(),
            name=layer.name,
            kind=type(layer).__name__,
            training=_flag(layer, arguments, keywords),
            sensitive=(*self._running, *_own_layers(layer)),
            batch=size_of(tf.nest.flatten((arguments, keywords))),
            strays=tuple(strays),
            inputs=self._reach(layer, arguments),
        )
        for tape in witness.tapes.recording:
            tape.called(call)
        if not witness.tapes.recording and call not in self._loose:
            self._loose.add(call)
            number = witness.scribe.number("loose_calls")
            witness.scribe.put("loose_calls", LooseCall(number, call.where, call))
        return call


def _cares(layer: Any) -> bool:
    if isinstance(layer, keras.layers.BatchNormalization):
        return bool(layer.trainable)  # A frozen one is in inference mode whatever it is told.
    for name in ("rate", "stddev"):
        if isinstance(getattr(layer, name, None), int | float):
            return float(getattr(layer, name)) > 0
    if hasattr(layer, "recurrent_dropout"):
        return bool(layer.dropout or layer.recurrent_dropout)
    return type(layer).__name__.startswith(("Rand", "Mix", "Cut"))


def _own_layers(layer: Any) -> tuple[SensitiveLayer, ...]:
    """The layers of the user's own making that are told the mode; what they do with it cannot be seen."""
    found = []
    for part in layer._flatten_layers(include_self=True, recursive=True):
        module = type(part).__module__
        if not module.startswith("keras.") and not isinstance(part, keras.Model):
            with contextlib.suppress(TypeError, ValueError):
                if "training" in inspect.signature(part.call).parameters:
                    found.append(SensitiveLayer(part.name, type(part).__name__, None))
    return tuple(found)


def _flag(layer: Any, arguments: Any, keywords: Any) -> Training:
    value = keywords.get("training", inspect.Parameter.empty)
    if value is inspect.Parameter.empty:
        with contextlib.suppress(TypeError, ValueError):
            bound = inspect.signature(layer.call).bind_partial(*arguments)
            value = bound.arguments.get("training", inspect.Parameter.empty)
    if value is inspect.Parameter.empty:
        return "unset"
    if value is None:
        return "none"
    truth = _truth(value)
    return "tensor" if truth is None else "true" if truth else "false"


def _truth(value: Any) -> bool | None:
    if value is None:
        return False
    if isinstance(value, bool | int | np.bool_):
        return bool(value)
    return bool(value.numpy()) if hasattr(value, "numpy") else None
