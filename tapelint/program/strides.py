"""One step of a gradient on its way back: the values that it goes on to from one value, and what ends there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tapelint.program import kinds
from tapelint.program.knowledge import table
from tapelint.program.models import library_class
from tapelint.program.provenance import context_of, made_by, projected
from tapelint.program.tapes import ASKING, ASSIGNING
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Attribute,
    Choice,
    Class,
    Computed,
    Constant,
    Display,
    Element,
    Function,
    Instance,
    Item,
    Library,
    Mapping,
    ModuleValue,
    Parameter,
    Result,
    Site,
    SliceValue,
    Unknown,
    Value,
    alternatives,
)

CutKind = Literal["array", "prediction", "steps", "flat", "metric", "assigned"]
"""Why a gradient ends: numbers that left TensorFlow, or came from `predict`; a function in steps, or flat between them;
a metric, which keeps accounts; a variable, which is assigned a value and forgets where that comes from."""

_SMOOTH = frozenset({"+", "-", "*", "/", "**", "@", "%"})
_UNRELATED = frozenset({"iterate", "match", "f-string"})
# What a tensor tells about itself without being asked for its numbers.
_DESCRIBING = frozenset({"shape", "dtype", "name", "ndim", "device", "graph", "op"})
# What is not known of the data that a step gets has nothing to do with the variables.
_DATA = frozenset({"a batch", "the data of fit", "changed in a loop", "a key", "passed by a caller out of view"})
_PREDICTING = frozenset(
    {"keras.Model.predict", "keras.Model.predict_on_batch", "keras.Model.evaluate", "keras.Model.test_on_batch",
     "keras.Model.train_on_batch"}
)  # fmt: skip
_WHOLE = ("int", "uint", "bool")


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """An operation that no gradient passes, with what it was given."""

    value: Value
    kind: CutKind
    given: tuple[Value, ...]
    site: Site
    context: Context


@dataclass(frozen=True, slots=True, eq=False)
class Stride:
    """The values that a gradient goes on to from one value, and what ends there."""

    onward: tuple[Value, ...] = ()
    cut: Cut | None = None
    lost: bool = False


_END = Stride()
LOST = Stride(lost=True)


def stride(value: Value) -> Stride:
    context = context_of(value)
    if context is not None and _redefines_gradients(context):
        return LOST
    match value:
        case Constant() | Library() | Function() | Class() | ModuleValue() | Parameter() | SliceValue():
            return _END
        case Choice() | Display() | Mapping() | Element():
            return Stride(tuple(value.operands()))
        case Item(of=of, index=index):
            return Stride((of,), _cut(value, "steps", (index,), value.site, value.context))
        case Computed(operator=operator, parts=parts) if operator in _SMOOTH:
            return Stride(parts)
        case Computed(operator=operator) if operator in _UNRELATED:
            return _END
        case Computed():
            return Stride(cut=_cut(value, "steps", value.parts, value.site, value.context))
        case _ if kinds.of(value) == "variable":
            return _stride_of_variable(value)
        case Attribute():
            return _stride_of_attribute(value)
        case Instance(cls=cls):
            return _END if isinstance(cls, Library) else LOST
        case Result(call=call):
            return _stride_of_call(value, call)
        case Unknown(reason=reason):
            return _END if reason in _DATA else LOST
    return LOST


def _cut(value: Value, kind: CutKind, given: Iterable[Value], site: Site, context: Context) -> Cut:
    return Cut(value, kind, tuple(given), site, context)


def _redefines_gradients(context: Context) -> bool:
    """Whether the program says itself what the gradients of its operations are."""
    for frame in context.frame.stack():
        if frame.function is not None and frame.function.marks & {"custom_gradient", "recompute_grad"}:
            return True
    return any(isinstance(one, Result) and one.call.method == "gradient_override_map" for one in context.managers)


def _stride_of_attribute(value: Attribute) -> Stride:
    if value.name in _DESCRIBING:
        return _END
    holder = projected(value)
    if isinstance(holder, (Library, Constant)):
        return _END
    if kinds.of(value.of) == "variable":
        return Stride((value.of,))
    if value.name == "indices" and isinstance(value.of, Result):
        # Of `tf.math.top_k`.
        return Stride(cut=_cut(value, "steps", (value.of,), value.of.call.site, value.of.call.context))
    # Whatever an object from elsewhere holds may be one of its variables.
    return Stride((value.of,)) if isinstance(holder, (Result, Computed, Unknown)) else LOST


def _stride_of_variable(value: Value) -> Stride:
    """A variable holds numbers, and not where they come from, whoever made or assigned it."""
    made = made_by(value)
    assigning = [
        use.by
        for use in value.uses
        if use.kind == "receiver" and isinstance(use.by, Call) and use.by.method in ASSIGNING and use.by is not made
    ]
    calls = [*([made] if made is not None else []), *assigning]
    if not calls:
        return _END
    given = [operand for call in calls for operand in call.arguments]
    return Stride(cut=_cut(value, "assigned", given, calls[-1].site, calls[-1].context))


def _stride_of_call(value: Value, call: Call) -> Stride:
    op = call.op
    if op is None:
        return _stride_of_unknown_call(value, call)
    if op == "forward":
        return _stride_of_forward(value, call)
    kind = _kind_of_cut(call)
    if kind is not None:
        given = _counted_by(call) if kind == "metric" else call.operands()
        return Stride(cut=_cut(value, kind, given, call.site, call.context))
    if op in _gradients("empty") or op.startswith("tensorflow.data."):
        return _END
    if op == "keras.Loss.__call__" and call.body is not None:
        return Stride((call.body,))
    if op.startswith("tensorflow.Variable.") and call.method in ("read_value", "value") and call.receiver is not None:
        return Stride((call.receiver,))
    if call.method in ASKING:
        return Stride(tuple(call.operands()))
    position = table("gradients")["positions"].get(op)
    if position is not None:
        return _stride_beside(value, call, call.argument(*position))
    if op.startswith(_KNOWN):
        return Stride((*call.arguments, *call.keywords.values()), lost=call.opaque)
    return LOST


# Libraries whose functions pass gradients on to all their arguments, unless a table says something else.
_KNOWN = ("tensorflow.", "keras.", "builtins.", "tensorflow_probability.", "itertools.", "functools.")


def _stride_beside(value: Value, call: Call, index: Value | None) -> Stride:
    """The way on through a function that gives a gradient to all its arguments but one."""
    onward = tuple(each for each in (*call.arguments, *call.keywords.values()) if each is not index)
    cut = _cut(value, "steps", (index,), call.site, call.context) if index is not None else None
    return Stride(onward, cut, call.opaque)


def _kind_of_cut(call: Call) -> CutKind | None:
    """What kind of end a call of a library is, if no gradient passes it."""
    op = call.op or ""
    graph = any(frame.compiled != "no" for frame in call.context.frame.stack())
    if op == "builtins.float" and graph:
        # In a graph this is a cast, like `int` and `bool`.
        return None
    if op in _PREDICTING:
        return "prediction"
    if any(op == name or (name.endswith("*") and op.startswith(name[:-1])) for name in _gradients("arrays")):
        return "array"
    if op in _gradients("stops") or _casts_to_whole_numbers(call):
        return "steps"
    if op in _gradients("flat"):
        return "flat"
    if op.startswith("keras.Metric.") or op in _gradients("metrics"):
        return "metric"
    if op.startswith("tensorflow.Variable.") and call.method in ASSIGNING and _returns_itself(call.receiver):
        return "assigned"
    return None


def _returns_itself(variable: Value | None) -> bool:
    """Whether assigning a variable gives the variable, and not, as one of Keras does, what is assigned."""
    return variable is not None and library_class(variable) == "tensorflow.Variable"


def _counted_by(call: Call) -> list[Value]:
    """What a metric has been given, or is given by this call."""
    uses = call.receiver.uses if call.receiver is not None else []
    calls = [use.by for use in uses if use.kind == "receiver" and isinstance(use.by, Call)]
    return [argument for each in (call, *calls) for argument in (*each.arguments, *each.keywords.values())]


def _gradients(section: str) -> list[str]:
    names: list[str] = table("gradients")[section]["names"]
    return names


def _casts_to_whole_numbers(call: Call) -> bool:
    position = table("gradients")["casts"].get(call.op or "")
    wanted = call.argument(position, "dtype") if position is not None else None
    match wanted:
        case Library(name=name):
            return name.rpartition(".")[2].startswith(_WHOLE)
        case Constant(value=str() as name):
            return name.startswith(_WHOLE)
    return False


def _stride_of_forward(value: Value, call: Call) -> Stride:
    """The way on through a model or layer that does not have what is looked for."""
    if call.body is not None:
        return Stride((call.body,))
    given = (*call.arguments, *call.keywords.values())
    for model in alternatives(call.callee):
        if library_class(model) in _gradients("layers"):
            return Stride(cut=_cut(value, "steps", given, call.site, call.context))
        if not isinstance(model, Instance) or not isinstance(model.cls, Library):
            return LOST
    return Stride(given, lost=call.opaque)


def _stride_of_unknown_call(value: Value, call: Call) -> Stride:
    receiver = call.receiver
    if call.method is None or receiver is None:
        return LOST
    if call.method in table("gradients")["arrays"]["methods"]:
        return Stride(cut=_cut(value, "array", (receiver,), call.site, call.context))
    if _is_tensor(receiver):
        return Stride(tuple(call.operands()), lost=call.opaque)
    return LOST


def _is_tensor(value: Value) -> bool:
    """Whether a value was computed, so that its methods compute something from it and nothing else."""
    options = [projected(option) for option in alternatives(value)]
    return all(isinstance(option, (Result, Computed)) for option in options)
