"""Stage G: what the gradients that a tape gave consist of, beside those that `fit` would have made."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tapelint.probe.child.identities import name_of
from tapelint.probe.child.parity.causes import Cause, Sizes
from tapelint.probe.child.parity.losses import Weighed, weighed
from tapelint.probe.child.parity.replay import Replay, can_be_replayed, replayed
from tapelint.probe.child.parity.seen import Forward, Step
from tapelint.probe.child.parity.solve import EXPLAINED, Vector, distance, flat, numbers
from tapelint.probe.child.snapshot import array
from tapelint.record import SideBySide, Training

TOO_SMALL = 1e-3
"""The share of the penalties in the gradients below which nothing can be said of them."""

OTHER = 1e-3
"""How far two modes must be apart for one of them to be wrong."""

NO_MODEL = "no model was called under the tape whose variables the gradients belong to"
NO_EVIDENCE = "no evidence: all gradients are zero"


@dataclass(frozen=True, slots=True)
class Question:
    """A tape that was asked: the gradients by the numbers of the variables, and the variables by theirs."""

    number: int
    target: Any
    gradients: dict[int, Any]
    variables: dict[int, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """What the gradients of a question consist of. `reason` says why nothing is known, if so.

    `penalties` is how many times those of the layers count, `share` their size beside the rest. `apart` is how far the
    mode of inference is from that of training, where the first was wrong. `unasked` are the trainable variables, by
    their numbers, that a gradient reaches and that nobody asked about. `is_plain`: one model was called once, and one
    known loss computed. `beside` are the gradients of each variable on its own, `statistics` what those of
    normalization were before, and `fed` tells one batch from another.
    """

    reason: str = ""
    loss: Weighed = field(default_factory=lambda: Weighed("", 1, (1.0,), ()))
    sizes: Sizes = field(default_factory=lambda: Sizes(0))
    flag: Training = "unset"
    training: bool = True
    penalties: float | None = None
    share: float = 0.0
    residual: float | None = None
    causes: tuple[Cause, ...] = ()
    unasked: dict[int, Any] = field(default_factory=dict)
    apart: float | None = None
    is_plain: bool = False
    beside: tuple[SideBySide, ...] = ()
    statistics: tuple[tuple[Any, Any], ...] = ()
    fed: int | None = None


@dataclass(frozen=True, slots=True)
class _Modes:
    own: Replay
    as_fit: Replay
    deterministic: bool


def accounted(
    step: Step,
    question: Question,
    number: Callable[[Any], int],
    values: Callable[[], Iterable[Any]],
    *,
    free: bool,
    intended: str = "",
) -> Account:
    """The account of a question. `free`: no tape is recording any more, so that the models can be called again.

    `intended` names the loss that the program is meant to have, where it computes one of its own.
    """
    judged = [forward for forward in step.forwards if _is_judged(forward, step, question, number)]
    if not judged:
        return Account(NO_MODEL)
    variables = _variables(judged)
    asked = [number(each) in question.gradients for each in variables]
    user = flat((question.gradients.get(number(each)) for each in variables), variables)
    if not user.any():
        return Account(NO_EVIDENCE)
    free = free and bool(np.isfinite(user).all())
    batch = judged[0].call.batch or 0
    loss = weighed(step, question.target, judged, batch, values=values, intended=intended)
    if not loss.factors:
        return Account(loss.remark)
    replicas = int(tf.distribute.get_strategy().num_replicas_in_sync)
    sizes = Sizes(batch, loss.terms, _size(question.target), replicas)
    mask = _mask(asked, variables)
    again = free and not step.nested and all(map(can_be_replayed, judged))
    modes = _modes(step, judged, variables, user, mask) if again else None
    share, penalties, residual = _penalties(step, modes, user, mask)
    return Account(
        loss=loss,
        sizes=sizes,
        flag=_flag(judged),
        training=modes is None or modes.own is modes.as_fit,
        penalties=penalties,
        share=share,
        residual=residual,
        causes=(*loss.causes, *(_of_mode(judged, modes) or _of_bare_layers(step))),
        unasked=_unasked(step, judged, question, number),
        apart=_apart(modes) if loss.is_known else None,
        is_plain=loss.is_known and len(step.forwards) == 1,
        statistics=tuple(judged[0].state.statistics()) if len(judged) == 1 and judged[0].state is not None else (),
        beside=tuple(_beside(modes, variables, user, loss.factors)),
        fed=_fed(judged),
    )


def _is_judged(forward: Forward, step: Step, question: Question, number: Callable[[Any], int]) -> bool:
    """Whether the gradients are by variables of this layer, and the target depends on what it made."""
    flows = any(step.weight(each) is not None for each in forward.tensors)
    return flows and any(number(each) in question.gradients for each in forward.layer.trainable_variables)


def _variables(judged: list[Forward]) -> list[Any]:
    every = [variable for forward in judged for variable in forward.layer.trainable_variables]
    return list({id(each): each for each in every}.values())


def _mask(asked: list[bool], variables: list[Any]) -> Vector:
    sizes = [int(np.prod(each.shape)) for each in variables]
    return np.repeat(np.array(asked, "float64"), sizes)


def _size(target: Any) -> int:
    return sum(int(tf.size(each)) for each in tf.nest.flatten(target))


def _modes(step: Step, judged: list[Forward], variables: list[Any], user: Vector, mask: Vector) -> _Modes | None:
    with contextlib.suppress(Exception):  # Code of the user's may refuse to run a second time.
        own = replayed(step, judged, variables, None)
        if _unexplained(own, user, mask)[1] > EXPLAINED:
            again = replayed(step, judged, variables, None)
            if not own.resembles(again, EXPLAINED) or distance(own.data, again.data) > EXPLAINED:
                return _Modes(own, own, deterministic=False)
        if all(forward.call.training == "true" for forward in judged):
            return _Modes(own, own, deterministic=True)
        return _Modes(own, replayed(step, judged, variables, True), deterministic=True)
    return None


def _unexplained(own: Replay, user: Vector, mask: Vector) -> tuple[float, float]:
    """How often the penalties are in the user's gradients beside what comes through the outputs, and what is left."""
    rest, extra = user - own.data * mask, own.penalties * mask
    square, size = float(extra @ extra), float(np.linalg.norm(user))
    factor = float(rest @ extra) / square if square else 0.0
    return factor, float(np.linalg.norm(rest - factor * extra)) / size


def _penalties(
    step: Step, modes: _Modes | None, user: Vector, mask: Vector
) -> tuple[float, float | None, float | None]:
    """The share of the penalties, how often they count, and what then is left unexplained."""
    asked = _asked(step)
    if modes is None or not modes.deterministic:
        return (1.0 if asked is not None else 0.0), asked, None
    share = float(np.linalg.norm(modes.own.penalties * mask)) / float(np.linalg.norm(user))
    factor, residual = _unexplained(modes.own, user, mask)
    if share < TOO_SMALL / 10 or residual > EXPLAINED:
        return share, asked, residual
    return share, factor, residual


def _asked(step: Step) -> float | None:
    """How often the target counts the penalties that were asked for; None where nobody did, or there are none."""
    weights = [[step.weight(each) for each in penalties] for penalties in step.penalties if penalties]
    if not weights:
        return None
    return sum(float(np.mean([0.0 if w is None else float(numbers(w).mean()) for w in each])) for each in weights)


def _of_mode(judged: list[Forward], modes: _Modes | None) -> list[Cause]:
    flags = {forward.call.training for forward in judged} - {"true"}
    if not flags:
        return []
    how = "with `training=False`" if "false" in flags else "without `training=True`"
    mode = Cause("inference-mode", f"the model is called {how}")
    if modes is None or not modes.deterministic:
        seen = [each.training for forward in judged for each in forward.call.sensitive if each.training is not None]
        return [mode] if seen and not any(seen) else []
    own, as_fit = modes.own, modes.as_fit
    if own.resembles(as_fit, OTHER) and distance(own.data, as_fit.data) <= OTHER:
        return []
    frozen = [name for name in as_fit.moved if name not in own.moved]
    if not frozen:
        return [mode]
    words = f"{len(frozen)} statistics of normalization stay as they are, which `fit` moves"
    if "false" in flags:
        words += " unless these layers are frozen, as one may want them to be in fine-tuning"
    return [mode, Cause("statistics-frozen", words)]


def _of_bare_layers(step: Step) -> list[Cause]:
    """Layers without weights, such as those of dropout, that are called one by one and not told to be in training."""
    for forward in step.forwards:
        flows = any(step.weight(each) is not None for each in forward.tensors)
        bare = not any("float" in str(each.dtype) for each in forward.layer.variables)
        if flows and bare and forward.call.training != "true":
            told = [each.training for each in forward.call.sensitive if each.training is not None]
            if told and not any(told):
                how = "with `training=False`" if forward.call.training == "false" else "without `training=True`"
                return [Cause("inference-mode", f"`{forward.call.name}` is called {how}")]
    return []


def _apart(modes: _Modes | None) -> float | None:
    """How far the gradients of the two modes are apart; None where the one of training was used."""
    if modes is None or modes.own is modes.as_fit or modes.own.resembles(modes.as_fit, OTHER):
        return None
    return max(distance(modes.own.data, modes.as_fit.data), OTHER)


def _beside(
    modes: _Modes | None, variables: list[Any], user: Vector, factors: tuple[float, ...]
) -> Iterator[SideBySide]:
    """The gradients of each variable, beside those of `fit`, for which every loss counts once."""
    if modes is None or not modes.deterministic or len(set(factors)) != 1 or not factors[0]:
        return
    fit = modes.as_fit.data / factors[0] + modes.as_fit.penalties
    starts = np.cumsum([0, *(int(np.prod(each.shape)) for each in variables)])
    for variable, start, end in zip(variables, starts, starts[1:], strict=False):
        own, other = user[start:end], fit[start:end]
        yield SideBySide(name_of(variable), *(float(np.linalg.norm(each)) for each in (own, other, own - other)))


def _unasked(step: Step, judged: list[Forward], question: Question, number: Callable[[Any], int]) -> dict[int, Any]:
    """The variables that gradients reach, but nobody asked for them."""
    unasked = step.unasked(judged, question.gradients, number)
    flows = {key: step.weight(each) for key, each in unasked.items()}
    return {key: unasked[key] for key, flow in flows.items() if flow is not None and numbers(flow).any()}


def _fed(judged: list[Forward]) -> int:
    """A number that tells what went into the models from anything else."""
    parts = [array(each).tobytes() for forward in judged for each in forward.given if hasattr(each, "shape")]
    return hash(tuple(parts))


def _flag(judged: list[Forward]) -> Training:
    flags = [forward.call.training for forward in judged]
    return next((flag for flag in flags if flag != "true"), "true")
