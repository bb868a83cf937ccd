"""Checks of how a trained model is asked: Keras's loops are for much data at once, not for one example at a time."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program import kinds
from tapelint.program.graphs import turns
from tapelint.program.pipelines import dataset_behind
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call, Loop
from tapelint.program.values import (
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Item,
    Library,
    Result,
    Site,
    SliceValue,
    Value,
    alternatives,
    is_none,
)
from tapelint.syntax import tree

_KERAS_LOOPS = ("keras.Model.predict", "keras.Model.evaluate")
_ADDING_AXIS = frozenset(
    {"numpy.expand_dims", "tensorflow.expand_dims", "keras.ops.expand_dims", "keras.backend.expand_dims"}
)
_LISTING = frozenset(
    {"numpy.array", "numpy.asarray", "tensorflow.constant", "tensorflow.convert_to_tensor", "numpy.stack"}
)
_RESHAPING = frozenset({"numpy.reshape", "tensorflow.reshape", "keras.ops.reshape"})

# Whoever asks a person in each turn is not in a hurry.
_WAITING = frozenset({"builtins.input"})

# Some calls more or less do not matter: each costs some tens of milliseconds.
_FEW = 16


@check
def predict_in_loop(program: Program) -> Reports:
    for call in program.calls(*_KERAS_LOOPS):
        data = call.argument(0, "x")
        loops = [loop for loop in call.context.loops if loop.kind != "fit"]
        if data is None or not loops or _runs_seldom(loops) or _waits(program, loops) or _is_taped(call):
            continue
        what = _portion(data, call)
        if what is not None:
            yield Report(
                call.site,
                f"{callee(program, call, 'the model')} starts a whole `{call.method}` for {what}: "
                "that costs many times what calling the model does",
                ((loops[-1].site, "in this loop"),),
                fix=_as_call(program, call),
            )


def _as_call(program: Program, call: Call) -> Repair | None:
    """Call the model instead; only where nothing but the inputs is passed, and perhaps how much is to be shown."""
    node = program.nodes(call.site.module)[call.site.node]
    if call.method != "predict" or not isinstance(node, tree.Call) or not isinstance(node.function, tree.Attribute):
        return None
    others = [each for each in node.arguments[1:] if each.keyword != "verbose"]
    if others or not node.arguments or node.arguments[0].star or node.arguments[0].keyword not in (None, "x"):
        return None
    model, inputs = (Site(call.site.module, each.id) for each in (node.function.value, node.arguments[0].value))
    text = (model, "(", inputs, ", training=False).numpy()")
    return Repair("call the model instead", "unsafe", (Replace(call.site, text),))


def _is_taped(call: Call) -> bool:
    """Whether a tape is recording, which is another matter: it records nothing of this."""
    return any(kinds.of(manager) == "tape" for manager in call.context.managers)


def _runs_seldom(loops: list[Loop]) -> bool:
    total = 1
    for loop in loops:
        count = turns(loop)
        if count is None:
            return False
        total *= count
    return total < _FEW


def _waits(program: Program, loops: list[Loop]) -> bool:
    return any(call.op in _WAITING and loops[-1] in call.context.loops for call in program.trace.calls)


def _portion(data: Value, call: Call) -> str | None:
    """What small part of the data a call is for, if that comes with the turns of the loop around it."""
    for value in _passed_on(data):
        if _is_one_example(value) and _changes(value, call):
            return "one example"
        if isinstance(value, Element) and kinds.of(dataset_behind(value.of)) == "dataset" and _is_turned(value, call):
            return "each batch"
    return None


def _passed_on(data: Value) -> Iterator[Value]:
    """The data, and what it was converted from without changing the number of examples."""
    pending = list(alternatives(data))
    for value in pending:
        yield value
        if len(pending) > 40:
            return
        match value:
            case Item(of=of, index=Constant()):
                pending.extend(alternatives(of))
            case Computed(operator="/" | "*" | "-" | "+", parts=parts):
                pending.extend(option for part in parts for option in alternatives(part))
            case Result(call=call) if call.method in ("astype", "numpy") and call.receiver is not None:
                pending.extend(alternatives(call.receiver))
            case Result(call=call) if call.op in ("tensorflow.cast", "tensorflow.convert_to_tensor", "numpy.asarray"):
                pending.extend(option for each in call.arguments[:1] for option in alternatives(each))


def _is_one_example(value: Value) -> bool:
    """Whether a value is a batch of one, made so: by a new first axis, a list of one, or a slice of one row."""
    match value:
        case Item(index=index):
            return _adds_axis(index) or _is_one_row(index)
        case Result(call=call) if call.op in _ADDING_AXIS:
            axis = call.argument(1, "axis")
            return isinstance(axis, Constant) and axis.value == 0
        case Result(call=call) if call.op in _LISTING and call.arguments:
            listed = call.arguments[0]
            return isinstance(listed, Display) and not listed.open and len(listed.items) == 1
        case Result(call=call) if call.op in _RESHAPING or (call.op is None and call.method == "reshape"):
            shape = call.arguments[1:] if call.op in _RESHAPING else call.arguments
            first = shape[0] if shape else call.argument(None, "newshape")
            if isinstance(first, Display) and first.items and not first.open:
                first = first.items[0]
            return isinstance(first, Constant) and first.value == 1 and first.value is not True
    return False


def _adds_axis(index: Value) -> bool:
    first = index.items[0] if isinstance(index, Display) and index.items else index
    return is_none(first) or (isinstance(first, Library) and first.name in ("numpy.newaxis", "tensorflow.newaxis"))


def _is_one_row(index: Value) -> bool:
    """Whether an index is `i:i + 1`."""
    first = index.items[0] if isinstance(index, Display) and index.items else index
    if not isinstance(first, SliceValue) or first.lower is None or not isinstance(first.upper, Computed):
        return False
    parts = first.upper.parts
    return first.upper.operator == "+" and first.lower in parts and any(_is_one(part) for part in parts)


def _is_one(value: Value) -> bool:
    return isinstance(value, Constant) and value.value == 1


def _is_turned(value: Element, call: Call) -> bool:
    """Whether a loop around the call goes through what `value` is an element of."""
    given = [loop.iterable for loop in call.context.loops if loop.iterable is not None]
    return any(one is value.of for iterable in given for one in ancestors(iterable))


def _changes(value: Value, call: Call) -> bool:
    """Whether a value is another one in each turn of a loop around the call."""
    for one in ancestors(value):
        if isinstance(one, Element) and _is_turned(one, call):
            return True
        if isinstance(one, Choice) and len(one.options) > 1:
            return True
        if isinstance(one, Result) and one.call.context.loops and one.call.context.loops[-1] in call.context.loops:
            return True
    return False
