"""The gradients that `fit` would have made of a step's own batch, held against those that the program applies.

Only one step is compared, and only where nothing is left to guess: a tape of the user's own, one call of one model that
is made of Keras's own layers, one loss of Keras's of what came out of it, and an update with the very gradients that
the tape gave. The model is then run a second time, from the state in which it was, and everything that this changes is
put back. No code of the user's runs again.
"""

import contextlib
import inspect
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe.child.identities import name_of, underlying
from tapelint.probe.child.snapshot import array
from tapelint.record import Comparison, ModelCall, Resemblance, SideBySide, Site

MOST_STEPS = 8
"""The steps in which something to compare is looked for."""

MOST_NUMBERS = 1 << 24
"""The numbers in the weights of a model up to which it is run again."""

FEWEST_NUMBERS = 8
"""The numbers that gradients must have to say something: two of them are a sum of multiples of any two others."""

SAME_DIRECTION = 0.99
"""The cosine from which on the parts of a loss cannot be told from each other."""

LIBRARIES = ("keras.src.", "tensorflow.python.")

AVERAGING = ("sum_over_batch_size", "mean", "mean_with_sample_weight")

Vector = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Forward:
    """A call of a model, with the state in which it began."""

    model: Any
    inputs: Any
    outputs: Any
    call: ModelCall
    state: "State"


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss that was computed. `reduction` is None for a function."""

    function: Callable[[Any, Any], Any]
    true: Any
    predicted: Any
    result: Any
    reduction: str | None
    kind: str


@dataclass(slots=True)
class Step:
    """What was seen of a step so far. `gradients` are by the variables that they belong to."""

    tape: "weakref.ref[Any]"
    forwards: list[Forward] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    target: Any = None
    gradients: dict[int, Any] = field(default_factory=dict)
    call: int | None = None
    unclear: bool = False


class State:
    """What calling a model changes: its statistics, its random numbers, and the penalties of its last call."""

    def __init__(self, model: Any) -> None:
        self._values = [(each, array(each.value).copy()) for each in model.non_trainable_variables]
        self._losses = [(each, list(each._losses), set(each._loss_ids)) for each in _layers(model)]

    def restore(self) -> None:
        """Have everything as it was."""
        for variable, value in self._values:
            variable.assign(value)
        for layer, losses, numbers in self._losses:
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(numbers)


class Reference:
    """Follows the steps of the program until one of them has been compared."""

    def __init__(self, unwatched: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        self._unwatched = unwatched
        self._step: Step | None = None
        self._left = MOST_STEPS

    def opened(self, tape: Any, *, alone: bool) -> None:
        """A tape of the user's own starts recording, `alone` or beside others."""
        if self._step is not None and self._step.tape() is tape:
            self._step.unclear = True  # It is opened again.
        elif alone and self._left and tf.executing_eagerly() and not tf.distribute.has_strategy():
            self._left -= 1
            self._step = Step(weakref.ref(tape))
        else:
            self._step = None

    def state(self, layer: Any) -> State | None:
        """The state of a model that is about to be called; None where the call will not be compared."""
        step = self._step
        if step is None or step.unclear:
            return None
        if step.forwards or not _is_known(layer):
            step.unclear = True
            return None
        return State(layer)

    def called(self, forward: Forward) -> None:
        """A model was called under the tape."""
        if self._step is not None:
            self._step.forwards.append(forward)

    def computed(self, loss: Loss, *, weighted: bool) -> None:
        """A loss was computed under a tape."""
        step = self._step
        if step is not None and step.call is None:
            step.losses.append(loss)
            step.unclear |= weighted

    def asked(self, tape: Any, call: int, target: Any, gradients: dict[int, Any], *, plain: bool) -> None:
        """A tape has given gradients, by the variables; `plain`: of one target, with nothing special about it."""
        step = self._step
        if step is not None:
            step.unclear |= not plain or step.call is not None or step.tape() is not tape
            step.call, step.target, step.gradients = call, target, gradients

    def compared(
        self, optimizer: Any, pairs: list[tuple[Any, Any]], number: Callable[[Any], int], where: Site | None
    ) -> Comparison | None:
        """The step that these pairs are about to end, beside the one of `fit`; None where anything is unclear."""
        step, self._step = self._step, None
        if step is None or where is None or not _is_clear(step) or not _is_plain(optimizer):
            return None
        (forward,), (loss,) = step.forwards, step.losses
        model = forward.model
        taken = {number(variable): gradient for gradient, variable in pairs}
        own = {number(variable) for variable in model.trainable_variables}
        if own != taken.keys() or own != step.gradients.keys() or len(pairs) != len(own):
            return None
        if any(gradient is None or gradient is not step.gradients[key] for key, gradient in taken.items()):
            return None
        batch = _batch(forward.inputs)
        if not batch or batch != _batch(loss.true) or batch != _batch(loss.predicted):
            return None
        self._left = 0
        user = _flat([taken[number(variable)] for variable in model.trainable_variables], model)
        modes = [True, False] if forward.call.training in ("unset", "none") and forward.call.sensitive else [True]
        parts = {training: self._parts(forward, loss, training) for training in modes}
        found = [_solved(user, *parts[training], training) for training in modes]
        return Comparison(
            number=1,
            where=where,
            gradient_call=step.call,
            loss=loss.kind,
            batch=batch,
            terms=int(tf.size(loss.result)),
            targets=int(tf.size(step.target)),
            flag=forward.call.training,
            optimizer=type(optimizer).__name__,
            resemblances=tuple(each for each in found if each is not None),
            variables=tuple(_side_by_side(model, user, np.sum(parts[True], axis=0))),
        )

    def _parts(self, forward: Forward, loss: Loss, training: bool) -> tuple[Vector, Vector]:
        with self._unwatched():
            return _gradients(forward, loss, training)


def _is_known(layer: Any) -> bool:
    """Whether a model consists of Keras's own parts, has all its variables, and is not too large."""
    if not isinstance(layer, keras.Model) or not layer.built:
        return False
    parts = _layers(layer)
    regularizers = [getattr(each, "regularizer", None) for each in layer.variables]
    if not all(map(_is_library, parts)) or not all(each is None or _is_library(each) for each in regularizers):
        return False
    shared = getattr(layer, "_losses_override", None)
    return not shared and sum(array(each.value).size for each in layer.variables) <= MOST_NUMBERS


def _layers(model: Any) -> list[Any]:
    return list(model._flatten_layers(include_self=True, recursive=True))


def _is_library(part: Any) -> bool:
    """Whether an object, and every function that it has been given, comes from Keras or TensorFlow."""
    given = [value for value in getattr(part, "__dict__", {}).values() if inspect.isfunction(value)]
    return all(str(each.__module__).startswith(LIBRARIES) for each in (part, *given))


def _is_clear(step: Step) -> bool:
    """Whether it is known what the step computes: one loss of what one model made."""
    if step.unclear or step.call is None or len(step.forwards) != 1 or len(step.losses) != 1:
        return False
    (forward,), (loss,) = step.forwards, step.losses
    if loss.predicted is not forward.outputs or not tf.is_tensor(loss.result):
        return False
    if loss.reduction in AVERAGING:
        return True
    masked = getattr(loss.predicted, "_keras_mask", None) is not None
    return loss.reduction in (None, "none") and not masked


def _is_plain(optimizer: Any) -> bool:
    """Whether the optimizer takes the gradients as they are, and at once."""
    scaled = "LossScale" in type(optimizer).__name__ or getattr(optimizer, "loss_scale_factor", None)
    return not scaled and not getattr(optimizer, "gradient_accumulation_steps", None)


def _batch(value: Any) -> int:
    """How many examples there are; 0 where that is unknown."""
    sizes = {np.shape(each)[0] if np.ndim(each) else 0 for each in tf.nest.flatten(value)}
    return int(sizes.pop()) if len(sizes) == 1 else 0


def _gradients(forward: Forward, loss: Loss, training: bool) -> tuple[Vector, Vector]:
    """The gradients of the loss's mean, and of the sum of the model's penalties, at the state of the user's call."""
    model = forward.model
    with _kept(model):
        forward.state.restore()
        variables = [underlying(each) for each in model.trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            mean = tf.reduce_mean(loss.function(loss.true, model(forward.inputs, training=training)))
            penalties = model.losses
            total = tf.add_n([tf.cast(each, mean.dtype) for each in penalties]) if penalties else None
        data = tape.gradient(mean, variables)
        extra = tape.gradient(total, variables) if total is not None else [None] * len(variables)
    return _flat(data, model), _flat(extra, model)


@contextlib.contextmanager
def _kept(model: Any) -> Iterator[None]:
    """Have the model afterwards as it is now."""
    now = State(model)
    try:
        yield
    finally:
        now.restore()


def _flat(gradients: list[Any], model: Any) -> Vector:
    """Gradients by all variables of a model, one after the other."""
    parts = [
        np.zeros(tuple(variable.shape)) if gradient is None else array(tf.convert_to_tensor(gradient))
        for gradient, variable in zip(gradients, model.trainable_variables, strict=True)
    ]
    return np.concatenate([part.astype("float64").reshape(-1) for part in parts])


def _side_by_side(model: Any, user: Vector, fit: Vector) -> Iterator[SideBySide]:
    """The gradients of each variable on its own."""
    sizes = [int(np.prod(variable.shape)) for variable in model.trainable_variables]
    starts = np.cumsum([0, *sizes])
    for variable, start, size in zip(model.trainable_variables, starts, sizes, strict=False):
        own, other = user[start : start + size], fit[start : start + size]
        lengths = (float(np.linalg.norm(each)) for each in (own, other, own - other))
        yield SideBySide(name_of(variable), *lengths)


def _solved(user: Vector, data: Vector, penalties: Vector, training: bool) -> Resemblance | None:
    """The factors that come closest to the user's gradients; None where they cannot be told."""
    size, *sizes = (float(np.linalg.norm(each)) for each in (user, data, penalties))
    if user.size < FEWEST_NUMBERS or not np.isfinite([size, *sizes]).all() or not size or not sizes[0]:
        return None
    columns = [data, penalties] if sizes[1] else [data]
    if sizes[1] and abs(float(data @ penalties)) > SAME_DIRECTION * sizes[0] * sizes[1]:
        return None
    # Each column at the length of one, or the small one would be lost.
    scaled = np.stack([each / length for each, length in zip(columns, sizes, strict=False)], axis=1)
    # Of two columns this is solved at once, where a general solver would copy all numbers several times.
    factors = np.linalg.solve(scaled.T @ scaled, scaled.T @ user)
    residual = float(np.linalg.norm(user - scaled @ factors)) / size
    return Resemblance(
        training=training,
        data=float(factors[0]) / sizes[0],
        penalties=float(factors[1]) / sizes[1] if sizes[1] else None,
        share=sizes[1] / sizes[0],
        residual=residual,
    )
