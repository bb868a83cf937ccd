"""Follows the steps of a program through its tapes, and holds each update against the one `fit` would make.

The models of a step are called a second time, from the state in which they were, and everything that this changes is
put back.
"""

import contextlib
import dataclasses
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
import tensorflow as tf

from tapelint.probe.child.identities import is_variable, name_of
from tapelint.probe.child.parity.account import Account, Question, accounted
from tapelint.probe.child.parity.application import Application, applied, exchanged
from tapelint.probe.child.parity.bystanders import is_any_idle
from tapelint.probe.child.parity.replay import MOST_NUMBERS
from tapelint.probe.child.parity.seen import Crossing, Forward, Loss, Step
from tapelint.probe.child.parity.series import Series
from tapelint.probe.child.parity.solve import Vector, numbers
from tapelint.probe.child.parity.state import State, numbers_of
from tapelint.probe.child.parity.tally import Asked, Tally, tallied
from tapelint.record import Comparison, Resemblance, Site

MOST_TAPES = 40
"""The tapes that are followed."""

REMEMBERED = 20
"""The tapes whose gradients are remembered."""

MOST_PLACES = 12
"""The places of which the updates are compared."""

MOST_VALUES = 200
"""The values of the program among which labels are looked for."""

NO_TAPE = "the gradients come of no tape that was watched"
TOO_MANY = f"the gradients of more than {REMEMBERED} tapes may have been added up"
LOST = f"there are more than {MOST_TAPES} tapes before the first update"

Accounting = Callable[..., Account]

Written = Callable[[int, Callable[[], Comparison]], None]


class Follower:
    """The tapes that are open, the questions that were answered, and the updates at each place."""

    def __init__(
        self,
        unwatched: Callable[[], contextlib.AbstractContextManager[None]],
        number: Callable[[Any], int],
        frames: Callable[[], list[FrameType]],
        written: Written,
        account: Accounting = accounted,
    ) -> None:
        self._unwatched = unwatched
        self._number = number
        self._frames = frames
        self._written = written
        self._account = account
        self._steps: weakref.WeakKeyDictionary[Any, Step] = weakref.WeakKeyDictionary()
        self._open: list[Step] = []
        self._left = MOST_TAPES
        self._asked: deque[Asked] = deque(maxlen=REMEMBERED)
        self._series: dict[object, Series] = {}
        self._updated: set[int] = set()
        self._count = 0
        self._goes_on = False
        self._lost: set[int] = set()

    @property
    def follows(self) -> bool:
        """Whether a tape is open whose step is followed."""
        return bool(self._here())

    def _here(self) -> list[Step]:
        """The steps of this thread whose tapes are open: a strategy has one thread for each replica."""
        return [step for step in self._open if step.thread == threading.get_ident()]

    def opened(self, tape: Any) -> None:
        """A tape of the user's own starts recording."""
        if tf.executing_eagerly():
            step = self._steps.get(tape)
            if step is None and self._left:
                self._left -= 1
                step = self._steps[tape] = Step(weakref.ref(tape), place=self._place())
            if step is not None:
                self._open.append(step)

    def closed(self, tape: Any) -> None:
        """A tape stops recording."""
        self._open = [step for step in self._open if step.tape() not in (tape, None)]

    def state(self, layer: Any) -> State | None:
        """The state of a layer that is about to be called; None where it will not be called again."""
        if not self.follows or not layer.built or numbers_of(layer) > MOST_NUMBERS or tf.distribute.has_strategy():
            return None
        return State(layer)

    def called(self, forward: Forward) -> None:
        """A model was called."""
        for step in self._here():
            step.forwards.append(forward)

    def computed(self, loss: Loss) -> None:
        """A loss was computed."""
        for step in self._here():
            step.losses.append(loss)

    def penalized(self, penalties: list[Any]) -> None:
        """Somebody asked for the penalties of a model."""
        for step in self._here():
            step.penalties.append(list(penalties))

    def crossed(self, crossing: Crossing) -> None:
        """Two tensors were combined, every element with every other."""
        for step in self._here():
            step.crossings.append(crossing)

    def tensors(self, tape: Any, sources: Any) -> list[Any]:
        """By what else a tape is to be asked for gradients, which is asked for those by the sources."""
        step = self._steps.get(tape)
        if step is None:
            return []
        asked = {self._number(each) for each in tf.nest.flatten(sources) if is_variable(each)}
        variables = [{self._number(each) for each in forward.layer.trainable_variables} for forward in step.forwards]
        judged = [forward for forward, own in zip(step.forwards, variables, strict=True) if own & asked]
        return [*step.tensors(), *step.unasked(judged, asked, self._number).values()]

    def ended(self, *, finished: bool) -> None:
        """The program is over; `finished`: it came to its end by itself, and there is no more that it would update."""
        self._goes_on = not finished and is_any_idle()
        for series in self._series.values():
            self._write(series)

    def asked(self, tape: Any, call: int, target: Any, given: tuple[Any, Any], flows: tuple[list[Any], Any]) -> None:
        """A tape gave gradients: by the sources that the program named, and by the tensors on the way."""
        step = self._steps.get(tape)
        sources, gradients = (tf.nest.flatten(each) for each in given)
        variables = {self._number(each): each for each in sources if is_variable(each)}
        if step is None or not variables:
            self._lost |= variables.keys()
            for outer in self._here():
                outer.nested |= outer is not step
            return
        by_number = zip(sources, gradients, strict=False)
        known = {self._number(each): gradient for each, gradient in by_number if is_variable(each)}
        step.weights = {id(each): flow for each, flow in zip(*flows, strict=True) if flow is not None}
        question = Question(call, target, known, variables)
        free = not getattr(tape, "_recording", False) and all(each is step for each in self._here())
        with self._unwatched():
            account = self._account(step, question, self._number, self._values, free=free)
        step.weights = {}
        self._asked.append(Asked(question, account, step.place))
        self._count += 1

    def compared(self, optimizer: Any, pairs: list[tuple[Any, Any]], where: Site | None) -> None:
        """These pairs are about to be applied."""
        if not _is_first_replica():
            return
        taken = {self._number(variable): gradient for gradient, variable in pairs if is_variable(variable)}
        self._updated.update(key for key, gradient in taken.items() if gradient is not None)
        series = self._at(where, taken, optimizer)
        if series is None or series.is_full:
            return
        keys = [key for key, gradient in taken.items() if gradient is not None]
        asked = [each for each in self._asked if any(each.question.gradients.get(key) is not None for key in keys)]
        asked = asked or [each for each in self._asked if _is_given_by(each.question, taken)]
        series.applied(optimizer, self._number(optimizer), counts=_counts(optimizer))
        lost = self._lost.intersection(keys)
        if lost or not asked or not keys:
            if not series.steps:
                series.compared(Tally((), LOST if lost and asked else NO_TAPE), Account(), 0, {})
            return
        names = {key: name_of(variable) for each in self._asked for key, variable in each.question.variables.items()}
        names.update({self._number(variable): name_of(variable) for _, variable in pairs})
        self._hold(series, optimizer, {key: taken[key] for key in keys}, asked, names)

    def _hold(
        self, series: Series, optimizer: Any, taken: dict[int, Any], asked: list[Asked], names: dict[int, str]
    ) -> None:
        newest, keys = asked[-1], list(taken)
        given = [_dense(each.question.gradients) for each in asked]
        application = self._applied({key: numbers(gradient) for key, gradient in taken.items()}, asked, given, names)
        sources = {key: self._variable(key) for key in application.foreign}
        series.borrowed(sources, of_a_copy=not any(key in each for each in given for key in keys))
        if application.weights is not None:
            series.repeated(newest.used, keys, self._number(optimizer))
        scale = _scale(optimizer)
        tally = tallied(application, asked, keys, type(optimizer).__name__, scale)
        missing = {**newest.account.unasked, **_not_taken(newest, given[-1], taken)}
        alone, series.questions = self._count - series.questions == 1 and len(self._series) == 1, self._count
        series.normalized(newest.account.statistics, alone=alone)
        series.compared(tally, newest.account, newest.question.number, missing)
        if not tally.reason and not application.causes and scale == 1 and _is_identical(newest.question, taken):
            series.resembling(_resemblances(newest.account, tally))
        weights = application.weights or (1.0,) * len(asked)
        for each, weight in zip(asked, weights, strict=True):
            if weight or each is newest:
                for key in keys:
                    each.used.setdefault(key, []).append(self._number(optimizer))

    def _applied(
        self, taken: dict[int, Vector], asked: list[Asked], given: list[dict[int, Vector]], names: dict[int, str]
    ) -> Application:
        """What was done with the gradients that were given, or else with any others."""
        application = applied(taken, given, names)
        if application.weights is not None:
            return application
        other = exchanged(taken, [_dense(each.question.gradients) for each in self._asked], names)
        if other is not None:
            return dataclasses.replace(other, weights=_last(len(given)))
        # If no update was made of any of those that are remembered, there may have been more of them.
        if len(self._asked) == REMEMBERED and not any(each.is_used(list(taken)) for each in asked):
            return dataclasses.replace(application, reason=TOO_MANY)
        return application

    def _variable(self, key: int) -> Any:
        """The variable of this number, of which some tape was asked."""
        return next(each.question.variables[key] for each in self._asked if key in each.question.variables)

    def _at(self, where: Site | None, taken: dict[int, Any], optimizer: Any) -> Series | None:
        if where is None:
            return None
        key = where.path, where.line, where.column, frozenset(taken)
        if key not in self._series and len(self._series) < MOST_PLACES:
            count = len(self._series) + 1
            self._series[key] = Series(count, where, type(optimizer).__name__, self._updated)
        series = self._series.get(key)
        if series is not None:
            self._write(series)
        return series

    def _write(self, series: Series) -> None:
        self._written(series.number, lambda: series.entry(goes_on=self._goes_on))

    def _place(self) -> object:
        """Where in the user's code the program is."""
        return next(((frame.f_code, frame.f_lineno) for frame in self._frames()), None)

    def _values(self) -> Iterator[Any]:
        """What the functions of the user's that are running have at hand."""
        left = MOST_VALUES
        for frame in self._frames():
            for value in list(frame.f_locals.values()):
                flat = tf.nest.flatten(value) if isinstance(value, tuple | list | dict) else [value]
                if len(flat) <= MOST_VALUES:
                    yield from flat
                left -= 1
                if not left:
                    return


def _last(count: int) -> tuple[float, ...]:
    """The weights of so many tapes of which only the newest counts."""
    return (*[0.0] * (count - 1), 1.0)


def _is_first_replica() -> bool:
    """Whether this is no copy of a step that is looked at already."""
    replica = tf.distribute.get_replica_context()
    return replica is None or int(np.asarray(replica.replica_id_in_sync_group)) == 0


def _dense(gradients: dict[int, Any]) -> dict[int, Vector]:
    return {key: numbers(gradient) for key, gradient in gradients.items() if gradient is not None}


def _not_taken(asked: Asked, given: dict[int, Vector], taken: dict[int, Any]) -> dict[int, Any]:
    """The variables with gradients that did not come to the optimizer."""
    if asked.account.reason:
        return {}
    variables = asked.question.variables
    return {
        key: variables[key]
        for key, gradient in given.items()
        if key not in taken and gradient.any() and getattr(variables[key], "trainable", False)
    }


def _counts(optimizer: Any) -> bool:
    """Whether an optimizer counts every update: not one that leaves some out, or collects them for a while."""
    return not _scaling(optimizer) and not getattr(optimizer, "gradient_accumulation_steps", None)


def _scaling(optimizer: Any) -> bool:
    return "LossScale" in type(optimizer).__name__


def _scale(optimizer: Any) -> float:
    """What the optimizer divides the gradients by, because the loss was to be multiplied by it."""
    if _scaling(optimizer):
        return float(np.asarray(getattr(optimizer, "dynamic_scale", optimizer.initial_scale)))
    return float(getattr(optimizer, "loss_scale_factor", None) or 1.0)


def _is_given_by(question: Question, taken: dict[int, Any]) -> bool:
    """Whether some of the very gradients of the question come to the optimizer, for whichever variables."""
    own = {id(gradient) for gradient in question.gradients.values() if gradient is not None}
    return any(id(gradient) in own for gradient in taken.values())


def _is_identical(question: Question, taken: dict[int, Any]) -> bool:
    """Whether the very gradients of the question, and all of them, come to the optimizer."""
    there = {key: gradient for key, gradient in question.gradients.items() if gradient is not None}
    return taken.keys() == there.keys() and all(taken[key] is gradient for key, gradient in there.items())


def _resemblances(account: Account, tally: Tally) -> tuple[Resemblance, ...]:
    """The numbers of an update with nothing special about it; nothing for any other."""
    plain = account.is_plain and len(account.loss.factors) == 1 and account.residual is not None
    if not plain or account.unasked:
        return ()
    assert account.residual is not None
    wrong = account.apart
    seen = Resemblance(wrong is None, tally.factor, tally.penalties, account.share, account.residual)
    if wrong is None:
        return (seen,)
    return (Resemblance(True, tally.factor, tally.penalties, account.share, wrong), seen)
