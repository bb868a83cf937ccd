"""Stage G, the side of the loss: by how much each loss counts in what the tape was asked for, and what it was given."""

import contextlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tapelint.probe.child.parity.bank import flipped
from tapelint.probe.child.parity.causes import Cause, is_close
from tapelint.probe.child.parity.families import is_loss, labels_among, recognized
from tapelint.probe.child.parity.seen import AVERAGING, Forward, Loss, Step, is_differentiable
from tapelint.probe.child.parity.solve import EXPLAINED, distance, numbers

MOST_WEIGHT = 10
"""The times that a mean, or a sum, may count because somebody wants it so; half precision asks for many more."""

Values = Callable[[], Iterable[Any]]

FEWEST_PROBABILITIES = 16
"""The numbers between zero and one from which on they are no logits that just happen to lie there."""

REVERSIBLE = ("KLDivergence", "kl_divergence", "CosineSimilarity", "cosine_similarity")
"""Losses that are given their arguments in both orders, on purpose."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The losses of a step. `factors` are how many times the mean of each counts.

    `is_known`: there is one loss, of Keras's or TensorFlow's, in which all examples count alike. `is_own`: it is none
    of the usual ones, and nobody knows what its mean would be.
    """

    name: str
    terms: int
    factors: tuple[float, ...]
    causes: tuple[Cause, ...]
    remark: str = ""
    is_known: bool = False
    is_own: bool = False


def weighed(
    step: Step, target: Any, forwards: list[Forward], batch: int, *, values: Values, intended: str = ""
) -> Weighed:
    """What the target of a tape consists of. `values` are what the program has at hand, labels among it.

    `intended` names the loss that the program is meant to have, where it computes one of its own.
    """
    targets = sum(int(tf.size(each)) for each in tf.nest.flatten(target))
    causes = [*_crossed(step, batch)]
    connected = [loss for loss in step.losses if step.weight(loss.result) is not None]
    if not connected:
        return _own(step, targets, forwards, causes, values=values, intended=intended)
    factors = [_factor(loss, step.weight(loss.result), batch, targets) for loss in connected]
    factors = _of_vectors(factors, connected, targets)
    for loss in connected:
        causes += _misgiven(step, loss, forwards)
    name = " + ".join(dict.fromkeys(loss.kind for loss in connected))
    terms = max(max(loss.terms, _summed(loss) // max(batch, 1)) for loss in connected)
    known = len(step.losses) == 1 and not causes and _is_known(connected[0], step)
    return Weighed(name, terms, tuple(factors), tuple(causes), is_known=known)


def _is_known(loss: Loss, step: Step) -> bool:
    """Whether it is clear what `fit` would make of the loss."""
    if loss.weighted or loss.foreign or getattr(loss.predicted, "_keras_mask", None) is not None:
        return False
    each = numbers(step.weight(loss.result)).reshape(-1)
    uniform = float(np.ptp(each)) <= 1e-3 * abs(float(each.mean()))
    return uniform and loss.reduction in (None, "none", *AVERAGING)


def _factor(loss: Loss, weight: Any, batch: int, targets: int) -> float:
    """How many times the mean of the loss counts; one where some examples are meant to count more than others."""
    each = numbers(weight).reshape(-1)
    mean = float(each.mean())
    if not is_close(mean, 1.0):
        mean *= _summed(loss)  # Whoever divides a sum wants a mean; one that is left alone is a sum for `fit` too.
    if not loss.result.shape.rank:
        return 1.0 if targets == 1 and _is_per_feature(mean, loss, batch) else mean
    if float(np.ptp(each)) > 1e-3 * abs(mean):
        return float(targets) if targets > 1 else 1.0
    summed_inside = loss.result.shape.rank > 1 and is_close(mean * batch, 1.0)
    if targets == 1 and (summed_inside or _is_per_feature(mean * each.size, loss, batch)):
        return 1.0
    return mean * each.size


def _summed(loss: Loss) -> int:
    """The numbers that a loss adds up, one for each row of predictions; one if it takes no sum."""
    return int(np.prod(np.shape(loss.predicted)[:-1])) if loss.reduction == "sum" else 1


def _of_vectors(factors: list[float], losses: list[Loss], targets: int) -> list[float]:
    """The factors, those of a target that is a vector without the weights that its parts may have on purpose."""
    vectors = [targets > 1 and loss.terms == targets and bool(loss.result.shape.rank) for loss in losses]
    if all(vectors) and is_close(sum(factors), targets):
        return [float(targets)] * len(factors)
    summed = [MOST_WEIGHT < abs(factor) <= MOST_WEIGHT * targets for factor in factors]
    found = zip(factors, vectors, summed, strict=True)
    return [math.copysign(targets, factor) if vector and whole else factor for factor, vector, whole in found]


def _is_per_feature(factor: float, loss: Loss, batch: int) -> bool:
    """Whether a factor says that the loss of an example is the sum over its features, as many write it."""
    features = int(np.prod(np.shape(loss.predicted))) // max(batch, 1)
    return features > 1 and is_close(factor, features)


def _own(
    step: Step, targets: int, forwards: list[Forward], causes: list[Cause], *, values: Values, intended: str
) -> Weighed:
    """A loss that the program writes out: one of the usual ones if it has their gradients, or as it is written."""
    if intended and not is_loss(intended):
        return Weighed(intended, targets, (), (), f"Keras has no loss that is called `{intended}`")
    for out in () if causes else [out for forward in forwards for out in forward.tensors]:
        given = [*values(), *(each for forward in forwards for each in tf.nest.flatten(forward.arguments))]
        flow = step.weight(out)
        found = recognized(out, flow, labels_among(given, out), intended) if flow is not None else None
        if found is not None:
            name, factor = found
            features = int(tf.size(out)) // int(out.shape[0])
            of_features = targets == 1 and features > 1 and is_close(factor, features)
            return Weighed(name, int(tf.size(out)), (1.0 if of_features else factor,), ())
    if intended and not causes:
        return Weighed(intended, targets, (), (), f"the loss is not `{intended}` of anything that the step has at hand")
    remark = "the loss is the program's own and taken as it is written, unless `--loss` names another"
    return Weighed("", targets, (float(targets),), tuple(causes), remark, is_own=True)


def _crossed(step: Step, batch: int) -> list[Cause]:
    """Operations between (B,) and (B, 1) that the target depends on."""
    for crossing in step.crossings:
        shapes = {crossing.left, crossing.right}
        if shapes == {(batch,), (batch, 1)} and batch > 1 and step.weight(crossing.result) is not None:
            words = (
                f"every label meets every prediction: {crossing.left} against {crossing.right} gives ({batch}, {batch})"
            )
            return [Cause("broadcast-labels", words)]
    return []


def _misgiven(step: Step, loss: Loss, forwards: list[Forward]) -> list[Cause]:
    """What is wrong with the arguments of a loss of Keras's or TensorFlow's own, if it makes a difference."""
    if loss.foreign:
        return []
    if step.weight(loss.predicted) is None and step.weight(loss.true) is not None:
        return _swapped(loss)
    return _not_logits(loss, forwards) if is_differentiable(loss.predicted) else []


def _swapped(loss: Loss) -> list[Cause]:
    if np.shape(loss.true) != np.shape(loss.predicted) or loss.kind in REVERSIBLE:
        return []
    made = tf.identity(loss.true)  # Without the logits that Keras may keep in mind.
    truth = tf.cast(loss.predicted, made.dtype)
    right = _slope(lambda out: loss.function(truth, out), made)
    as_is = _slope(lambda out: loss.function(out, truth), made)
    if right is None or as_is is None or distance(as_is, right) <= EXPLAINED:
        return []
    words = f"`{loss.kind}` is given the prediction where it expects the truth, and the truth for the prediction"
    return [Cause("swapped-arguments", words)]


def _not_logits(loss: Loss, forwards: list[Forward]) -> list[Cause]:
    if "entropy" not in loss.kind.replace("_", "").lower() or not loss.predicted.shape.rank:
        return []
    raw = loss.kind.endswith("_with_logits")
    other = None if raw else flipped(loss.function)
    if not raw and (other is None or _is_the_same(loss, other)):
        return []
    takes_logits = raw or _takes_logits(loss.function)
    values = numbers(loss.predicted)
    inside = bool((values >= 0).all() and (values <= 1).all())
    if takes_logits and inside and _are_probabilities(values, loss, forwards):
        return [Cause("logits-flipped", f"`{loss.kind}` expects logits and gets probabilities")]
    if not takes_logits and (values.min() < -1e-3 or values.max() > 1 + 1e-3):
        return [Cause("logits-flipped", f"`{loss.kind}` expects probabilities and gets logits")]
    return []


def _is_the_same(loss: Loss, other: Callable[[Any, Any], Any]) -> bool:
    """Whether the other `from_logits` changes nothing: Keras remembers the logits behind some outputs."""
    as_is = _slope(lambda out: loss.function(loss.true, out), loss.predicted)
    turned = _slope(lambda out: other(loss.true, out), loss.predicted)
    if as_is is None or turned is None:
        # The logits are behind what was given: nothing depends on it any more.
        return True
    return distance(as_is, turned) <= EXPLAINED


def _takes_logits(function: Any) -> bool:
    for holder in (function, getattr(function, "keywords", None) or {}):
        value = holder.get("from_logits") if isinstance(holder, dict) else getattr(holder, "from_logits", None)
        if value is not None:
            return bool(value)
    return False


def _are_probabilities(values: Any, loss: Loss, forwards: list[Forward]) -> bool:
    if "binary" not in loss.kind.lower() and "sigmoid" not in loss.kind:
        return values.shape[-1] > 1 and bool(np.abs(values.sum(axis=-1) - 1).max() < 1e-3)
    if values.size < FEWEST_PROBABILITIES:
        return False
    return any(_ends_in_sigmoid(forward.layer) and _gives(forward, values.reshape(-1)) for forward in forwards)


def _gives(forward: Forward, values: Any) -> bool:
    """Whether these numbers came out of a forward pass, as opposed to out of another that belongs to the same loss."""
    made = [numbers(each).reshape(-1) for each in tf.nest.flatten(forward.outputs) if is_differentiable(each)]
    return any(each.shape == values.shape and np.allclose(each, values) for each in made)


def _ends_in_sigmoid(layer: Any) -> bool:
    parts = [each for each in layer._flatten_layers(include_self=True, recursive=True) if hasattr(each, "activation")]
    return bool(parts) and parts[-1].activation is keras.activations.sigmoid


def _slope(loss: Callable[[Any], Any], at: Any) -> Any:
    """The gradient of the mean of a loss; None where there is none."""
    with contextlib.suppress(Exception):
        with tf.GradientTape() as tape:
            tape.watch(at)
            mean = tf.reduce_mean(loss(at))
        gradient = tape.gradient(mean, at)
        return None if gradient is None else numbers(gradient).reshape(-1)
    return None
