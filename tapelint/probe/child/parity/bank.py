"""The bank of variants: what may have become of a step's loss and mode, tried one by one without watching the step.

This knows nothing of hooks. It takes a model, a batch, a loss and the gradients that came to the optimizer, and finds
the variant of `fit` that makes the same ones.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tapelint.probe.child.identities import underlying
from tapelint.probe.child.parity.causes import Cause, Judgement, Sizes, of_factor, of_penalties, ordered, sentence
from tapelint.probe.child.parity.solve import EXPLAINED, Solution, Vector, distance, flat, solved
from tapelint.probe.child.parity.state import State, kept
from tapelint.record import ParityVerdict

LossFunction = Callable[[Any, Any], Any]

TOO_SMALL = 1e-3
"""The share of the penalties in the gradients below which their factor says nothing."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another way to compute the loss, and what would be wrong with it; nothing is with the first one."""

    cause: Cause | None
    function: LossFunction


@dataclass(frozen=True, slots=True)
class Explanation:
    """A variant in a mode that makes the user's gradients, with these factors."""

    causes: tuple[Cause, ...]
    solution: Solution


def compared(
    model: Any,
    x: Any,
    y: Any,
    loss: LossFunction,
    gradients: Sequence[Any],
    *,
    optimizer: Any = None,
    targets: int = 1,
) -> Judgement:
    """Gradients by the model's trainable variables, in their order, beside those that `fit` would make.

    The weights have to be those of before the update. Whatever the comparison changes, it puts back. `targets` is how
    many numbers the tape was asked to differentiate.
    """
    variables = model.trainable_variables
    user = flat(gradients, variables)
    sizes = Sizes(int(tf.shape(tf.nest.flatten(x)[0])[0]), terms_of(model, x, y, loss), targets)
    kind = type(optimizer).__name__ if optimizer is not None else ""
    found: list[Explanation] = []
    for cause, training, parts in references(model, x, y, loss):
        if cause is None and training and not user.any() and not any(part.any() for part in parts):
            return Judgement("unable", (), "no evidence: all gradients are zero, on both sides")
        if training and cause is None and distance(user, parts[0] + parts[1]) <= EXPLAINED:
            return Judgement("matches", (), "the gradients are those of `fit`", 1.0, 1.0, 0.0)
        solution = solved(user, parts)
        if solution is not None and solution.residual <= EXPLAINED and solution.factors[0]:
            found.append(Explanation(_reasons(cause, training, parts, solution, sizes=sizes, optimizer=kind), solution))
    if not found:
        return Judgement("differs", (), "the gradients are not those of `fit`, and no known reason explains it")
    best = min(found, key=lambda each: len(each.causes))
    causes = ordered(best.causes)
    others = sorted({cause.name for each in found for cause in each.causes} - {cause.name for cause in causes})
    message = sentence(causes) or "the gradients are those of `fit`, but for a weight of one's own"
    if others:
        message += f" (the same gradients come of {', '.join(others)})"
    data, penalties = best.solution.factors
    verdict: ParityVerdict = "differs" if causes else "matches"
    return Judgement(verdict, tuple(each.name for each in causes), message, data, penalties, best.solution.residual)


def variants(loss: LossFunction, y: Any, predicted: Any) -> Iterator[Variant]:
    """The loss as it is, and what it is mistaken for."""
    yield Variant(None, loss)
    if tf.is_tensor(predicted) and tf.is_tensor(y) and y.shape == predicted.shape:
        words = "the loss is given the prediction where it expects the truth, and the truth for the prediction"
        yield Variant(Cause("swapped-arguments", words), lambda true, out: loss(out, tf.cast(true, out.dtype)))
    other = flipped(loss)
    if other is not None:
        words = "the loss takes logits for probabilities, or the other way round (`from_logits`)"
        yield Variant(Cause("logits-flipped", words), lambda true, out: other(true, tf.identity(out)))
        yield Variant(Cause("logits-flipped", words), lambda true, out: loss(true, tf.identity(out)))
    if tf.is_tensor(predicted) and predicted.shape.rank == 2 and predicted.shape[1] == 1:
        words = f"every label meets every prediction: ({len(predicted)},) against ({len(predicted)}, 1)"
        yield Variant(Cause("broadcast-labels", words), _crossed(loss))


def flipped(loss: Any) -> LossFunction | None:
    """The loss with the other `from_logits`; None where it has none."""
    if hasattr(loss, "from_logits") and hasattr(loss, "get_config"):
        other: LossFunction = type(loss).from_config({**loss.get_config(), "from_logits": not loss.from_logits})
        return other
    try:
        parameter = inspect.signature(loss).parameters.get("from_logits")
    except (TypeError, ValueError):
        return None
    if parameter is None:
        return None
    return lambda true, out: loss(true, out, from_logits=not parameter.default)


def _crossed(loss: LossFunction) -> LossFunction:
    def crossed(true: Any, out: Any) -> Any:
        count = len(out)
        labels = tf.reshape(tf.cast(true, out.dtype), (-1, 1))
        return loss(tf.tile(labels, (count, 1)), tf.repeat(out, count, axis=0))

    return crossed


def references(model: Any, x: Any, y: Any, loss: LossFunction) -> Iterator[tuple[Cause | None, bool, list[Vector]]]:
    """The gradients of the loss's mean and of the penalties, of every variant in both modes."""
    variables = [underlying(each) for each in model.trainable_variables]
    with kept([model]):
        state = State(model)
        for training in (True, False):
            state.restore()
            with tf.GradientTape(persistent=True) as tape:
                predicted = model(x, training=training)
                penalties = model.losses
                total = tf.add_n([tf.cast(each, "float32") for each in penalties]) if penalties else None
                means = [(each.cause, _mean(each.function, y, predicted)) for each in variants(loss, y, predicted)]
            extra = tape.gradient(total, variables) if total is not None else [None] * len(variables)
            plain: Vector | None = None
            for cause, mean in means:
                data = flat(tape.gradient(mean, variables), variables) if mean is not None else None
                if data is not None and (plain is None or distance(data, plain) > EXPLAINED):
                    plain = data if plain is None else plain
                    yield cause, training, [data, flat(extra, variables)]


def _mean(function: LossFunction, y: Any, predicted: Any) -> Any:
    """The mean of a variant of the loss; None where it does not fit these shapes."""
    try:
        return tf.reduce_mean(function(y, predicted))
    except Exception:
        return None


def terms_of(model: Any, x: Any, y: Any, loss: LossFunction) -> int:
    with kept([model]):
        return int(tf.size(loss(y, model(x, training=False))))


def _reasons(
    cause: Cause | None, training: bool, parts: list[Vector], solution: Solution, *, sizes: Sizes, optimizer: str
) -> tuple[Cause, ...]:
    data, penalties = solution.factors
    assert data is not None
    reasons = [cause, None if training else Cause("inference-mode", "the model is called without `training=True`")]
    reasons.append(of_factor(data, sizes, optimizer))
    if penalties is not None and _share(parts) > TOO_SMALL:
        reasons.append(of_penalties(penalties, data))
    return tuple(each for each in reasons if each is not None)


def _share(parts: list[Vector]) -> float:
    data, penalties = (float((part @ part) ** 0.5) for part in parts)
    return penalties / data if data else 1.0
