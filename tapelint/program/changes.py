"""Python numbers that change from one turn of a loop to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tapelint.program.graphs import ARITHMETIC, is_draw, is_number
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call, Loop, Trace
from tapelint.program.values import (
    Attribute,
    Choice,
    Computed,
    Constant,
    Element,
    Item,
    Result,
    Unknown,
    Value,
    alternatives,
)

# Functions of numbers that give numbers; with all their arguments, so that `min(1.0, step / 1000)` is one.
_OF_NUMBERS = ("math.",)
_AMONG_BUILTINS = frozenset({"builtins.min", "builtins.max", "builtins.abs", "builtins.round", "builtins.pow"})
_READING = frozenset({"builtins.float", "builtins.int"})
# Numbers that these draw are floats and ints of Python's, where no size is asked for.
_PYTHONIC = frozenset(
    {"numpy.random.rand", "numpy.random.random", "numpy.random.uniform", "numpy.random.normal", "numpy.random.randint"}
)
_CLOCKS = frozenset({"time.time", "time.perf_counter", "time.monotonic"})
_DEEPEST = 12


def changing_number(trace: Trace, value: Value, loops: Sequence[Loop], depth: int = 0) -> Loop | None:
    """The loop among `loops` in each of whose turns `value` is another number, or text, of Python's; None on doubt."""
    if depth > _DEEPEST or not loops:
        return None

    def of(part: Value) -> Loop | None:
        return changing_number(trace, part, loops, depth + 1)

    match value:
        case Element(of=Result(call=call)) if call.op in ("builtins.range", "builtins.enumerate", "tqdm.trange"):
            return next((loop for loop in loops if _goes_through(loop, value.of)), None)
        case Computed(operator="f-string", parts=parts):
            return _first([of(part) for part in parts])
        case Computed(operator=operator, parts=parts) if operator in ARITHMETIC - {"//"}:
            changing = [of(part) for part in parts]
            if all(loop or is_number(part) for loop, part in zip(changing, parts, strict=True)):
                return _first(changing)
        case Result(call=call):
            return _of_call(trace, call, loops, depth)
        case Choice():
            return _of_choice(trace, value, loops, depth)
    return None


def _first(found: Sequence[Loop | None]) -> Loop | None:
    return next((loop for loop in found if loop is not None), None)


def _goes_through(loop: Loop, iterable: Value) -> bool:
    return loop.iterable is not None and any(one is iterable for one in ancestors(loop.iterable))


def _of_call(trace: Trace, call: Call, loops: Sequence[Loop], depth: int) -> Loop | None:
    """The loop in which a call gives another number each time."""
    op = call.op or ""
    inner = next((loop for loop in reversed(loops) if loop in call.context.loops), None)
    if op in _AMONG_BUILTINS or op.startswith(_OF_NUMBERS):
        found = [changing_number(trace, argument, loops, depth + 1) for argument in call.arguments]
        known = all(loop or is_number(given) for loop, given in zip(found, call.arguments, strict=True))
        return _first(found) if known else None
    if op in _READING and len(call.arguments) == 1:
        read = call.arguments[0]
        return changing_number(trace, read, loops, depth + 1) or (
            inner if _is_of_training(read) else _of_position(read, loops)
        )
    if op in _CLOCKS:
        return inner
    if is_draw(call) and (op.startswith("random.random") or op == "random.uniform" or op in _PYTHONIC):
        return inner if call.argument(2 if op != "numpy.random.rand" else 0, "size") is None else None
    if call.method == "item" and call.receiver is not None and _is_of_training(call.receiver):
        return inner
    return None


def _of_position(value: Value, loops: Sequence[Loop]) -> Loop | None:
    """The loop over a dataset that numbers its elements, if `value` is such a number."""
    match value:
        case Item(of=Element(of=Result(call=call)), index=Constant(value=0)) if (
            call.op == "tensorflow.data.Dataset.enumerate"
        ):
            return next((loop for loop in loops if _goes_through(loop, call.result)), None)
    return None


def _is_of_training(value: Value) -> bool:
    """Whether a value is another one after each step: a loss, a metric, or the count of steps."""
    for one in ancestors(value):
        match one:
            case Attribute(name="iterations"):
                return True
            case Result(call=call) if call.op in ("forward", "keras.Metric.result", "keras.Loss.__call__"):
                return True
    return False


def _of_choice(trace: Trace, value: Choice, loops: Sequence[Loop], depth: int) -> Loop | None:
    """The loop in which a counter is counted on; for other choices, that in which one of its numbers changes."""
    options = {id(option): option for option in alternatives(value)}
    rebound = [each.new for each in trace.rebindings if not options.keys().isdisjoint(map(id, alternatives(each.old)))]
    counting = [each for each in (*options.values(), *rebound) if _counts(each, options)]
    steps = {id(each) for each in counting}
    others = [option for option in options.values() if id(option) not in steps]
    if counting and any(is_number(other) for other in others) and all(map(_may_be_number, others)):
        around = [loop for each in counting if isinstance(each, Computed) for loop in each.context.loops]
        return next((loop for loop in reversed(loops) if loop in around), None)
    found = [changing_number(trace, option, loops, depth + 1) for option in others]
    known = all(loop or is_number(other) for loop, other in zip(found, others, strict=True))
    return _first(found) if known and not counting else None


def _counts(value: Value, options: Mapping[int, Value]) -> bool:
    """Whether `value` is one of the options, changed by a number."""
    if not isinstance(value, Computed) or value.operator not in ("+", "-", "*", "/"):
        return False
    own = [part for part in value.parts if not options.keys().isdisjoint(map(id, alternatives(part)))]
    return bool(own) and all(part in own or is_number(part) for part in value.parts)


def _may_be_number(value: Value) -> bool:
    return is_number(value) or isinstance(value, (Unknown, Attribute))
