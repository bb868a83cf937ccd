"""A training step that is audited from Python: in a unit test, in a notebook.

The step runs in the process that asks, without any confinement: it is that process's own code.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from tapelint.probe.observations.wording import counted, listed, number
from tapelint.record import CauseName, Comparison, Site

if TYPE_CHECKING:
    from tapelint.probe.child.beside import Finding
    from tapelint.probe.child.rehearsal import Rehearsal

FEWEST = 2
"""The steps below which some mistakes cannot be seen: what is not set back, and optimizers made anew."""

RULES = ("missing-gradients", "non-finite-values", "weights-unchanged", "update-differs-from-fit")
"""What can be held against a step, by the names of tapelint's rules."""


INTENDED: frozenset[CauseName] = frozenset(
    {"clipped", "scaled-gradients", "zeroed-gradients", "mixed-gradients", "weighted-penalties"}
)
"""The causes of a difference from `fit` that are somebody's intention: facts, and no mistakes."""

NO_LOSS = "no loss was given to compare with"


class UnsoundStep(AssertionError):
    """A training step does not do what such a step is there for; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that is wrong with a step: the rule it breaks, and what was seen, in a sentence.

    `causes` are the names of what makes an update differ from that of `fit`, as far as it is known.
    """

    rule: str
    what: str
    causes: tuple[CauseName, ...] = ()

    def is_allowed(self, names: Collection[str]) -> bool:
        """Whether the rule is among these names, or every cause is."""
        return self.rule in names or (bool(self.causes) and set(self.causes) <= set(names))

    def __str__(self) -> str:
        names = f" ({', '.join(self.causes)})" if self.causes else ""
        return f"{self.rule}{names}: {self.what}"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What a training step did when it was run on one batch.

    steps: how often the step was run. It is more than what was asked for if nothing moved until then, as it is where
        gradients are collected over several batches.
    weights_changed: for each trainable variable of the model, by its path, the greatest distance between a number in
        it before the first step and after the last; 0.0 where every bit is the same.
    missing_gradients: the paths of the trainable variables for which tapes were asked and gave nothing but None.
    matches_fit: whether the updates are those that `fit` would have made of the batch with the loss; None if nothing
        could be compared.
    unable: why nothing could be compared; empty if something was.
    causes: what is wrong, and what is not as in `fit` though it may be meant to be so, in sentences with the numbers
        that were seen.
    complaints: what is wrong, with the rules that it breaks.
    comparisons: the updates beside those of `fit` as a Record of the probe has them, with the names of the causes.
    """

    steps: int
    weights_changed: Mapping[str, float]
    missing_gradients: tuple[str, ...]
    matches_fit: bool | None
    unable: str
    causes: tuple[str, ...]
    complaints: tuple[Complaint, ...]
    comparisons: tuple[Comparison, ...]

    def check(self, allow: Collection[str] = ()) -> None:
        """Say nothing if the step is sound, or wrong only in what `allow` names.

        allow: names of rules, out of `missing-gradients`, `non-finite-values`, `weights-unchanged` and
            `update-differs-from-fit`, and of causes for which an update differs, such as `missing-penalties`.

        Raises UnsoundStep, an AssertionError, with all that is wrong; ValueError for a name that is none of these.
        """
        allowed = {allow} if isinstance(allow, str) else set(allow)
        if unknown := allowed - {*RULES, *get_args(CauseName)}:
            raise ValueError(
                f"{min(unknown)!r} cannot be allowed; what can be is {', '.join(RULES)}, and any cause's name"
            )
        wrong = [complaint for complaint in self.complaints if not complaint.is_allowed(allowed)]
        if wrong:
            lines = [f"  {complaint}" for complaint in wrong]
            raise UnsoundStep("\n".join(["the step does not train the model as it should:", *lines]))


def audit_step(
    step: Callable[..., Any], *, model: Any, optimizer: Any, batch: Any, loss: Any = None, steps: int = FEWEST
) -> StepRecord:
    """What a training step does to a model, from running it on one batch. Everything is put back afterwards.

    step: a function that makes an update, compiled by `tf.function` or not. It is called with the parts of the batch,
        or with all of it if it takes no more than one argument. What it returns does not matter.
    model: the Keras model or layer that it trains, whose trainable variables are looked at.
    optimizer: the optimizer of Keras 3 that it uses; any other that it uses besides is seen, too.
    batch: what the step is called with: (x, y) or (x, y, sample_weight), where each is an array or tensor with the
        examples along its first axis, or a dictionary, list or tuple of such. Arrays become tensors. Under a
        `tf.distribute` strategy, it is what an iterator of a distributed dataset gives.
    loss: what `fit` would be given, to compare with: a loss of Keras's, or a function of what is true, with the shape
        of y, and what is predicted, with that of the model's output. It may give one number, or one for each example,
        of which the mean counts. Without it nothing is compared.
    steps: how often the step is run at least.

    Raises whatever the step raises, with a note; TypeError if one of the arguments is something else;
    ValueError for fewer than two steps.

    The step runs in this process, without any sandbox: eagerly, and then compiled if it is a `tf.function`. What is put
    back are variables of every kind and random numbers, and not what Python objects such as lists have taken in.
    """
    if not callable(step):
        raise TypeError(f"`step` is called with the batch, and {step!r} cannot be called")
    if not hasattr(model, "trainable_variables") or not hasattr(model, "built"):
        raise TypeError(f"`model` is a Keras model or layer, and {model!r} is none")
    if not hasattr(optimizer, "apply_gradients") or not hasattr(optimizer, "iterations"):
        raise TypeError(f"`optimizer` is an optimizer of Keras 3, and {optimizer!r} is none")
    if not (loss is None or callable(loss) or isinstance(loss, str | list | tuple | dict)):
        raise TypeError(f"`loss` is what `compile` takes: a loss or a function, and not {loss!r}")
    if steps < FEWEST:
        raise ValueError(f"`steps` is at least {FEWEST}, not {steps}: some mistakes show from the second step on only")
    from tapelint.probe.child.rehearsal import rehearse

    seen = rehearse(step, model=model, optimizer=optimizer, batch=batch, loss=loss, steps=steps, where=_where(step))
    finding = seen.finding
    facts = () if finding is None or not finding.weight else (finding.weight,)
    complaints = tuple(_complaints(seen))
    differences = () if finding is None else tuple(_differences(finding))
    wrong = (each for each in differences if not each.causes or not set(each.causes) <= INTENDED)
    return StepRecord(
        steps=seen.steps,
        weights_changed=MappingProxyType({weight.name: weight.moved for weight in seen.weights}),
        missing_gradients=tuple(weight.name for weight in seen.weights if weight.gradient == "none"),
        matches_fit=None if finding is None else finding.matches,
        unable=NO_LOSS if finding is None else finding.reason,
        causes=(*(each.what for each in (*complaints, *differences)), *facts),
        complaints=(*complaints, *wrong),
        comparisons=() if finding is None else finding.comparisons,
    )


def _where(step: Callable[..., Any]) -> Site:
    """The place of the step in the code of whoever asks."""
    code = getattr(inspect.unwrap(getattr(step, "python_function", step)), "__code__", None)
    line = getattr(code, "co_firstlineno", 1)
    name = getattr(code, "co_qualname", type(step).__name__)
    return Site(getattr(code, "co_filename", "<unknown>"), line, 1, line, 1, name, line, line)


def _differences(finding: "Finding") -> Iterator[Complaint]:
    if finding.unexplained:
        yield Complaint("update-differs-from-fit", finding.unexplained)
    for comparison in finding.comparisons:
        if comparison.verdict == "differs":
            yield Complaint("update-differs-from-fit", comparison.message, comparison.causes)


def _complaints(seen: "Rehearsal") -> Iterator[Complaint]:
    for rule, look in (
        ("missing-gradients", _missing),
        ("non-finite-values", _broken),
        ("weights-unchanged", _unchanged),
    ):
        if what := look(seen):
            yield Complaint(rule, what)


def _missing(seen: "Rehearsal") -> str:
    missing = [weight.name for weight in seen.weights if weight.gradient == "none"]
    return f"the tape gives None for {_of_all(missing, seen)}: {listed(missing)}" if missing else ""


def _broken(seen: "Rehearsal") -> str:
    """Gradients that are no numbers, unless an optimizer that scales the loss is there, which reckons with them."""
    broken = [weight.name for weight in seen.weights if weight.gradient == "nonfinite"]
    if not broken or seen.scaled:
        return ""
    return f"the gradients of {_of_all(broken, seen)} are NaN or infinite: {listed(broken)}"


def _unchanged(seen: "Rehearsal") -> str:
    if not seen.weights:
        return "the model has no trainable variables"
    if not any(weight.moved for weight in seen.weights):
        none = f"none of {counted(len(seen.weights), 'variable')} has changed"
        return f"{none} after {counted(seen.steps, 'step')}: {_idle(seen)}"
    if all(weight.compiled == 0 for weight in seen.weights):
        moved = [weight.name for weight in seen.weights if weight.moved]
        return (
            f"run eagerly, {counted(seen.steps, 'step')} change {_of_all(moved, seen)}; compiled by `tf.function`, "
            "they change none"
        )
    # Of the others nothing was due: their gradients are zero, or a constraint holds them.
    left = [
        each for each in seen.weights if not each.moved and not each.applied and each.gradient not in ("none", "zero")
    ]
    if not left:
        return ""
    names = [weight.name for weight in left]
    why = "their gradients are not applied" if any(each.gradient for each in left) else "no tape is asked for them"
    return f"{_of_all(names, seen)} have not changed after {counted(seen.steps, 'step')}, for {why}: {listed(names)}"


def _idle(seen: "Rehearsal") -> str:
    """Why nothing moves at all."""
    if not seen.updates:
        asked = f"gradients are computed {counted(seen.questions, 'time')}, and never applied"
        return asked if seen.questions else "no tape is asked for gradients, and no optimizer applies any"
    updates = counted(seen.updates, "update")
    if not any(weight.applied for weight in seen.weights):
        return f"{updates} went to variables that are not the model's"
    if all(rate == 0 for rate in seen.rates):
        return f"the learning rate is 0 in all of {updates}"
    if all(weight.gradient == "zero" for weight in seen.weights if weight.applied):
        return f"every gradient is zero in {updates}"
    rates = [rate for rate in seen.rates if rate is not None]
    return f"{updates}" + (f" with a learning rate of at most {number(max(rates))}" if rates else "") + " moved nothing"


def _of_all(names: list[str], seen: "Rehearsal") -> str:
    return f"{len(names)} of {counted(len(seen.weights), 'variable')}"
