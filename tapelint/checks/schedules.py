"""Checks of how a learning rate is set: by one master, in steps and not in epochs, within reason, and by its name."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import leave_out
from tapelint.checks.wording import quoted
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.feeds import feed_of_fit, feeds_of
from tapelint.program.fits import callbacks_of, epochs_of
from tapelint.program.knowledge import table
from tapelint.program.models import library_class, parts_of
from tapelint.program.program import Program
from tapelint.program.provenance import made_by
from tapelint.program.rates import (
    is_controlled,
    number,
    only_optimizer,
    optimizer_of,
    rate_given,
    schedule_of,
)
from tapelint.program.tapes import choices_of_root
from tapelint.program.trace import Call
from tapelint.program.turns import written
from tapelint.program.values import (
    Attribute,
    Constant,
    Display,
    Instance,
    Library,
    Result,
    Site,
    Value,
    alternatives,
)
from tapelint.syntax import tree

_SETTING = ("keras.callbacks.LearningRateScheduler", "keras.callbacks.ReduceLROnPlateau")


@check
def conflicting_rate_control(program: Program) -> Reports:
    for fit in program.fits:
        optimizer = optimizer_of(program.trace, fit)
        schedule = schedule_of(optimizer) if optimizer is not None else None
        for callback in callbacks_of(fit) or [] if schedule is not None else []:
            if isinstance(callback, Instance) and library_class(callback) in _SETTING and schedule is not None:
                name = (library_class(callback) or "").rpartition(".")[2]
                when = "raises" if name == "LearningRateScheduler" else "raises as soon as it acts"
                here = fit.site.module is callback.site.module
                yield Report(
                    callback.site,
                    f"`{name}` {when}: the rate of the optimizer comes from a schedule, and cannot be set",
                    ((schedule.site, "the schedule"), (fit.site, "trained with both here")),
                    fix=leave_out(program, fit, "callbacks", 5) if here else None,
                )
    yield from _set_by_hand(program)


def _set_by_hand(program: Program) -> Reports:
    for assignment in program.trace.assignments:
        optimizer = only_optimizer(assignment.owner)
        schedule = schedule_of(optimizer) if optimizer is not None else None
        if assignment.name == "learning_rate" and schedule is not None:
            name = quoted(program, assignment.site, "this")
            yield Report(
                assignment.site,
                f"setting {name} raises: the optimizer takes its rate from a schedule",
                ((schedule.site, "the schedule"),),
            )


@check
def discarded_learning_rate(program: Program) -> Reports:
    if program.target == "2":
        # There, `lr` is another name of the rate.
        return
    for assignment in program.trace.assignments:
        if assignment.name == "lr" and _is_optimizer_of_keras(assignment.owner):
            name = quoted(program, assignment.site, "this")
            yield Report(
                assignment.site,
                f"the rate stays as it is: Keras 3 reads `learning_rate`, and nobody reads {name}",
                fix=_renamed(program, assignment.site),
            )


def _is_optimizer_of_keras(value: Value) -> bool:
    """Whether `value` is an optimizer of Keras itself, made in view or held by a model or a callback's model."""
    if isinstance(value, Instance):
        return isinstance(value.cls, Library) and kinds.of(value) == "optimizer"
    if not isinstance(value, Attribute) or value.name != "optimizer":
        return False
    held_by_callback = (
        isinstance(value.of, Attribute) and value.of.name == "model" and kinds.of(value.of.of) == "callback"
    )
    return held_by_callback or kinds.of(value.of) == "model"


def _renamed(program: Program, site: Site) -> Repair | None:
    target = program.nodes(site.module)[site.node]
    if not isinstance(target, tree.Attribute):
        return None
    owner = Site(site.module, target.value.id)
    return Repair("set `learning_rate`", "unsafe", (Replace(site, (owner, ".learning_rate")),))


_ADAPTIVE = frozenset({f"keras.optimizers.{name}" for name in ("Adam", "AdamW", "Nadam", "Lion")})
# From which rate on a network with so many layers of weights does not learn any more, as tried out.
_HUGE = ((2, {"keras.optimizers.SGD": 10.0}), (3, dict.fromkeys(_ADAPTIVE, 0.5)), (4, dict.fromkeys(_ADAPTIVE, 0.1)))
_TINY = 1e-8
_NOT_FLOATS = ("numpy.float32", "numpy.float16", "tensorflow.constant", "tensorflow.Variable", "numpy.int64")


@check
def suspicious_learning_rate(program: Program) -> Reports:
    for optimizer in program.objects("optimizer"):
        rate = rate_given(optimizer)
        if rate is None or not isinstance(optimizer.cls, Library):
            continue
        what = _no_float(rate) if program.target == "3" else None
        if what is not None:
            message = f"making the optimizer raises: its learning rate must be a Python float, not {what}"
            yield Report(optimizer.site, message, severity="error")
            continue
        value = number(rate)
        if value is None:
            continue
        name = optimizer.cls.name.rpartition(".")[2]
        if value > _TINY and any(value >= rates.get(optimizer.cls.name, value + 1) for _, rates in _HUGE):
            layers = _trained_layers(program, optimizer)
            if any(layers >= least and value >= rates.get(optimizer.cls.name, value + 1) for least, rates in _HUGE):
                message = f"a learning rate of {value:g} is far too large for {name}: next to nothing is learned"
                yield Report(optimizer.site, message)
        elif 0 < value <= _TINY and not is_controlled(program.trace) and _trained_layers(program, optimizer):
            yield Report(optimizer.site, f"a learning rate of {value:g} moves no weight: {name} trains nothing")


def _no_float(rate: Value) -> str | None:
    """What a rate is that Keras 3 does not take."""
    options = alternatives(rate)
    if len(options) != 1:
        return None
    match options[0]:
        case Constant(value=bool()):
            return None
        case Constant(value=int() as number):
            return f"the integer {number}"
        case Result(call=call) | Instance(call=Call() as call) if call.op in _NOT_FLOATS:
            return f"`{(call.op or '').replace('tensorflow', 'tf').replace('numpy', 'np')}`"
    return None


def _trained_layers(program: Program, optimizer: Instance) -> int:
    """How many layers with weights the largest model has that an optimizer trains, as far as it is in view."""
    models = [
        root
        for update in program.updates
        if only_optimizer(update.call.receiver) is optimizer
        for each in update.parameters or ()
        for root in choices_of_root(each.root)
    ]
    models += [fit.receiver for fit in program.fits if fit.receiver and optimizer_of(program.trace, fit) is optimizer]
    return max((sum(_has_weights(part) for part in parts_of(model)) for model in models), default=0)


def _has_weights(layer: Value) -> bool:
    return library_class(layer) in table("layers")["weights"]["trained"]


_DECAYING = frozenset(
    {"keras.optimizers.schedules.CosineDecay", "keras.optimizers.schedules.PolynomialDecay",
     "keras.optimizers.schedules.CosineDecayRestarts"}
)  # fmt: skip
_PIECEWISE = "keras.optimizers.schedules.PiecewiseConstantDecay"
_EXPONENTIAL = "keras.optimizers.schedules.ExponentialDecay"
# What is left of a rate after an epoch when it was meant to be left after all of them.
_NOTHING = 1e-3


@check
def schedule_counts_epochs(program: Program) -> Reports:
    for optimizer in program.objects("optimizer"):
        schedule = schedule_of(optimizer)
        if schedule is None or schedule.call is None or schedule.call.opaque:
            continue
        length = _length(schedule)
        if length is None:
            continue
        for training, epochs, counted, steps in _trainings(program, optimizer):
            if steps == 1 or not _is_split(training):
                continue
            lasts = integer_of(length)
            if epochs is not None and epochs is length:
                message = "the schedule ends after as many steps as there are epochs: it counts steps"
            elif lasts is not None and steps and (counted or 0) > 1 and _is_over(schedule, lasts, steps):
                message = f"the schedule is over after {lasts} steps, and an epoch has {steps}: it counts steps"
            else:
                continue
            yield Report(schedule.site, message, ((training.site, "trained here, epoch by epoch"),))
            break


def _is_split(training: Call) -> bool:
    """Whether an epoch is no single batch, as one as large as the data makes it, so far as can be told."""
    size = training.argument(2, "batch_size") if training.op == "keras.Model.fit" else None
    return size is None or (integer_of(size) is not None and not training.opaque)


def _length(schedule: Instance) -> Value | None:
    """The number of steps that a schedule is made for; of a stepwise one, the last boundary."""
    assert schedule.call is not None
    name = library_class(schedule)
    if name in _DECAYING or name == _EXPONENTIAL:
        return schedule.call.argument(1, "first_decay_steps" if name.endswith("Restarts") else "decay_steps")
    boundaries = schedule.call.argument(0, "boundaries") if name == _PIECEWISE else None
    if isinstance(boundaries, Display) and not boundaries.open and boundaries.items:
        return boundaries.items[-1]
    return None


def _is_over(schedule: Instance, lasts: int, steps: int) -> bool:
    """Whether a schedule has done its work before the first epoch is over."""
    assert schedule.call is not None
    name = library_class(schedule)
    if name == _EXPONENTIAL:
        factor = number(schedule.call.argument(2, "decay_rate"))
        return factor is not None and 0 < factor < 1 and factor ** (steps / max(lasts, 1)) < _NOTHING
    return lasts < steps and name != "keras.optimizers.schedules.CosineDecayRestarts"


def _trainings(program: Program, optimizer: Instance) -> Iterator[tuple[Call, Value | None, int | None, int | None]]:
    """What an optimizer trains: the call, the value that says how many epochs, their number, the steps of each."""
    for fit in program.fits:
        if optimizer_of(program.trace, fit) is optimizer:
            feed, given = feed_of_fit(fit), integer_of(fit.argument(None, "steps_per_epoch"))
            yield fit, fit.argument(3, "epochs"), epochs_of(fit), given or (feed.batches if feed is not None else None)
    for gradients in program.training:
        applied = [update for update in program.updates if gradients.call in update.requests]
        loops = [loop for loop in written(gradients.call.context.loops) if loop.kind == "for"]
        if len(loops) < 2 or not any(only_optimizer(update.call.receiver) is optimizer for update in applied):
            continue
        epochs = made_by(loops[-2].iterable) if loops[-2].iterable is not None else None
        count = epochs.argument(0) if epochs is not None and epochs.op == "builtins.range" else None
        sizes = {feed.batches for feed in feeds_of(gradients)}
        yield gradients.call, count, integer_of(count), sizes.pop() if len(sizes) == 1 else None
