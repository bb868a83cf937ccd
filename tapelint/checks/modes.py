"""Checks of models that are evaluated as if they were trained."""

from __future__ import annotations

from tapelint.checks.models import class_name, is_frozen
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.checks.wording import callee
from tapelint.program import kinds
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.scores import is_read, judged
from tapelint.program.tapes import APPLYING, ASKING, ASSIGNING, active_tapes
from tapelint.program.trace import Call, Loop
from tapelint.program.values import Attribute, Constant, Element, Function, Instance, Item, Result, Value
from tapelint.program.wrappers import TAKES_STEP

_LEARNING = frozenset({"keras.Model.fit", "keras.Model.train_on_batch", "keras.Model.set_weights", TAKES_STEP})
_LEARNING_METHODS = ASKING | APPLYING | ASSIGNING | {"fit", "train_on_batch", "set_weights", "step", "train_step"}
_REPEATING = (
    "tensorflow.repeat",
    "tensorflow.tile",
    "numpy.repeat",
    "numpy.tile",
    "keras.ops.repeat",
    "keras.ops.tile",
)

# Methods of objects out of view that surely train nothing.
_HARMLESS = frozenset(
    {"append", "extend", "write", "info", "debug", "log", "format", "update", "set_description", "set_postfix", "numpy",
     "update_state", "result", "reset_state", "reset_states", "item", "shape", "astype", "mean", "sum", "flush"}
)  # fmt: skip


@check
def training_mode_in_evaluation(program: Program) -> Reports:
    for forward in program.forwards:
        awake = [layer for layer, mode in forward.leaves if mode == "on" and not is_frozen(program, layer)]
        if not awake or is_frozen(program, forward.receiver) or not _is_evaluation(program, forward):
            continue
        layer = next((each for each in awake if class_name(each) == "BatchNormalization"), awake[0])
        if class_name(layer) == "BatchNormalization":
            consequence = "its BatchNormalization adapts to the data that it is scored on"
        else:
            consequence = f"its {class_name(layer)} spoils the predictions that are scored"
        yield Report(
            forward.site,
            f"{callee(program, forward, 'the model')} is evaluated in training mode: {consequence}",
            distinct(
                [
                    (layer.site if isinstance(layer, Instance) else None, "this layer behaves differently in training"),
                    (forward.context.frame.call_site, "the evaluation is asked for here"),
                ]
            ),
            fix=_told_otherwise(forward),
        )


def _told_otherwise(forward: Call) -> Repair | None:
    """The call with `training=False`, if it says itself that it is in training mode."""
    flag = forward.keywords.get("training")
    if not isinstance(flag, Constant) or flag.value is not True or forward.opaque or "default" in flag.marks:
        return None
    return Repair("pass `training=False`", "unsafe", (SetArgument(forward.site, "training", "False"),))


def _is_evaluation(program: Program, forward: Call) -> bool:
    """Whether nothing can be learnt from this forward pass, and its predictions are scored."""
    context = forward.context
    if active_tapes(forward) or not all(map(_records_nothing, context.managers)):
        return False
    stack = list(context.frame.stack())
    if any(_is_method_of_model(frame.function, "test_step") for frame in stack):
        return True
    if any(_is_method_of_model(frame.function, "train_step") for frame in stack):
        return False
    scores = judged(forward.result)
    if not scores or _is_drawn_repeatedly(program, forward):
        return False
    if stack[-1].function is not None and not (context.loops and all(map(is_read, scores))):
        # A caller out of view may record it.
        return False
    if not context.loops:
        return any(call.order < forward.order for call in program.trace.calls if _learns(call))
    return _is_apart_from_training(program, forward, context.loops[-1])


def _records_nothing(manager: Value) -> bool:
    """Whether a context is a library's own, and no tape."""
    call = made_by(manager)
    return kinds.of(manager) == "strategy" or (
        call is not None and (call.op or "").startswith(("tensorflow.", "keras."))
    )


def _is_method_of_model(function: Value | None, name: str) -> bool:
    return (
        isinstance(function, Function)
        and function.node.name == name
        and function.owner is not None
        and kinds.of_class(function.owner) == "model"
    )


def _is_apart_from_training(program: Program, forward: Call, loop: Loop) -> bool:
    """Whether the loop around a forward pass trains nothing; one that trains on other data, all at once, may score."""
    inside = [call for call in program.trace.calls if call.context.loops[-1:] == (loop,) and call is not forward]
    if any(_may_learn_out_of_view(call, forward) for call in inside):
        return False
    if not any(_learns(call) for call in inside):
        return True
    given = forward.argument(0)
    trained = [
        call.arguments[0] for call in program.forwards if call is not forward and call.arguments and active_tapes(call)
    ]
    return given is not None and bool(trained) and not any(_overlap(given, other) for other in trained)


def _overlap(left: Value, right: Value) -> bool:
    """Whether one of two inputs may be made from the other, or both are parts of one thing that a loop brings."""
    behind = [{id(one) for one in ancestors(value)} for value in (left, right)]
    moving = any(isinstance(one, Element) for value in (left, right) for one in ancestors(value))
    return id(left) in behind[1] or id(right) in behind[0] or (moving and bool(behind[0] & behind[1]))


def _learns(call: Call) -> bool:
    return call.op in _LEARNING or (
        call.method in _LEARNING_METHODS and kinds.of(call.receiver or call.callee) != "metric"
    )


def _may_learn_out_of_view(call: Call, forward: Call) -> bool:
    """Whether a call of something unknown may train the model that `forward` runs."""
    if call.op is not None or call.method in _HARMLESS:
        return False
    owner = call.callee.of if isinstance(call.callee, Attribute) else None
    given = [value for value in (owner, *call.arguments, *call.keywords.values()) if value is not None]
    data = forward.argument(0)
    return any(one is forward.receiver or one is data for value in given for one in (value, *value.operands())) or (
        call.method is not None and "train" in call.method
    )


def _is_drawn_repeatedly(program: Program, forward: Call) -> bool:
    """Whether the same inputs go through the model again and again, for a sample of what dropout makes of them."""
    given = forward.argument(0)
    if given is None:
        return True
    behind = list(ancestors(given))
    if any(isinstance(one, Result) and (one.call.op or "").startswith(_REPEATING) for one in behind):
        return True
    if not forward.context.loops:
        return False
    loop = forward.context.loops[-1]
    source = {id(one) for one in ancestors(loop.iterable)} if loop.iterable is not None else set()
    if any(isinstance(one, (Element, Item)) and id(one.of) in source for one in behind):
        return False
    # Epochs go round as well, but they train in between.
    return not any(loop in call.context.loops and _learns(call) for call in program.trace.calls)
