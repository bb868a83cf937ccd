"""A training step that is run a few times on one batch, from a state that is put back afterwards.

It runs in the process of whoever asks, with all its functions run eagerly so that there are values to look at; if the
step is a `tf.function`, it is run compiled as well.
"""

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tapelint.probe.child.arrivals import Applied, Arrivals, Asked
from tapelint.probe.child.beside import Beside, Finding, Run
from tapelint.probe.child.gradients import kind_of
from tapelint.probe.child.identities import name_of, underlying
from tapelint.probe.child.originals import Originals
from tapelint.probe.child.parity.state import State
from tapelint.probe.child.shares import whole
from tapelint.probe.child.snapshot import array, largest
from tapelint.record import GradientKind, Site

MORE = 16
"""The further steps in which a first update is looked for: gradients may be collected for a while."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A trainable variable, by how much it moved at most, and what its gradients were like.

    `gradient` is None if no tape was asked for it. `applied`: some gradient was applied to it. `compiled` is by how
    much it moved when the step was compiled; None if it was not.
    """

    name: str
    moved: float
    gradient: GradientKind | None
    applied: bool
    compiled: float | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a step did. `questions` counts the gradient calls, `updates` the applications of gradients.

    `rates` are the learning rates of the updates, and `scaled` says whether an optimizer scales the loss, which leaves
    out an update now and then by design.
    """

    steps: int
    questions: int
    updates: int
    rates: tuple[float | None, ...]
    scaled: bool
    weights: tuple[Weight, ...]
    finding: Finding | None


def rehearse(
    step: Callable[..., Any], *, model: Any, optimizer: Any, batch: Any, loss: Any, steps: int, where: Site
) -> Rehearsal:
    """Run a step `steps` times on a batch, and have everything as it was. What the step raises comes through.

    `loss` is what `fit` would be given, or None for no comparison; `where` is the place of the step.
    """
    course = _Course(step, model, optimizer, batch)
    if loss is not None:
        course.beside = Beside(model, batch, loss, where, course.once)
    return course.run(steps)


class _Course:
    """A rehearsal on its way."""

    def __init__(self, step: Callable[..., Any], model: Any, optimizer: Any, batch: Any) -> None:
        self.beside: Beside | None = None
        self._step = step
        self._arguments = arguments(step, batch)
        self._model = model
        _build(model, self._arguments)
        self._originals = Originals()
        self._originals.note([*model.variables, *optimizer.variables])
        self._state = State(model)
        self._arrivals = Arrivals(model)

    def run(self, steps: int) -> Rehearsal:
        """All of it: the step run eagerly, then compiled if it can be, and then everything as it was."""
        with self._originals.watching():
            try:
                with _eagerly():
                    taken = self._take(steps, "run eagerly", steps + MORE)
                variables = list(self._model.trainable_variables)  # The step may thaw or freeze some.
                moved = self._moved(variables)
                compiled = self._moved(variables) if self._compiled(taken) else None
            finally:
                self._restore()
        return self._seen(taken, variables, moved, compiled)

    def once(self) -> list[Asked]:
        """Run the step, and say what it asked."""
        arrivals = Arrivals(self._model)
        with arrivals.listening():
            self._step(*self._arguments)
        return arrivals.asked

    def _take(self, steps: int, how: str, most: int = 0) -> int:
        """Run the step so often, or until it has done something, but not more than `most` times. Says how often."""
        taken = 0
        while taken < steps or (taken < most and self._arrivals.asked and not any(self._moved())):
            taken += 1
            try:
                self._take_one()
            except Exception as error:
                error.add_note(self._note(how, taken))
                raise
        return taken

    def _take_one(self) -> None:
        if not tf.config.functions_run_eagerly():
            self._step(*self._arguments)
            return
        before, state = Originals(), State(self._model)
        events, calls = len(self._arrivals.events), len(self._arrivals.calls)
        with before.watching(), self._arrivals.listening():
            self._step(*self._arguments)
        if self.beside is not None:
            seen = self._arrivals
            self.beside.take(Run(tuple(seen.events[events:]), tuple(seen.calls[calls:]), before, state))

    def _note(self, how: str, step: int) -> str:
        """What to say beside what the step raises."""
        last = self._arrivals.asked[-1].pairs if self._arrivals.asked else ()
        missing = sum(gradient is None for gradient, _ in last)
        so = f", after a tape gave None for {missing} of {len(last)} gradients" if missing else ""
        return (
            f"tapelint: the step itself raised this, {how}, in step {step} of its audit{so}; weights, optimizer and "
            "metrics are again as they were before"
        )

    def _compiled(self, steps: int) -> bool:
        """Take as many steps from the beginning with a function that is compiled, if the step is one."""
        if not hasattr(self._step, "python_function") or tf.config.functions_run_eagerly():
            return False
        self._restore()
        self._take(steps, "compiled")
        return True

    def _moved(self, variables: Iterable[Any] | None = None) -> list[float]:
        """How far each of the variables has moved, or all trainable ones."""
        chosen = self._model.trainable_variables if variables is None else variables
        return [_distance(self._originals.before(each), array(each)) for each in chosen]

    def _restore(self) -> None:
        self._state.restore()
        self._originals.restore()

    def _seen(self, steps: int, variables: list[Any], moved: list[float], compiled: list[float] | None) -> Rehearsal:
        asked = [pair for question in self._arrivals.asked for pair in question.pairs]
        applied = [pair for update in self._arrivals.applied for pair in update.pairs]
        weights = [
            Weight(
                name=name,
                moved=moved[index],
                gradient=_kind(_of(variable, asked)),
                applied=any(gradient is not None for gradient in _of(variable, applied)),
                compiled=None if compiled is None else compiled[index],
            )
            for index, (name, variable) in enumerate(zip(names(variables), variables, strict=True))
        ]
        updates = self._arrivals.applied
        return Rehearsal(
            steps=steps,
            questions=len(self._arrivals.asked),
            updates=len(updates),
            rates=tuple(update.rate for update in updates),
            scaled=any(_is_scaling(update) for update in updates),
            weights=tuple(weights),
            finding=None if self.beside is None else self.beside.finding(),
        )


def arguments(step: Callable[..., Any], batch: Any) -> tuple[Any, ...]:
    """What a step is called with: the parts of the batch, or all of it if there is room for one thing only.

    Arrays become tensors, as the batches of a dataset are.
    """
    batch = tf.nest.map_structure(lambda each: tf.constant(each) if isinstance(each, np.ndarray) else each, batch)
    parts = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    try:
        signature = inspect.signature(step)
    except (TypeError, ValueError):
        return parts
    with contextlib.suppress(TypeError):
        filled = signature.bind(*parts).arguments
        # Options such as `training=True` are no place for labels, where `y=None` is one.
        if all(signature.parameters[name].default in (None, inspect.Parameter.empty) for name in filled):
            return parts
    return (batch,)


def names(variables: list[Any]) -> list[str]:
    """What people would call the variables, each by a name of its own."""
    given: Counter[str] = Counter()
    found = []
    for variable in variables:
        name = name_of(variable)
        given[name] += 1
        found.append(name if given[name] == 1 else f"{name} ({given[name]})")
    return found


def _build(model: Any, arguments: tuple[Any, ...]) -> None:
    """Have a model its variables, as far as it takes what the step is given; else the step makes them."""
    inputs = arguments[0][0] if len(arguments) == 1 and isinstance(arguments[0], tuple | list) else arguments[0]
    if not model.built:
        with contextlib.suppress(Exception):
            model(whole(inputs))


@contextlib.contextmanager
def _eagerly() -> Iterator[None]:
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _of(variable: Any, pairs: list[tuple[Any, Any]]) -> list[Any]:
    """The gradients of a variable, among pairs of a gradient and what it belongs to."""
    own = underlying(variable)
    return [gradient for gradient, other in pairs if underlying(other) is own]


def _kind(gradients: list[Any]) -> GradientKind | None:
    """The most that gradients of one variable came to."""
    kinds = [kind_of(gradient)[0] for gradient in gradients]
    order: tuple[GradientKind, ...] = ("nonfinite", "finite", "unknown", "zero", "none")
    return next((kind for kind in order if kind in kinds), None)


def _is_scaling(update: Applied) -> bool:
    return "LossScale" in type(update.optimizer).__name__


def _distance(before: Any, now: Any) -> float:
    return largest(now.astype("float64") - before.astype("float64"))
