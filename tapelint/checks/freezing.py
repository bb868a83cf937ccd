"""Checks of what is frozen and what is trained: do the variables that shall move get updates, and no others?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import compile_again
from tapelint.checks.wording import callee
from tapelint.program.models import parts_of
from tapelint.program.program import Program
from tapelint.program.provenance import projected
from tapelint.program.tapes import choices_of_root, parameters_of
from tapelint.program.trace import AttributeAssignment, Call, Context, Frame
from tapelint.program.turns import is_certain
from tapelint.program.values import Constant, Instance, Result, Value, alternatives

_STEPS = ("keras.Model.fit", "keras.Model.train_on_batch")


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A training step, or a fit of many: what it trains, and what was made for it the first time it ran."""

    call: Call
    model: Value
    made: object


@check
def trainable_toggled_late(program: Program) -> Reports:
    toggles = [each for each in program.trace.assignments if each.name == "trainable" and _flag(each) is not None]
    steps = [*_fits(program), *_compiled_steps(program), *_eager_updates(program)] if toggles else []
    for toggle in toggles:
        for earlier, later in _around(toggle, steps):
            if _changes(program, toggle, later) and not _is_renewed(program, earlier, later):
                trail = ((later.call.site, "trained here"),)
                fix = _compiled_again(program, later)
                yield Report(toggle.site, _consequence(program, toggle, later), trail, fix=fix)
                break


def _flag(toggle: AttributeAssignment) -> bool | None:
    value = toggle.value
    return value.value if isinstance(value, Constant) and isinstance(value.value, bool) else None


def _fits(program: Program) -> Iterator[Step]:
    """The fits of Keras: the model keeps the step that the first one has made."""
    for call in program.calls(*_STEPS):
        if call.receiver is not None:
            yield Step(call, call.receiver, call.method)


def _compiled_steps(program: Program) -> Iterator[Step]:
    """The updates in graph functions, whose variables are those of the first call."""
    for update in program.updates:
        frame = next((each for each in update.call.context.frame.stack() if each.compiled == "yes"), None)
        if frame is not None and frame.function is not None:
            for model in _updated(update.paired()):
                yield Step(update.call, model, _identity(frame))


def _identity(frame: Frame) -> object:
    """What is one and the same for all calls of one graph function: a method is looked up anew for each."""
    function = frame.function
    assert function is not None
    return (id(function.node), id(function.receiver)) if function.receiver is not None else function


def _eager_updates(program: Program) -> Iterator[Step]:
    """The updates outside of graph functions: the optimizer keeps the variables of the first one."""
    for update in program.updates:
        optimizer = update.call.receiver
        if isinstance(optimizer, Instance) and not any(
            each.compiled != "no" for each in update.call.context.frame.stack()
        ):
            for model in _updated(update.paired()):
                yield Step(update.call, model, optimizer)


def _updated(pair: tuple[Value, Value] | None) -> list[Value]:
    """The models whose trainable variables an update changes."""
    parameters = parameters_of(pair[1]) if pair is not None else None
    owners = [each.root for each in parameters or () if each.selector.startswith("trainable")]
    return [root for owner in owners for root in choices_of_root(owner)]


def _around(toggle: AttributeAssignment, steps: list[Step]) -> Iterator[tuple[Step, Step]]:
    """The pairs of steps of one model between which a part of it is frozen or released."""
    owners = [_whole(option) for option in alternatives(toggle.owner)]
    concerned = [step for step in steps if any(part is owner for owner in owners for part in parts_of(step.model))]
    before = [each for each in concerned if each.call.order < toggle.order and _leads(each.call, toggle.context)]
    after = [each for each in concerned if each.call.order >= toggle.order and _leads_on(toggle.context, each.call)]
    for later in after:
        for earlier in before:
            if earlier.model is later.model and earlier.made == later.made and earlier.call is not later.call:
                yield earlier, later


def _whole(owner: Value) -> Value:
    """The model that a layer is taken from: `model` of `model.layers[3]` and `model.get_layer("head")`."""
    of = projected(owner)
    while isinstance(of, Result) and of.call.method == "get_layer" and of.call.receiver is not None:
        of = projected(of.call.receiver)
    return of


def _leads(step: Call, context: Context) -> bool:
    return is_certain(step.context, context) and _outermost(step.context) is _outermost(context)


def _leads_on(context: Context, step: Call) -> bool:
    return is_certain(context, step.context) and _outermost(step.context) is _outermost(context)


def _outermost(context: Context) -> Frame:
    return [*context.frame.stack()][-1]


def _changes(program: Program, toggle: AttributeAssignment, step: Step) -> bool:
    """Whether a layer that is released had been frozen, or one that is frozen had not been so for long."""
    parts = parts_of(step.model)
    earlier = [
        each
        for each in program.trace.assignments
        if each.name == "trainable" and each.order <= toggle.order and each is not toggle and each.site != toggle.site
    ]
    before = [each for each in earlier if any(part is _whole(each.owner) for part in parts)]
    if not _flag(toggle):
        # An eager step heeds what is frozen.
        same = [each for each in before if each.owner is toggle.owner]
        return not isinstance(step.made, Instance) and not (same and _flag(same[-1]) is False)
    return any(_flag(each) is False for each in before) or any(
        isinstance(part, Instance)
        and part.call is not None
        and isinstance(given := part.call.argument(None, "trainable"), Constant)
        and given.value is False
        for part in parts
    )


def _is_renewed(program: Program, earlier: Step, later: Step) -> bool:
    """Whether what runs the later step is made anew after the earlier one, or reads the flags at every step."""
    for call in program.trace.calls:
        if call.receiver is not None and call.receiver is later.model:
            if call.op == "keras.Model.compile":
                eager = call.argument(None, "run_eagerly")
                if earlier.call.order < call.order < later.call.order or eager is not None or call.opaque:
                    return True
            elif call.method == "make_train_function":
                return True
        if call.op == "keras.Optimizer.build" and call.receiver is later.made:
            return True
    return any(each.name in ("train_function", "run_eagerly") for each in program.trace.assignments) or any(
        call.op in ("tensorflow.config.run_functions_eagerly", "tensorflow.compat.v1.disable_eager_execution")
        for call in program.trace.calls
    )


def _compiled_again(program: Program, step: Step) -> Repair | None:
    """Compile the model again before the fit, as it was compiled the last time."""
    compiling = [
        call
        for call in program.calls("keras.Model.compile")
        if call.receiver is step.model and call.order < step.call.order
    ]
    if step.call.op not in _STEPS or not compiling:
        return None
    return compile_again(program, compiling[-1], step.call)


def _consequence(program: Program, toggle: AttributeAssignment, step: Step) -> str:
    done = "released" if _flag(toggle) else "frozen"
    if step.call.op in _STEPS:
        model = callee(program, step.call, "the model")
        return f"{model} is not compiled again: it goes on as if nothing had been {done} here"
    if isinstance(step.made, Instance):
        optimizer = callee(program, step.call, "the optimizer")
        return f"the next update raises: {optimizer} was built without what is {done} here"
    return f"the step is compiled already: it goes on as if nothing had been {done} here"
