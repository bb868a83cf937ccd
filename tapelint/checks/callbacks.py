"""Checks of the callbacks that a `fit` is given."""

from __future__ import annotations

from tapelint.checks.mending import hold_out
from tapelint.checks.registry import check, check_of_absence
from tapelint.checks.repairs import Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program.arrays import integer_of
from tapelint.program.fits import callbacks_of, epochs_of, is_of_keras, monitored, saves_best, validates
from tapelint.program.logs import may_log
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call
from tapelint.program.values import Class, Constant, Function, Instance, Value

_MANY = 50


@check_of_absence
def no_early_stopping(program: Program) -> Reports:
    for fit in program.fits:
        epochs = epochs_of(fit)
        callbacks = callbacks_of(fit)
        if epochs is None or epochs < _MANY or callbacks is None or fit.opaque:
            continue
        if not any(_stops_or_keeps(callback) for callback in callbacks):
            model = callee(program, fit, "the model")
            yield Report(
                fit.site,
                f"{model} trains for {epochs} epochs, and nothing ends it or keeps the best weights",
                fix=_stop_early(fit),
            )


def _stop_early(fit: Call) -> Repair | None:
    """A callback, where there is none yet and a validation that it can go by."""
    stopping = spelling(fit.site.module, "keras.callbacks.EarlyStopping")
    if stopping is None or fit.argument(5, "callbacks") is not None or validates(fit) is not True:
        return None
    text = f"[{stopping}(patience=10, restore_best_weights=True)]"
    return Repair("stop early, with the best weights", "unsafe", (SetArgument(fit.site, "callbacks", text),))


# Callbacks of Keras that neither end training nor keep its best state.
_WATCHING = frozenset(
    {"CSVLogger", "TensorBoard", "History", "ProgbarLogger", "LearningRateScheduler", "ReduceLROnPlateau",
     "TerminateOnNaN", "RemoteMonitor", "BackupAndRestore"}
)  # fmt: skip


def _stops_or_keeps(callback: Value) -> bool:
    name = (library_class(callback) or "").rpartition(".")[2]
    if name == "ModelCheckpoint":
        return saves_best(callback)
    return name not in _WATCHING


@check_of_absence
def unavailable_monitor(program: Program) -> Reports:
    for fit in program.fits:
        callbacks = callbacks_of(fit) or []
        if not all(map(is_of_keras, callbacks)):
            # A callback of somebody's own may log what another one monitors.
            continue
        for callback in callbacks:
            monitor = monitored(callback)
            if monitor is None or not isinstance(callback, Instance):
                continue
            name = (library_class(callback) or "").rpartition(".")[2]
            if monitor.startswith("val_") and validates(fit) is False and not _own_loop(fit):
                yield Report(
                    callback.site,
                    f"{name} monitors `{monitor}`, which does not exist without validation data: it never acts",
                    ((fit.site, "this fit does not validate"),),
                    fix=hold_out(program, fit),
                )
            elif not may_log(program.trace, fit, monitor):
                yield Report(
                    callback.site,
                    f"{name} monitors `{monitor}`, and no loss or metric has this name",
                    ((fit.site, "this fit uses it"),),
                )


def _own_loop(fit: Call) -> bool:
    """Whether the model's class brings its own `fit` or evaluation, which may log anything."""
    model = fit.receiver
    return isinstance(model, Instance) and isinstance(model.cls, Class) and "fit" in model.cls.attributes


@check_of_absence
def best_weights_lost(program: Program) -> Reports:
    for fit in program.fits:
        callbacks = callbacks_of(fit)
        if callbacks is None or fit.opaque or not all(map(is_of_keras, callbacks)) or any(map(_keeps_best, callbacks)):
            continue
        for callback in _of_class(callbacks, "EarlyStopping"):
            monitor = monitored(callback)
            if monitor is not None and monitor.startswith("val_") and validates(fit) and _is_used_after(program, fit):
                yield Report(
                    callback.site,
                    f"when `{monitor}` has stopped improving, the weights of the last epoch stay, not the best ones",
                    ((fit.site, "this fit uses it"),),
                    fix=_restore(callback),
                )


def _restore(stopping: Instance) -> Repair | None:
    if stopping.call is None or len(stopping.call.arguments) > _BEFORE_RESTORING:
        return None
    change = SetArgument(stopping.site, "restore_best_weights", "True")
    return Repair("restore the best weights at the end", "unsafe", (change,))


_BEFORE_RESTORING = 6


def _of_class(callbacks: list[Value], name: str) -> list[Instance]:
    return [one for one in callbacks if isinstance(one, Instance) and library_class(one) == f"keras.callbacks.{name}"]


def _keeps_best(callback: Value) -> bool:
    """Whether a callback may keep the weights of a better epoch than the last."""
    match (library_class(callback) or "").rpartition(".")[2]:
        case "EarlyStopping":
            given = _argument(callback, 6, "restore_best_weights")
            return not _is_left_out(callback) and not (given is None or _is_false(given))
        case "ModelCheckpoint":
            # One that saves every epoch keeps the best one among them.
            return True
    return _is_left_out(callback)


def _argument(callback: Value, position: int, keyword: str) -> Value | None:
    return callback.call.argument(position, keyword) if isinstance(callback, Instance) and callback.call else None


def _is_left_out(callback: Value) -> bool:
    """Whether the arguments of a callback are out of view."""
    return isinstance(callback, Instance) and (callback.call is None or callback.call.opaque)


def _is_false(value: Value) -> bool:
    return isinstance(value, Constant) and not value.value


def _is_used_after(program: Program, fit: Call) -> bool:
    """Whether the model that a fit leaves behind is asked for something, or saved."""
    forwards = {id(call) for call in program.forwards}
    later = [call for call in program.trace.calls if call.order > fit.order and call.receiver is fit.receiver]
    return any((call.method in _USING or id(call) in forwards) and not _is_its_own(call) for call in later)


def _is_its_own(call: Call) -> bool:
    """Whether a model runs itself, in a method that Keras calls during the fit."""
    running = [frame.function for frame in call.context.frame.stack() if frame.function is not None]
    return any(function.receiver is call.receiver for function in running)


_USING = frozenset({"evaluate", "predict", "predict_on_batch", "test_on_batch", "save", "save_weights", "export"})


@check
def conflicting_callbacks(program: Program) -> Reports:
    for fit in program.fits:
        callbacks = callbacks_of(fit) or []
        plateaus = _of_class(callbacks, "ReduceLROnPlateau")
        for plateau in plateaus:
            for stopping in _of_class(callbacks, "EarlyStopping"):
                yield from _stopped_too_early(plateau, stopping)
            for scheduler in _of_class(callbacks, "LearningRateScheduler"):
                yield from _overwritten(plateau, scheduler)
        for stopping in _of_class(callbacks, "EarlyStopping"):
            yield from _outlasts(fit, stopping)


def _stopped_too_early(plateau: Instance, stopping: Instance) -> Reports:
    monitor, wait, end = monitored(plateau), _patience(plateau, 10), _patience(stopping, 0)
    delayed = _argument(stopping, 5, "baseline") or _argument(stopping, 7, "start_from_epoch")
    if monitor is None or monitor != monitored(stopping) or delayed is not None:
        return
    if wait is None or end is None or wait < end:
        return
    yield Report(
        plateau.site,
        f"waits {wait} epochs without progress of `{monitor}`, but EarlyStopping ends training after {max(end, 1)}: "
        "the rate is not reduced in time",
        ((stopping.site, "this ends the training"),),
        fix=_be_quicker(plateau, end),
    )


def _be_quicker(plateau: Instance, end: int) -> Repair | None:
    """Half the patience of what ends the training leaves as much for the smaller rate to show what it can do."""
    if end < _BARELY or plateau.call is None or len(plateau.call.arguments) > _BEFORE_PATIENCE:
        return None
    change = SetArgument(plateau.site, "patience", str(end // 2))
    return Repair(f"reduce the rate after {end // 2} epochs", "unsafe", (change,))


# The least patience that can be halved, and the arguments that stand before it.
_BARELY, _BEFORE_PATIENCE = 2, 2


def _patience(callback: Instance, default: int) -> int | None:
    """After how many epochs a callback loses patience; None when it cannot be told."""
    given = _argument(callback, 2, "patience")
    return integer_of(given) if given is not None else None if _is_left_out(callback) else default


def _overwritten(plateau: Instance, scheduler: Instance) -> Reports:
    """A schedule that does not start from the rate of the moment takes every reduction back."""
    schedule = _argument(scheduler, 0, "schedule")
    if isinstance(schedule, Function) and len(schedule.node.parameters) - (schedule.receiver is not None) == 1:
        yield Report(
            plateau.site,
            "reduces the rate in vain: LearningRateScheduler sets it anew in every epoch",
            ((scheduler.site, "this sets the rate"),),
        )


def _outlasts(fit: Call, stopping: Instance) -> Reports:
    epochs, patience = epochs_of(fit), _patience(stopping, 0)
    if epochs and patience is not None and patience >= epochs and not _keeps_best(stopping):
        yield Report(
            stopping.site,
            f"waits {patience} epochs, and this fit has {epochs}: it never stops the training",
            ((fit.site, "this fit uses it"),),
            severity="info",
        )
