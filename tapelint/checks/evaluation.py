"""Checks of what tells the user how training goes: validation, metrics, callbacks."""

from __future__ import annotations

from tapelint.checks.registry import check_of_absence
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.feeds import feed_of_fit
from tapelint.program.logs import may_log
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.trace import Call, Loop
from tapelint.program.values import (
    Attribute,
    Class,
    Constant,
    Display,
    Element,
    Instance,
    Item,
    Mapping,
    Parameter,
    Unknown,
    Value,
    alternatives,
    is_none,
)
from tapelint.program.wrappers import EVALUATES, RESETS_METRICS

_EVALUATING = frozenset({"evaluate", "test_on_batch", "predict", "predict_on_batch", "evaluate_generator", "score"})
_LONG = 10
_MANY = 50


@check_of_absence
def no_validation_data(program: Program) -> Reports:
    if any(_evaluates(program, call) or _is_held_out(call) for call in program.trace.calls):
        return
    if any(_validation(fit) is True for fit in program.fits):
        # One fit is validated, and the others may lead up to it.
        return
    for fit in program.fits:
        epochs = _epochs(fit)
        if (
            epochs is None
            or epochs < 2
            or _is_repeated(fit)
            or _validation(fit) is not False
            or not _is_supervised(fit)
            or _callback_may_evaluate(fit)
        ):
            continue
        if any(call.receiver is fit.receiver and call.order > fit.order for call in program.forwards):
            # The model is called afterwards, maybe to be scored.
            continue
        model = callee(program, fit, "the model")
        yield Report(
            fit.site,
            f"{model} trains for {epochs} epochs without validation: overfitting stays unseen",
            severity="warning" if epochs >= _LONG else None,
        )


def _evaluates(program: Program, call: Call) -> bool:
    """Whether a call may show how a model does on data that it has not seen."""
    if call.op == EVALUATES:
        return True
    if call.method not in _EVALUATING:
        return False
    given = call.argument(0, "x")
    return given is None or not any(_same_data(given, fit.argument(0, "x")) for fit in program.fits)


def _same_data(left: Value, right: Value | None) -> bool:
    """Whether two values are one, or the same part of one."""
    if isinstance(left, Item) and isinstance(right, Item):
        return left.of is right.of and left.index is right.index
    return left is right


def _epochs(fit: Call) -> int | None:
    """How many epochs a fit runs; None when it cannot be told."""
    last, first = integer_of(fit.argument(3, "epochs")), fit.argument(9, "initial_epoch")
    if first is None or last is None:
        return last
    before = integer_of(first)
    return last - before if before is not None else None


def _is_repeated(fit: Call) -> bool:
    """Whether a fit runs again and again on one model, so that what happens between its runs may be the validation."""
    models = alternatives(fit.receiver) if fit.receiver is not None else []
    for loop in fit.context.loops:
        made_inside = all(made is not None and loop in made.context.loops for made in map(made_by, models))
        listed = loop.iterable is not None and set(map(id, models)) <= set(map(id, ancestors(loop.iterable)))
        if not models or not (made_inside or listed):
            return True
    return False


def _callback_may_evaluate(fit: Call) -> bool:
    """Whether some callback is not one of those of Keras, which do nothing of their own."""
    callbacks = _callbacks(fit)
    return callbacks is None or any(not _is_of_keras(callback) for callback in callbacks)


def _is_of_keras(callback: Value) -> bool:
    name = library_class(callback) or ""
    return name.startswith("keras.callbacks.") and name != "keras.callbacks.LambdaCallback"


def _is_held_out(call: Call) -> bool:
    """Whether a call splits data or scores predictions, by whatever library."""
    name = (call.op or call.method or "").rpartition(".")[2]
    return name in ("train_test_split", "cross_val_score", "KFold", "StratifiedKFold") or (call.op or "").startswith(
        "sklearn.metrics."
    )


def _validation(fit: Call) -> bool | None:
    """Whether a fit validates; None when it cannot be told."""
    given = [fit.argument(6, "validation_split"), fit.argument(7, "validation_data")]
    values = [option for value in given if value is not None for option in alternatives(value)]
    if any(not (isinstance(value, Constant) and not value.value) for value in values):
        return None if any(isinstance(value, Constant) and not value.value for value in values) else True
    return None if fit.opaque else False


def _is_supervised(fit: Call) -> bool:
    """Whether the data is in view and has labels: then there is something to hold out."""
    feed = feed_of_fit(fit)
    if feed is None or len(feed.arrays) < 2 or feed.arrays[0] is feed.arrays[1]:
        return False
    return not any(isinstance(value, (Parameter, Unknown)) for array in feed.arrays for value in ancestors(array))


@check_of_absence
def no_early_stopping(program: Program) -> Reports:
    for fit in program.fits:
        epochs = _epochs(fit)
        callbacks = _callbacks(fit)
        if epochs is None or epochs < _MANY or callbacks is None or fit.opaque:
            continue
        if not any(_stops_or_keeps(callback) for callback in callbacks):
            model = callee(program, fit, "the model")
            yield Report(
                fit.site,
                f"{model} trains for {epochs} epochs, and nothing ends it or keeps the best weights",
            )


def _callbacks(fit: Call) -> list[Value] | None:
    """The callbacks of a fit; None when they cannot be told."""
    given = fit.argument(5, "callbacks")
    if given is None or is_none(given):
        return []
    options = alternatives(given)
    if len(options) != 1:
        return None
    one = options[0]
    if isinstance(one, Display):
        return None if one.open else [option for item in one.items for option in alternatives(item)]
    return [one] if isinstance(one, Instance) else None


# Callbacks of Keras that neither end training nor keep its best state.
_WATCHING = frozenset(
    {"CSVLogger", "TensorBoard", "History", "ProgbarLogger", "LearningRateScheduler", "ReduceLROnPlateau",
     "TerminateOnNaN", "RemoteMonitor", "BackupAndRestore"}
)  # fmt: skip


def _stops_or_keeps(callback: Value) -> bool:
    name = (library_class(callback) or "").rpartition(".")[2]
    if name == "ModelCheckpoint":
        return _saves_best(callback)
    return name not in _WATCHING


def _saves_best(checkpoint: Value) -> bool:
    given = (
        checkpoint.call.argument(None, "save_best_only")
        if isinstance(checkpoint, Instance) and checkpoint.call
        else None
    )
    return given is not None and not (isinstance(given, Constant) and not given.value)


@check_of_absence
def unavailable_monitor(program: Program) -> Reports:
    for fit in program.fits:
        callbacks = _callbacks(fit) or []
        if not all(map(_is_of_keras, callbacks)):
            # A callback of somebody's own may log what another one monitors.
            continue
        for callback in callbacks:
            monitor = _monitored(callback)
            if monitor is None or not isinstance(callback, Instance):
                continue
            name = (library_class(callback) or "").rpartition(".")[2]
            if monitor.startswith("val_") and _validation(fit) is False and not _own_loop(fit):
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


def _monitored(callback: Value) -> str | None:
    """The quantity that a callback acts on; None when it acts on none or it cannot be told."""
    name = (library_class(callback) or "").rpartition(".")[2]
    if not isinstance(callback, Instance) or callback.call is None or callback.call.opaque:
        return None
    if name == "ModelCheckpoint":
        position, acts = 1, _saves_best(callback)
    else:
        position, acts = 0, name in ("EarlyStopping", "ReduceLROnPlateau")
    if not acts:
        return None
    given = callback.call.argument(position, "monitor")
    if given is None:
        return "val_loss"
    return given.value if isinstance(given, Constant) and isinstance(given.value, str) else None


def _own_loop(fit: Call) -> bool:
    """Whether the model's class brings its own `fit` or evaluation, which may log anything."""
    model = fit.receiver
    return isinstance(model, Instance) and isinstance(model.cls, Class) and "fit" in model.cls.attributes


@check_of_absence
def metric_not_reset(program: Program) -> Reports:
    unknown = any(_resets_something(call) for call in program.trace.calls)
    for metric in program.objects("metric"):
        if library_class(metric) == "keras.metrics.Sum":
            # A total may well be meant to grow over the whole run.
            continue
        calls = [use.by for use in metric.uses if use.kind == "receiver" and isinstance(use.by, Call)]
        if unknown or _tracked(metric) or any(_is_handed_over(holder) for holder in _holders(program, metric)):
            continue
        updates = [call for call in calls if call.method in ("update_state", "__call__")]
        for read in (call for call in calls if call.method == "result"):
            if _is_picked(program, metric, read):
                continue
            epochs = [loop for update in updates if (loop := _epoch_loop(program, metric, update, read)) is not None]
            if epochs and not any(_resets(call) and _may_run_in(call, epochs[0], read) for call in calls):
                yield Report(
                    read.site,
                    f"{callee(program, read, 'the metric')} is never reset: later epochs mix in the earlier ones",
                    ((metric.site, "made once, before the epochs"), (updates[0].site, "updated here")),
                )


# Methods that bring a metric, or all those of a model, back to its first state.
_RESETTING = frozenset({"reset_state", "reset_states", "reset_metrics", "reset", "set_weights"})


def _resets(call: Call) -> bool:
    return call.method in _RESETTING


def _resets_something(call: Call) -> bool:
    """Whether a call may reset any metric: that of an unknown object, or of one whose method is only named."""
    if call.op == RESETS_METRICS or (call.op is None and _resets(call)):
        return True
    return any(isinstance(value, Constant) and value.value in _RESETTING for value in call.arguments)


def _may_run_in(reset: Call, epoch: Loop, read: Call) -> bool:
    """Whether a reset may happen in each epoch: it stands in the loop, or in a function that runs at its own time."""
    stack = list(reset.context.frame.stack())
    if any(frame.function is not None and frame.function.node.is_generator for frame in stack):
        return True
    return epoch in reset.context.loops or stack[-1] is not list(read.context.frame.stack())[-1]


# Attributes of a metric through which its state can be set.
_STATE = frozenset({"variables", "weights", "non_trainable_variables", "total", "count"})


def _tracked(metric: Instance) -> bool:
    """Whether somebody else may reset the metric: Keras, a callback, a helper out of view."""
    return any(
        use.kind == "returned"
        or (isinstance(use.by, Attribute) and (use.by.name in _STATE or (use.by.name in _RESETTING and use.by.uses)))
        or (use.kind == "argument" and isinstance(use.by, Call) and _hands_over(use.by))
        for use in metric.uses
    )


def _holders(program: Program, metric: Instance) -> list[Instance]:
    """The program's own objects that have the metric as an attribute, or in one."""
    return [
        assignment.owner
        for assignment in program.trace.assignments
        if isinstance(assignment.owner, Instance)
        and isinstance(assignment.owner.cls, Class)
        and any(metric is held for held in _contents(assignment.value))
    ]


def _contents(value: Value) -> list[Value]:
    """`value`, or the items of the list or dict that it is."""
    match value:
        case Display(items=items):
            return items
        case Mapping(entries=entries, others=others):
            return [*entries.values(), *others]
    return [value]


def _is_handed_over(holder: Instance) -> bool:
    """Whether something out of view is given the object, and may reset what is in it: a hook, a list of callbacks."""
    return any(
        use.kind == "argument" and isinstance(use.by, Call) and use.by.op is None and _hands_over(use.by)
        for use in holder.uses
    )


def _hands_over(call: Call) -> bool:
    if isinstance(call.callee, Class) and kinds.is_made_in_view(call.callee):
        return False
    return not (call.op or "").startswith("builtins.") and call.method not in ("append", "add")


def _epoch_loop(program: Program, metric: Instance, update: Call, read: Call) -> Loop | None:
    """The loop of epochs that goes around both, with batches inside it, and with the metric made outside."""
    made = metric.call.context.loops if metric.call is not None else ()
    shared = [loop for loop in read.context.loops if loop in update.context.loops and not _hands_out(loop, metric)]
    fit = next((loop for loop in shared if loop.kind == "fit"), None)
    loop = fit or (shared[-1] if shared else None)
    if loop is None or loop in made:
        return None
    if fit is not None:
        # Keras resets what it knows of.
        return None if _known_to_model(program, metric) else fit
    return loop if update.context.loops[-1] is not loop and not _hands_out_data(loop, update) else None


def _is_picked(program: Program, metric: Instance, read: Call) -> bool:
    """Whether one of several metrics is read, by a key that may be another on each turn of a loop."""
    others = [call for call in program.contexts(read) if call.receiver is not metric]
    alike = any(call.context.loops == read.context.loops for call in others)
    return alike and not any(_hands_out(loop, metric) for loop in read.context.loops)


def _hands_out(loop: Loop, metric: Instance) -> bool:
    """Whether a loop goes through a list that the metric is in, and so comes to it once."""
    return loop.iterable is not None and any(value is metric for value in ancestors(loop.iterable))


def _hands_out_data(loop: Loop, update: Call) -> bool:
    """Whether what a metric is updated with is a part that the loop hands out, a shard or a file, on each turn."""
    if loop.iterable is None or _counts(loop.iterable):
        return False
    listed = [one.items for one in alternatives(loop.iterable) if isinstance(one, Display)]
    parts = {id(one) for items in listed for item in items for one in alternatives(item)}
    return any(
        (isinstance(value, Element) and value.of is loop.iterable)
        or (id(value) in parts and not isinstance(value, Constant))
        for given in (*update.arguments, *update.keywords.values())
        for value in ancestors(given)
    )


def _counts(iterable: Value) -> bool:
    call = made_by(iterable)
    return call is not None and (call.op or "").rpartition(".")[2] in ("range", "trange", "count")


def _known_to_model(program: Program, metric: Instance) -> bool:
    """Whether a model holds the metric as an attribute or lists it among its metrics."""
    held = any(
        assignment.value is metric and kinds.of(assignment.owner) in ("model", "layer")
        for assignment in program.trace.assignments
    )
    listed = any(
        isinstance(model.cls, Class) and "metrics" in model.cls.attributes for model in program.objects("model")
    )
    return held or listed
