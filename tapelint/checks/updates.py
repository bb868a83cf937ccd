"""Checks of single updates: does each gradient get its turn, and is there a variable for it to change?"""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import as_variable, into_loop
from tapelint.checks.wording import callee, quoted
from tapelint.program import kinds
from tapelint.program.program import Program
from tapelint.program.provenance import site_of
from tapelint.program.questions import asked_once
from tapelint.program.tapes import ASSIGNING, Gradients, Update, gradient_behind
from tapelint.program.trace import Call, Loop
from tapelint.program.turns import varies, written
from tapelint.program.values import (
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Item,
    Result,
    Value,
    alternatives,
    is_none,
)

_SHAPING = (
    "tensorflow.clip_by_", "tensorflow.cast", "tensorflow.identity", "tensorflow.convert_to_tensor", "builtins.list",
    "builtins.tuple", "tensorflow.multiply", "tensorflow.divide",
)  # fmt: skip


@check
def update_outside_batch_loop(program: Program) -> Reports:
    requests = {id(gradients.call): gradients for gradients in program.gradients}
    for update in program.updates:
        pair = update.paired()
        behind = gradient_behind(pair[0]) if pair is not None else []
        if pair is None or len(behind) != 1 or id(behind[0]) not in requests:
            continue
        request = requests[id(behind[0])]
        loop = _loop_left(request.call, update.call)
        if loop is None or not request.first_order or not _is_last(pair[0], request.call):
            continue
        if request.target is None or not varies(loop, request.target) or _serves_more(program, request, update, loop):
            continue
        name = program.name(request.call.site)
        what = f"`{name}`" if name else "the gradients"
        yield Report(
            update.call.site,
            f"only the last batch counts: the loop replaces {what} turn by turn, and this comes after it",
            ((request.call.site, "computed here for every batch"),),
            fix=into_loop(program, update.call, loop) if _is_given_as_it_is(pair[0], request.call) else None,
        )


def _loop_left(request: Call, update: Call) -> Loop | None:
    """The loop that asks for gradients again and again and is over when they are applied."""
    around, loops = update.context.loops, request.context.loops
    if around != loops[: len(around)]:
        return None
    left = written(loops[len(around) :])
    if not left or any(loop.broken or loop.kind == "fit" or _turns_once(loop) for loop in left):
        return None
    return left[0]


def _turns_once(loop: Loop) -> bool:
    """Whether a loop is over after one turn: `for batch in data.take(1)`."""
    made = loop.iterable
    if not isinstance(made, Result) or not (made.call.op == "builtins.range" or made.call.method == "take"):
        return False
    count = made.call.argument(0, "count")
    return len(made.call.arguments) < 2 and isinstance(count, Constant) and count.value == 1


def _is_last(value: Value, request: Call) -> bool:
    """Whether `value` is what a request has given at last, and no sum or collection of what it has given."""
    match value:
        case Choice():
            known = [option for option in alternatives(value) if not _is_empty(option)]
            return bool(known) and all(_is_last(option, request) for option in known)
        case Item(of=of) | Element(of=of):
            return _is_last(of, request)
        case Computed(operator="*" | "/", parts=parts):
            made_of = [part for part in parts if gradient_behind(part)]
            return len(made_of) == 1 and _is_last(made_of[0], request)
        case Result(call=call) if call is request:
            return True
        case Result(call=call) if (call.op or "").startswith(_SHAPING) and call.arguments:
            return _is_last(call.arguments[0], request)
    return False


def _is_given_as_it_is(value: Value, request: Call) -> bool:
    """Whether nothing happens to gradients between the request and the update."""
    return all(_is_empty(one) or (isinstance(one, Result) and one.call is request) for one in alternatives(value))


def _is_empty(value: Value) -> bool:
    return is_none(value) or (isinstance(value, Display) and not value.items)


def _serves_more(program: Program, request: Gradients, update: Update, loop: Loop) -> bool:
    """Whether gradients are used inside the loop, too, or others are taken there that steer it."""
    if any(use.kind in ("stored", "yielded") for use in request.call.result.uses):
        return True
    for call in program.trace.calls:
        if call is update.call or loop not in call.context.loops or call is request.call:
            continue
        passed = call.op is None and call.method is None
        if (passed or call.method in ("apply_gradients", "apply", "append", "extend", *ASSIGNING)) and any(
            request.call in gradient_behind(argument) for argument in call.operands()
        ):
            return True
    return any(
        other.call is not request.call and not other.parameters and loop in other.call.context.loops
        for other in program.gradients
    )


_TENSORS = (
    "tensorflow.zeros", "tensorflow.ones", "tensorflow.fill", "tensorflow.constant", "tensorflow.eye",
    "tensorflow.convert_to_tensor", "tensorflow.cast", "tensorflow.random.normal", "tensorflow.random.uniform",
    "tensorflow.random.truncated_normal", "tensorflow.random.stateless_", "tensorflow.reshape", "keras.ops.zeros",
    "keras.ops.ones", "keras.random.normal", "keras.random.uniform", "keras.random.truncated_normal", "numpy.zeros",
    "numpy.ones", "numpy.array", "numpy.random.", "numpy.full",
)  # fmt: skip


@check
def updated_non_variable(program: Program) -> Reports:
    for call, target in _updated(program):
        options = [option for option in alternatives(target) if not is_none(option)]
        receivers = {id(run.receiver) for run in program.contexts(call)}
        if call.context.branches and (len(options) > 1 or len(receivers) > 1):
            # Which of them comes here may be just what was asked.
            continue
        for option in options:
            site = site_of(option)
            if site is not None and _is_tensor(option):
                name = program.name(site)
                what = f"`{name}`" if name else quoted(program, site, "this")
                raising = f"{callee(program, call, 'the update')} raises" if call.method in ASSIGNING else "it raises"
                yield Report(
                    site,
                    f"{what} is a tensor and no `tf.Variable`, so no update can change it: {raising}",
                    ((call.site, "updated here"),),
                    fix=as_variable(site),
                )


def _updated(program: Program) -> Iterator[tuple[Call, Value]]:
    """Each thing that an update is to change, with the update."""
    for call in program.trace.calls:
        step = call.argument(0)
        if call.method in ASSIGNING and call.receiver is not None and step is not None and gradient_behind(step):
            yield call, call.receiver
    for update in program.updates:
        pair = update.paired()
        if pair is not None and isinstance(pair[1], Display):
            yield from ((update.call, item) for item in pair[1].items)


@asked_once
def _is_tensor(value: Value) -> bool:
    """Whether `value` is surely a tensor or an array: made as one, or computed from a variable."""
    match value:
        case Result(call=call):
            return (call.op or "").startswith(_TENSORS)
        case Computed(operator="+" | "-" | "*" | "/" | "@", parts=parts):
            return any(kinds.of(part) == "variable" or _is_tensor(part) for part in parts)
    return False
