"""The runs of a step beside the steps that `fit` would make of a batch, with a loss that somebody has named."""

import contextlib
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.losses.losses import LossFunctionWrapper
from keras.src.trainers.compile_utils import CompileLoss
from tensorflow.python.eager import context

from tapelint.probe.child.arrivals import Applied, Asked, Called
from tapelint.probe.child.gradients import kind_of
from tapelint.probe.child.identities import Identities, underlying
from tapelint.probe.child.originals import Originals
from tapelint.probe.child.parity.account import NO_EVIDENCE, Account, Question
from tapelint.probe.child.parity.bank import LossFunction
from tapelint.probe.child.parity.causes import Sizes, is_close, of_factor, of_penalties, told
from tapelint.probe.child.parity.follower import Follower
from tapelint.probe.child.parity.losses import Weighed
from tapelint.probe.child.parity.named import Explanation, Reference, referred
from tapelint.probe.child.parity.solve import EXPLAINED, Vector, distance, flat
from tapelint.probe.child.parity.state import State, parts_of
from tapelint.probe.child.shares import added, examples, together, whole
from tapelint.record import Comparison, Site

MOST_WAITING = 8
"""The runs without an update that are kept until there is one."""

NO_BATCH = "the batch is not (x, y) or (x, y, sample_weight)"
NO_UPDATE = "no optimizer of Keras made an update of the model's variables"
NOT_SHARED = (
    "a distribution strategy has every replica compute the whole batch: give the step a batch as "
    "`strategy.experimental_distribute_dataset` does"
)
NORMALIZED = "a distribution strategy has each replica normalize its own share of the batch, so that fit differs, too"
NO_STEP = "the model and the loss cannot be called with the batch as `fit` does"
NOT_FINITE = "the gradients are NaN or infinite"
COARSE = "the model computes in half precision, in which small gradients may differ"
SEVERAL = "the step makes one update of what several tapes give, and it is not that of `fit` on the whole batch"
CHANCE = "the step draws random numbers of its own: run once more, it has other gradients"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a step: what it asked and applied in order, what it called the model with, and how it all began."""

    events: tuple[Asked | Applied, ...]
    calls: tuple[Called, ...]
    variables: Originals
    state: State

    def other_chance(self) -> None:
        """Have all random numbers drawn as they have not been."""
        random.random()
        np.random.random()
        seeds = getattr(context.context(), "_rng", None)
        if seeds is not None:
            seeds.random()
        for variable in self.variables:
            if "seed_generator_state" in variable.name:
                variable.assign_add(tf.ones_like(variable))

    @contextlib.contextmanager
    def again(self, model: Any) -> Iterator[None]:
        """Have everything as it was when the step began."""
        after = State(model)
        with self.variables.again():
            self.state.restore()
            try:
                yield
            finally:
                after.restore()


@dataclass(frozen=True, slots=True)
class Finding:
    """What the comparisons of all runs come to.

    `matches` is None if nothing could be compared, and `reason` says why. `unexplained` tells of gradients that differ
    for no known reason, `weight` of a factor that somebody has chosen.
    """

    matches: bool | None
    comparisons: tuple[Comparison, ...]
    unexplained: str
    weight: str
    reason: str


class Beside:
    """Runs of a step, one after the other, and those of `fit`. `step` runs it once and says what it asked."""

    def __init__(self, model: Any, batch: Any, loss: Any, where: Site, step: Callable[[], list[Asked]]) -> None:
        self._model = model
        self._parts = tuple(whole(batch)) if isinstance(batch, tuple | list) and len(batch) in (2, 3) else ()
        self._loss = loss
        self._where = where
        self._step = step
        self._number = Identities().number
        self._entries: dict[int, Callable[[], Comparison]] = {}
        self._follower = Follower(
            contextlib.nullcontext, self._number, list, self._entries.__setitem__, self._accounted
        )
        self._waiting: deque[Run] = deque(maxlen=MOST_WAITING)
        self._run: Run | None = None
        self._joined = False
        self._replicas = 0
        self._plain: Vector | None = None
        self._weight = ""
        self._unexplained = ""
        self._reasons: dict[str, None] = {}

    def take(self, run: Run) -> None:
        """Hold one run against the step of `fit`, with those before it that ended without an update.

        Where that fails, which is not the step's fault, there is a reason and no comparison.
        """
        try:
            self._take(run)
        except Exception as error:
            self._reasons[f"the comparison failed: {type(error).__name__}: {str(error).strip()[:200]}"] = None

    def _take(self, run: Run) -> None:
        self._waiting.append(run)
        if any(isinstance(event, Applied) and self._concerns(event.pairs) for event in run.events):
            for waiting in self._waiting:
                self._hold(waiting)
            self._waiting.clear()

    def _hold(self, run: Run) -> None:
        events = self._comparable(run)
        if isinstance(events, str):
            self._reasons[events] = None
            return
        self._run, self._plain = run, None
        self._joined = sum(isinstance(event, Asked) for event in events) > 1
        if self._joined:
            events = _as_one(events)
        with run.again(self._model):
            for event in events:
                if isinstance(event, Asked):
                    self._hear(event)
                else:
                    event.recount()
                    self._follower.compared(event.optimizer, list(event.pairs), self._where)
                    self._weigh(event)

    def _comparable(self, run: Run) -> list[Asked | Applied] | str:
        """What is to be compared of a run; why nothing can be."""
        events = [event for event in run.events if self._concerns(event.pairs)]
        self._replicas = len({event.replica for event in events} - {None})
        first = together(events) if self._replicas else _first_update(events)
        return first if isinstance(first, str) else self._why_not(run, first) or first

    def _weigh(self, update: Applied) -> None:
        """Note a factor that all gradients of an update have, for a reason that only who wrote it knows."""
        scaled = hasattr(update.optimizer, "dynamic_scale") or getattr(update.optimizer, "loss_scale_factor", None)
        if self._plain is None or not self._plain.any() or scaled or len(self._waiting) > 1:
            return
        variables = self._model.trainable_variables
        taken = {id(underlying(variable)): gradient for gradient, variable in update.pairs}
        user = flat([taken.get(id(underlying(each))) for each in variables], variables) * max(1, self._replicas)
        factor = float(user @ self._plain) / float(self._plain @ self._plain)
        if not is_close(factor, 1.0) and distance(factor * self._plain, user) <= EXPLAINED:
            self._weight = self._weight or f"the update is {told(factor)} times that of `fit`"

    def finding(self) -> Finding:
        """What all of them come to."""
        entries = tuple(entry() for entry in self._entries.values())
        if self._unexplained or any(entry.verdict == "differs" for entry in entries):
            return Finding(False, entries, self._unexplained, "", "")
        if self._weight:
            return Finding(False, entries, "", self._weight, "")
        if any(entry.verdict == "matches" for entry in entries):
            return Finding(True, entries, "", "", "")
        reasons = [*self._reasons, *(entry.message for entry in entries)]
        return Finding(None, entries, "", "", reasons[0] if reasons else NO_UPDATE)

    def _concerns(self, pairs: Iterable[tuple[Any, Any]]) -> bool:
        own = {id(underlying(each)) for each in self._model.trainable_variables}
        return any(gradient is not None and id(underlying(other)) in own for gradient, other in pairs)

    def _why_not(self, run: Run, events: list[Asked | Applied]) -> str:
        if not self._parts:
            return NO_BATCH
        if self._replicas and examples(run.calls) != self._batch:
            return NOT_SHARED
        if any(kind_of(gradient)[0] == "nonfinite" for event in events for gradient, _ in event.pairs):
            return NOT_FINITE
        return ""

    @property
    def _batch(self) -> int:
        """How many examples there are."""
        return int(tf.shape(tf.nest.flatten(self._parts[0])[0])[0])

    def _hear(self, asked: Asked) -> None:
        gradients, sources = zip(*asked.pairs, strict=True)
        self._follower.opened(asked.tape)
        self._follower.closed(asked.tape)
        self._follower.asked(asked.tape, 0, asked.target, (sources, gradients), ([], []))

    def _accounted(self, _: Any, question: Question, *__: Any, **___: Any) -> Account:
        """What gradients consist of, in multiples of those of `fit`."""
        variables = self._model.trainable_variables
        numbers = [self._number(each) for each in variables]
        gradients = [question.gradients.get(number) for number in numbers]
        asked = [number in question.gradients for number in numbers]
        reference = self._reference(gradients, asked)
        if isinstance(reference, str):
            return Account(reference)
        self._plain = reference.plain
        if not reference.explanations:
            return Account(self._unexplained_by(reference, gradients))
        targets = sum(int(tf.size(each)) for each in tf.nest.flatten(question.target))
        sizes = Sizes(self._batch, reference.terms, targets, max(1, self._replicas))
        best = min(reference.explanations, key=lambda each: _complexity(each, sizes))
        found = zip(numbers, variables, asked, reference.reached, strict=True)
        return Account(
            loss=Weighed("", reference.terms, (best.data,), ()),
            sizes=sizes,
            penalties=best.penalties,
            share=best.share,
            residual=best.residual,
            causes=best.causes,
            unasked={number: each for number, each, known, reached in found if reached and not known},
        )

    def _reference(self, gradients: list[Any], asked: list[bool]) -> Reference | str:
        """What `fit` makes of the batch, or of that which the step makes of the batch before it calls the model.

        Says why there is none, if `fit` can make nothing of them.
        """
        assert self._run is not None
        x, y = self._parts[:2]
        found: Reference | str = NO_UPDATE
        for inputs in (x, *(call.inputs for call in self._run.calls if len(self._run.calls) == 1)):
            try:
                reference = referred(self._model, (inputs, y), self._function(), gradients, asked)
            except (
                Exception
            ) as error:  # Of the model's or the loss's own: what the step does with the batch may differ.
                found = (
                    found
                    if isinstance(found, Reference)
                    else f"{NO_STEP}: {type(error).__name__}: {str(error).strip()[:200]}"
                )
                continue
            if reference.explanations or not isinstance(found, Reference):
                found = reference
            if reference.explanations:
                break
        return found

    def _unexplained_by(self, reference: Reference, gradients: list[Any]) -> str:
        """Why gradients cannot be explained: by chance, or for no known reason, which is remembered."""
        if reference.apart is None:
            return NO_EVIDENCE
        if self._joined:
            return SEVERAL
        if self._replicas and any(isinstance(each, keras.layers.BatchNormalization) for each in parts_of(self._model)):
            return NORMALIZED
        if self._is_random(gradients):
            return CHANCE
        if any(layer.compute_dtype in ("float16", "bfloat16") for layer in parts_of(self._model)):
            return COARSE
        cosine, length = reference.apart
        self._unexplained = self._unexplained or (
            "the gradients are not those of `fit`, and no known reason explains it: their cosine is "
            f"{cosine:.3f}, and they are {told(length)} times as long"
        )
        return self._unexplained

    def _is_random(self, gradients: list[Any]) -> bool:
        """Whether the step has other gradients if all random numbers are drawn anew."""
        assert self._run is not None
        variables = self._model.trainable_variables
        with self._run.again(self._model):
            self._run.other_chance()
            again = added(asked.pairs for asked in self._step())
        by_variable = {id(underlying(other)): gradient for gradient, other in again}
        second = [by_variable.get(id(underlying(each))) for each in variables]
        return distance(flat(second, variables), flat(gradients, variables)) > EXPLAINED

    def _function(self) -> LossFunction:
        """The loss as `fit` computes it."""
        weights = self._parts[2] if len(self._parts) == 3 else None
        alone = weights is None and not isinstance(self._parts[1], tuple | list | dict)
        whole: Any = CompileLoss(self._loss, output_names=getattr(self._model, "output_names", None))
        if not alone:
            return lambda true, predicted: whole(true, predicted, weights)
        function: LossFunction = whole
        # Of Keras's own it is known what may be mistaken in them.
        if isinstance(self._loss, keras.losses.Loss) or str(getattr(self._loss, "__module__", "")).startswith("keras."):
            function = self._loss
        elif callable(self._loss):
            function = LossFunctionWrapper(self._loss)
        return function


def _first_update(events: list[Asked | Applied]) -> list[Asked | Applied]:
    """What happens until the weights are no longer those that the step began with, with all that is done with it."""
    kinds = [type(event) for event in events]
    first = kinds.index(Applied) if Applied in kinds else len(events)
    later = next((index for index in range(first, len(events)) if kinds[index] is Asked), len(events))
    return events[:later]


def _as_one(events: list[Asked | Applied]) -> list[Asked | Applied]:
    """The update of several questions as if one tape had given what is applied."""
    last = [event for event in events if isinstance(event, Asked)][-1]
    updates = [event for event in events if isinstance(event, Applied)]
    return [replace(last, pairs=each.pairs) for each in updates[:1]] + updates


def _complexity(explanation: Explanation, sizes: Sizes) -> int:
    """How many things have to be wrong for it."""
    factor = of_factor(explanation.data, sizes, "")
    extra = None if explanation.penalties is None else of_penalties(explanation.penalties, explanation.data)
    return len(explanation.causes) + sum(each is not None for each in (factor, extra))
