"""Checks of the callbacks that a `fit` is given."""

from __future__ import annotations

from tapelint.checks.registry import check_of_absence
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program.fits import callbacks_of, epochs_of, is_of_keras, monitored, saves_best, validates
from tapelint.program.logs import may_log
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Class, Instance, Value

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
            )


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
