"""Checks of metric objects: when they are updated, read and reset."""

from __future__ import annotations

from tapelint.checks.mending import reset
from tapelint.checks.registry import check, check_of_absence
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program import kinds
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
    Mapping,
    Value,
    alternatives,
)
from tapelint.program.wrappers import RESETS_METRICS


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
        updates = [call for call in calls if call.method in _UPDATING]
        for read in (call for call in calls if call.method == "result"):
            if _is_picked(program, metric, read):
                continue
            epochs = [loop for update in updates if (loop := _epoch_loop(program, metric, update, read)) is not None]
            if epochs and not any(_resets(call) and _may_run_in(call, epochs[0], read) for call in calls):
                yield Report(
                    read.site,
                    f"{callee(program, read, 'the metric')} is never reset: later epochs mix in the earlier ones",
                    ((metric.site, "made once, before the epochs"), (updates[0].site, "updated here")),
                    fix=reset(program, read, epochs[0], "first"),
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


@check
def shared_metric(program: Program) -> Reports:
    if any(_resets_something(call) for call in program.trace.calls):
        return
    scoring = {id(call) for call in program.evaluations}
    training = {id(loop) for call, _ in program.feeds for loop in call.context.loops[-1:]}
    for metric in program.objects("metric"):
        if _tracked(metric) or any(_is_handed_over(holder) for holder in _holders(program, metric)):
            continue
        calls = [use.by for use in metric.uses if use.kind == "receiver" and isinstance(use.by, Call)]
        updates = [call for call in calls if call.method in _UPDATING and not _is_of_keras(call)]
        learned = [call for call in updates if {id(loop) for loop in call.context.loops[-1:]} & training]
        scored = [call for call in updates if id(call) in scoring]
        for score in scored[:1]:
            before = [call for call in learned if call.order < score.order]
            reads = [call for call in calls if call.method == "result" and call.order > score.order]
            if before and reads and not any(_resets(call) and before[-1].order < call.order for call in calls):
                yield Report(
                    score.site,
                    f"{callee(program, score, 'the metric')} still holds what training gave it: the score mixes both",
                    ((before[-1].site, "updated in training"), (reads[0].site, "read here")),
                    fix=reset(program, score, score.context.loops[-1], "before"),
                )


_UPDATING = frozenset({"update_state", "__call__"})


def _is_of_keras(call: Call) -> bool:
    """Whether Keras runs the loop around a call, and resets what it knows of."""
    return any(loop.kind == "fit" for loop in call.context.loops)
