"""Checks of learning rates: does a schedule start from the rate of the beginning, or from its own last result?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import argument_site, node_at
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Branch, Call, Context, Loop
from tapelint.program.values import (
    Attribute,
    Class,
    Computed,
    Constant,
    Element,
    Function,
    Instance,
    Parameter,
    Result,
    Site,
    Value,
    alternatives,
)
from tapelint.syntax import tree

_RATES = ("learning_rate", "lr")
_READING = frozenset(
    {"keras.backend.get_value", "keras.backend.eval", "builtins.float", "keras.ops.convert_to_numpy",
     "tensorflow.identity", "tensorflow.convert_to_tensor"}
)  # fmt: skip
_READING_METHODS = frozenset({"numpy", "read_value", "value", "item"})
_EXPONENTIALS = frozenset({"math.exp", "numpy.exp", "tensorflow.exp", "tensorflow.math.exp", "keras.ops.exp"})
_POWERS = frozenset(
    {"math.pow", "builtins.pow", "numpy.power", "tensorflow.pow", "tensorflow.math.pow", "keras.ops.power"}
)  # fmt: skip
_ROUNDING = frozenset({"math.floor", "numpy.floor", "builtins.int", "builtins.float", "tensorflow.cast"})
_COUNTING = ("builtins.range", "builtins.enumerate", "tensorflow.range", "tqdm.")


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A value that becomes the learning rate, by the name it has there, and the conditions of its doing so."""

    value: Value
    name: str | None
    conditions: tuple[Branch, ...]


@check
def compounding_learning_rate(program: Program) -> Reports:
    for change in (*_scheduled(program), *_assigned(program)):
        rate = change.value
        if not isinstance(rate, Computed) or not _shrinks(rate) or _is_compared(rate):
            continue
        if all(_holds_from_then_on(branch) for branch in change.conditions):
            name = f"`{change.name}`" if change.name else "it"
            message = f"the learning rate shrinks again in every epoch: {name} is the changed one"
            yield Report(rate.site, message, fix=_from_first(program, rate, change.name))


def _from_first(program: Program, rate: Computed, name: str | None) -> Repair | None:
    """Change the rate that the only optimizer of the program began with, in place of the current one."""
    optimizers = list(program.objects("optimizer"))
    begun = optimizers[0].call if len(optimizers) == 1 else None
    if begun is None or begun.site.module is not rate.site.module or name is None:
        return None
    first = argument_site(program, begun, 0, "learning_rate")
    node = node_at(program, rate.site)
    if first is None or not isinstance(node_at(program, first), tree.Constant) or not isinstance(node, tree.Binary):
        return None
    current = [side for side in (node.left, node.right) if isinstance(side, tree.Name) and side.name == name]
    if len(current) != 1:
        return None
    place = Site(rate.site.module, current[0].id)
    return Repair("start from the first rate", "unsafe", (Replace(place, (first,)),))


def _scheduled(program: Program) -> Iterator[Change]:
    """What the functions given to LearningRateScheduler make of the current rate."""
    for callback in program.objects("callback"):
        if library_class(callback) != "keras.callbacks.LearningRateScheduler" or callback.call is None:
            continue
        for schedule in alternatives(callback.call.argument(0, "schedule") or Constant(None)):
            function = _function_of(schedule)
            if function is not None:
                yield from _returned(program, function)


def _function_of(schedule: Value) -> Function | None:
    """The function that runs when a schedule is called."""
    if isinstance(schedule, Instance) and isinstance(schedule.cls, Class):
        schedule = kinds.own_attribute(schedule.cls, "__call__") or schedule
    return schedule if isinstance(schedule, Function) else None


def _returned(program: Program, schedule: Function) -> Iterator[Change]:
    # The epoch comes before it, and before that the object whose method this is.
    position = 1 + (schedule.owner is not None and "staticmethod" not in schedule.marks)
    name = next((parameter.name for parameter in schedule.node.parameters[position:]), None)
    for end in program.trace.exits:
        function = end.context.frame.function
        if end.value is None or function is None or function.node is not schedule.node:
            continue
        for option in alternatives(end.value):
            yield Change(option, name, (*end.context.branches, *_branches_of(option)))


def _branches_of(value: Value) -> tuple[Branch, ...]:
    return value.context.branches if isinstance(value, Computed) else ()


def _assigned(program: Program) -> Iterator[Change]:
    """What is assigned to an optimizer's rate in an epoch loop or in a callback's method."""
    for call in program.trace.calls:
        if call.method == "assign" and call.arguments and _is_rate(call.receiver):
            yield from _each_epoch(program, call.arguments[0], argument(program, call, 0), call.context)
        if call.op == "keras.backend.set_value" and len(call.arguments) > 1 and _is_rate(call.arguments[0]):
            yield from _each_epoch(program, call.arguments[1], argument(program, call, 0), call.context)
    for assignment in program.trace.assignments:
        if assignment.name in _RATES:
            yield from _each_epoch(program, assignment.value, None, assignment.context)


def _each_epoch(program: Program, value: Value, name: str | None, context: Context) -> Iterator[Change]:
    """The change that an assignment is, if epoch after epoch comes to it."""
    branches = (*context.branches, *_branches_of(value))
    if _is_called_by_keras(context):
        yield Change(value, name, branches)
        return
    loop = _epoch_loop(program, context)
    if loop is not None and not _leaves(program, loop, context) and not _is_made_in(loop, value):
        # What holds around the loop holds for all its turns.
        around = context.branches[: loop.conditions]
        yield Change(value, name, tuple(branch for branch in branches if branch not in around))


def _is_called_by_keras(context: Context) -> bool:
    function = context.frame.function
    return function is not None and context.frame.root and function.node.name in ("on_epoch_begin", "on_epoch_end")


def _epoch_loop(program: Program, context: Context) -> Loop | None:
    """The loop around an assignment that trains in each of its turns, if that is for one epoch at most."""
    for loop in reversed(_written(context)):
        depths = [depth for call in _steps(program) if (depth := _depth(call, loop)) is not None]
        if depths:
            return loop if min(depths) <= 1 else None
    return None


def _steps(program: Program) -> list[Call]:
    fits = [*program.fits, *program.calls("keras.Model.train_on_batch")]
    return [*(gradients.call for gradients in program.gradients), *fits]


def _depth(step: Call, loop: Loop) -> int | None:
    """How many loops inside `loop` repeat a training step; None if it is not in there."""
    loops = _written(step.context)
    if loop not in loops:
        return None
    depth = len(loops) - 1 - loops.index(loop)
    if step.op == "keras.Model.fit":
        epochs = step.argument(3, "epochs")
        once = not step.opaque if epochs is None else isinstance(epochs, Constant) and epochs.value == 1
        depth += 1 if once else 2
    return depth


def _written(context: Context) -> list[Loop]:
    return [loop for loop in context.loops if loop.kind in ("for", "while")]


def _leaves(program: Program, loop: Loop, context: Context) -> bool:
    """Whether the program leaves `loop` whenever it comes by this place."""
    for end in program.trace.exits:
        surely = end.context.branches == context.branches[: len(end.context.branches)]
        ended = end.context.loops[-1:] if end.kind == "break" else end.context.loops[end.context.frame.loops :]
        if surely and loop in ended and end.context.frame is context.frame:
            return True
    return False


def _is_made_in(loop: Loop, rate: Value) -> bool:
    """Whether each turn of a loop makes the optimizer anew whose rate this is."""
    return any(
        isinstance(one, Instance) and one.call is not None and loop in one.call.context.loops for one in ancestors(rate)
    )


def _is_rate(value: Value | None) -> bool:
    """Whether `value` is the current learning rate: an optimizer's, or what Keras passes to a schedule."""
    while isinstance(value, Result):
        if value.call.op in _READING and value.call.arguments:
            value = value.call.arguments[0]
        elif value.call.method in _READING_METHODS:
            value = value.call.receiver
        else:
            break
    options = alternatives(value) if value is not None else []
    return any(
        (isinstance(option, Attribute) and option.name in _RATES)
        or (isinstance(option, Parameter) and option.position == 1)
        for option in options
    )


def _shrinks(value: Computed) -> bool:
    """Whether `value` is the current rate times a factor that soon brings it to nothing."""
    if value.operator not in ("*", "/") or len(value.parts) != 2:
        return False
    rate, other = value.parts if _is_rate(value.parts[0]) else reversed(value.parts)
    if _is_rate(rate) and (_falls(other) if value.operator == "*" else rate is value.parts[0] and _counts(other)):
        return True
    factors = [part.value for part in value.parts if isinstance(part, Constant)]
    if len(factors) != 1 or not isinstance(factors[0], (int, float)) or not factors[0]:
        return False
    if not any(_is_rate(part) for part in value.parts):
        return False
    factor = 1 / factors[0] if value.operator == "/" else factors[0]
    return 0 < factor <= 0.5


def _falls(factor: Value) -> bool:
    """Whether a factor is smaller from epoch to epoch by itself: `0.9 ** epoch`, `exp(-0.1 * epoch)`."""
    match factor:
        case Computed(operator="**", parts=(base, exponent)):
            return _is_share(base) and _counts(exponent)
        case Result(call=call) if call.op in _POWERS and len(call.arguments) == 2:
            return _is_share(call.arguments[0]) and _counts(call.arguments[1])
        case Result(call=call) if call.op in _EXPONENTIALS and call.arguments:
            exponent = call.arguments[0]
            return isinstance(exponent, Computed) and _is_negative(exponent) and _counts(exponent)
    return False


def _is_share(value: Value) -> bool:
    return isinstance(value, Constant) and isinstance(value.value, float) and 0 < value.value < 1


def _counts(value: Value) -> bool:
    """Whether a number grows with the epochs: their count, or one that is computed from it and constants."""
    if isinstance(value, Computed):
        return value.operator in ("*", "/", "//", "+", "-") and any(map(_counts, value.parts))
    if isinstance(value, Result) and value.call.op in _ROUNDING and value.call.arguments:
        return _counts(value.call.arguments[0])
    return _is_count(value)


def _is_negative(value: Computed) -> bool:
    """Whether a product has a minus before it or before one of its factors."""
    if value.operator == "-" and len(value.parts) == 1:
        return True
    return value.operator in ("*", "/") and any(
        (isinstance(part, Constant) and isinstance(part.value, (int, float)) and part.value < 0)
        or (isinstance(part, Computed) and _is_negative(part))
        for part in value.parts
    )


def _is_compared(rate: Computed) -> bool:
    """Whether the new rate is compared with something, as with the least that it shall be."""
    return any(isinstance(use.by, Computed) and use.by.operator in ("<", "<=", ">", ">=") for use in rate.uses)


def _holds_from_then_on(branch: Branch) -> bool:
    """Whether a test holds for all epochs past one, so that it picks out no single epochs, nor only the first."""
    match branch.test:
        case None:
            # The body of a `try`, and no handler.
            return branch.arm == 0
        case Computed(operator="<" | "<=" | ">" | ">=" as operator, parts=(left, right)):
            grows = operator in (">", ">=") if branch.arm == 0 else operator in ("<", "<=")
            return _is_count(left if grows else right)
    return False


def _is_count(value: Value) -> bool:
    """Whether `value` counts epochs: what Keras passes first, or what a counting loop goes through."""
    if isinstance(value, Parameter):
        return value.position == 0
    made = value.of if isinstance(value, Element) else None
    return isinstance(made, Result) and (made.call.op or "").startswith(_COUNTING)
