"""The way of a gradient: from a value back to what it was made from, and the operations at which that way ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from tapelint.program import kinds
from tapelint.program.knowledge import table
from tapelint.program.models import library_class, parts_of, variables_in
from tapelint.program.provenance import context_of, made_by, projected
from tapelint.program.tapes import ASKING, ASSIGNING, Gradients, choices_of_root
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
# A way over more values than this is given up.
_LIMIT = 3000

Goal = Callable[[Value], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """An operation that no gradient passes, with what it was given."""

    value: Value
    kind: CutKind
    given: tuple[Value, ...]
    site: Site
    context: Context


@dataclass(slots=True, eq=False)
class Way:
    """What a gradient comes to on its way back: models and layers that it passes, and cuts.

    When it is `lost`, part of the way is not known.
    """

    reached: bool = False
    lost: bool = False
    cuts: list[Cut] = field(default_factory=list)
    passed: dict[int, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Stride:
    """The values that a gradient goes on to from one value, and what ends there."""

    onward: tuple[Value, ...] = ()
    cut: Cut | None = None
    lost: bool = False


_END = _Stride()
_LOST = _Stride(lost=True)


def way_back(values: Iterable[Value], goal: Goal) -> Way:
    """The way of a gradient from these values towards a goal."""
    way = Way()
    seen: set[int] = set()
    pending = list(values)
    for value in pending:
        if id(value) in seen:
            continue
        seen.add(id(value))
        if goal(value):
            way.reached = True
            continue
        if isinstance(value, Result) and value.call.op == "forward":
            way.passed |= {id(model): model for model in alternatives(value.call.callee)}
        stride = _stride(value) if len(seen) <= _LIMIT else _LOST
        way.lost = way.lost or stride.lost
        if stride.cut is not None:
            way.cuts.append(stride.cut)
        pending.extend(stride.onward)
    return way


def passing(value: Value) -> Iterator[Value]:
    """Every value that a gradient of `value` passes on its ways back, as far as they are known."""
    seen: set[int] = set()
    pending = [value]
    for one in pending:
        if id(one) not in seen and len(seen) <= _LIMIT:
            seen.add(id(one))
            yield one
            pending.extend(_stride(one).onward)


def severing(target: Value, goal: Goal) -> list[Cut]:
    """The operations that keep every gradient of `target` from the goal: of each way the one nearest to the goal.

    None, if any way leads there or may do so.
    """
    way = way_back([target], goal)
    if way.reached or way.lost:
        return []
    return nearest(way.cuts, goal)


@dataclass(frozen=True, slots=True, eq=False)
class Detachment:
    """A cut, and the models and layers before it to which no other way leads."""

    cut: Cut
    layers: list[Value]


def detachments(output: Value) -> list[Detachment]:
    """The cuts on the ways back from `output` that keep all gradients from the layers before them."""
    way = way_back([output], _nothing)
    if way.lost:
        return []
    found: list[Detachment] = []
    seen: set[int] = set()
    pending = list(way.cuts)
    for cut in pending:
        if id(cut.value) not in seen:
            seen.add(id(cut.value))
            behind = way_back(cut.given, _nothing)
            pending.extend(behind.cuts)
            layers = [layer for key, layer in behind.passed.items() if key not in way.passed]
            if layers:
                found.append(Detachment(cut, layers))
    return found


def _nothing(_value: Value) -> bool:
    return False


def nearest(cuts: Iterable[Cut], goal: Goal) -> list[Cut]:
    """Of the cuts at which a goal is lost, and those behind them, the ones nearest to the goal."""
    found: dict[Site, Cut] = {}
    pending = list(cuts)
    seen: set[int] = set()
    for cut in pending:
        if id(cut.value) in seen:
            continue
        seen.add(id(cut.value))
        behind = way_back(cut.given, goal)
        if behind.reached:
            found.setdefault(cut.site, cut)
        else:
            pending.extend(behind.cuts)
    return list(found.values())


def sources_of(gradients: Gradients) -> Goal:
    """Whether a value is one of those that gradients are asked by: a variable, or a model or layer that has it."""
    wanted: set[int] = set()
    parameters = gradients.parameters
    for each in parameters or ():
        for root in choices_of_root(each.root):
            for part in (root, *parts_of(root)):
                wanted |= {id(part), *(id(each) for each in variables_in(part) if not _is_fixed(each))}
    if parameters is None and gradients.sources is not None:
        wanted |= {id(source) for source in listed_sources(gradients.sources)}
    return lambda value: _belongs(value, wanted)


def _is_fixed(variable: Value) -> bool:
    """Whether a variable is made as one that is not trained."""
    call = made_by(variable)
    given = call.argument(None, "trainable") if call is not None else None
    return isinstance(given, Constant) and given.value is False


def listed_sources(sources: Value) -> list[Value]:
    """The tensors in a list of sources, or the one that is no list."""
    listed: list[Value] = []
    for option in alternatives(sources):
        listed += (
            [part for item in option.operands() for part in alternatives(item)]
            if isinstance(option, (Display, Mapping))
            else [option]
        )
    return listed


def _belongs(value: Value, wanted: set[int]) -> bool:
    if id(value) in wanted:
        return True
    if isinstance(value, Result) and value.call.op == "forward" and value.call.body is None:
        return any(_contains(model, wanted) for model in alternatives(value.call.callee))
    if isinstance(value, Attribute):
        # What an object out of view calls one of its parts.
        return id(projected(value)) in wanted
    return False


def _contains(model: Value, wanted: set[int]) -> bool:
    """Whether `model` is, has or belongs to one of the wanted."""
    return id(projected(model)) in wanted or any(id(part) in wanted for part in parts_of(model))


# One step back


def _stride(value: Value) -> _Stride:
    context = context_of(value)
    if context is not None and _redefines_gradients(context):
        return _LOST
    match value:
        case Constant() | Library() | Function() | Class() | ModuleValue() | Parameter() | SliceValue():
            return _END
        case Choice() | Display() | Mapping() | Element():
            return _Stride(tuple(value.operands()))
        case Item(of=of, index=index):
            return _Stride((of,), _cut(value, "steps", (index,), value.site, value.context))
        case Computed(operator=operator, parts=parts) if operator in _SMOOTH:
            return _Stride(parts)
        case Computed(operator=operator) if operator in _UNRELATED:
            return _END
        case Computed():
            return _Stride(cut=_cut(value, "steps", value.parts, value.site, value.context))
        case _ if kinds.of(value) == "variable":
            return _stride_of_variable(value)
        case Attribute():
            return _stride_of_attribute(value)
        case Instance(cls=cls):
            return _END if isinstance(cls, Library) else _LOST
        case Result(call=call):
            return _stride_of_call(value, call)
        case Unknown(reason=reason):
            return _END if reason in _DATA else _LOST
    return _LOST


def _cut(value: Value, kind: CutKind, given: Iterable[Value], site: Site, context: Context) -> Cut:
    return Cut(value, kind, tuple(given), site, context)


def _redefines_gradients(context: Context) -> bool:
    """Whether the program says itself what the gradients of its operations are."""
    for frame in context.frame.stack():
        if frame.function is not None and frame.function.marks & {"custom_gradient", "recompute_grad"}:
            return True
    return any(isinstance(one, Result) and one.call.method == "gradient_override_map" for one in context.managers)


def _stride_of_attribute(value: Attribute) -> _Stride:
    if value.name in _DESCRIBING:
        return _END
    holder = projected(value)
    if isinstance(holder, (Library, Constant)):
        return _END
    if kinds.of(value.of) == "variable":
        return _Stride((value.of,))
    if value.name == "indices" and isinstance(value.of, Result):
        # Of `tf.math.top_k`.
        return _Stride(cut=_cut(value, "steps", (value.of,), value.of.call.site, value.of.call.context))
    # Whatever an object from elsewhere holds may be one of its variables.
    return _Stride((value.of,)) if isinstance(holder, (Result, Computed, Unknown)) else _LOST


def _stride_of_variable(value: Value) -> _Stride:
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
    return _Stride(cut=_cut(value, "assigned", given, calls[-1].site, calls[-1].context))


def _stride_of_call(value: Value, call: Call) -> _Stride:
    op = call.op
    if op is None:
        return _stride_of_unknown_call(value, call)
    if op == "forward":
        return _stride_of_forward(value, call)
    kind = _kind_of_cut(call)
    if kind is not None:
        given = _counted_by(call) if kind == "metric" else call.operands()
        return _Stride(cut=_cut(value, kind, given, call.site, call.context))
    if op in _gradients("empty") or op.startswith("tensorflow.data."):
        return _END
    if op == "keras.Loss.__call__" and call.body is not None:
        return _Stride((call.body,))
    if op.startswith("tensorflow.Variable.") and call.method in ("read_value", "value") and call.receiver is not None:
        return _Stride((call.receiver,))
    if call.method in ASKING:
        return _Stride(tuple(call.operands()))
    position = table("gradients")["positions"].get(op)
    if position is not None:
        return _stride_beside(value, call, call.argument(*position))
    if op.startswith(_KNOWN):
        return _Stride((*call.arguments, *call.keywords.values()), lost=call.opaque)
    return _LOST


# Libraries whose functions pass gradients on to all their arguments, unless a table says something else.
_KNOWN = ("tensorflow.", "keras.", "builtins.", "tensorflow_probability.", "itertools.", "functools.")


def _stride_beside(value: Value, call: Call, index: Value | None) -> _Stride:
    """The way on through a function that gives a gradient to all its arguments but one."""
    onward = tuple(each for each in (*call.arguments, *call.keywords.values()) if each is not index)
    cut = _cut(value, "steps", (index,), call.site, call.context) if index is not None else None
    return _Stride(onward, cut, call.opaque)


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


def _stride_of_forward(value: Value, call: Call) -> _Stride:
    """The way on through a model or layer that does not have what is looked for."""
    if call.body is not None:
        return _Stride((call.body,))
    given = (*call.arguments, *call.keywords.values())
    for model in alternatives(call.callee):
        if library_class(model) in _gradients("layers"):
            return _Stride(cut=_cut(value, "steps", given, call.site, call.context))
        if not isinstance(model, Instance) or not isinstance(model.cls, Library):
            return _LOST
    return _Stride(given, lost=call.opaque)


def _stride_of_unknown_call(value: Value, call: Call) -> _Stride:
    receiver = call.receiver
    if call.method is None or receiver is None:
        return _LOST
    if call.method in table("gradients")["arrays"]["methods"]:
        return _Stride(cut=_cut(value, "array", (receiver,), call.site, call.context))
    if _is_tensor(receiver):
        return _Stride(tuple(call.operands()), lost=call.opaque)
    return _LOST


def _is_tensor(value: Value) -> bool:
    """Whether a value was computed, so that its methods compute something from it and nothing else."""
    options = [projected(option) for option in alternatives(value)]
    return all(isinstance(option, (Result, Computed)) for option in options)
