"""What the analyzer believes of a value, in the words of a training program: the facts that checks ask for."""

from __future__ import annotations

from tapelint.program import kinds
from tapelint.program.arrays import order_of, size_of
from tapelint.program.description import portraits
from tapelint.program.description.declared import declared_type
from tapelint.program.description.doubts import doubt, is_known
from tapelint.program.description.naming import quoted
from tapelint.program.description.occasions import kind_of_file
from tapelint.program.description.ranks import rank
from tapelint.program.pipelines import dataset_behind
from tapelint.program.program import Program
from tapelint.program.provenance import context_of, is_operation
from tapelint.program.tapes import (
    ASKING,
    Fate,
    Gradients,
    fate,
    gradient_behind,
    parameters_of,
    tapes_behind,
)
from tapelint.program.trace import Call, Context, Training
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
    Result,
    Super,
    Unknown,
    Value,
    alternatives,
)

# Of containers, so many items are spelled out, so deep.
_MOST = 6
_DEPTH = 4

_FATES: dict[Fate, str] = {
    "applied": "applied",
    "escaped": "handed on",
    "differentiated": "differentiated once more",
    "displayed": "only displayed",
    "dead": "dead",
}

_MODES: dict[Training, str] = {"on": "on", "off": "off", "unset": "not set", "unknown": "not known"}


def describe(value: Value, program: Program, depth: int = _DEPTH) -> str:
    """What is believed of `value`, or why nothing is."""
    if depth == 0:
        return "…"
    if isinstance(value, Choice):
        told = [describe(option, program, depth) for option in alternatives(value)]
        return ", or ".join(dict.fromkeys(told))
    return (
        _plain(value, program)
        or _of_training(value, program)
        or _container(value, program, depth)
        or _measured(value)
        or _part(value, program, depth)
        or _unknown(value, program)
    )


def surroundings(context: Context, program: Program) -> str:
    """What is believed of a place: the loops around it, the tapes that record it, and whether it runs in a graph."""
    return ", ".join([loops(context), recording(context, program) or "not recorded", compilation(context)])


# Things of the language


def _plain(value: Value, program: Program) -> str | None:
    match value:
        case Unknown(reason="__file__"):
            return kind_of_file(program)
        case Constant():
            return repr(value.value)
        case Library(name=name) if is_known(name):
            return f"library `{name}`"
        case ModuleValue(module=module):
            return f"module `{portraits.path_of(module, program)}`"
        case Function():
            return _function(value)
        case Class(node=node):
            kind = kinds.of_class(value)
            return f"class `{node.name}`" + (f", a {kind}" if kind else "")
        case Super(owner=owner):
            return f"what `{owner.node.name}` inherits"
    return None


def _function(function: Function) -> str:
    if function.owner is not None:
        told = f"method `{function.node.name}` of `{function.owner.node.name}`"
    else:
        told = f"function `{function.node.name}`"
    if function.bound is not None:
        told += ", with arguments bound"
    return told + {"yes": ", compiled", "unknown": ", maybe compiled", "no": ""}[function.compiled]


# Things of training


def _of_training(value: Value, program: Program) -> str | None:
    tapes = tapes_behind(value)
    if tapes:
        wrapped = "" if isinstance(value, Instance) else f", wrapped by {quoted(_callee(value), program, 'something')}"
        return " or ".join(f"tape {quoted(tape, program, 'without a name')}" for tape in tapes) + wrapped
    outcome = portraits.outcome(value, program)
    if outcome is not None:
        return outcome
    request = gradients_of(value)
    if request is not None:
        return describe_gradients(request, program)
    if _behind_gradients(value):
        return _from_gradients(value, program)
    parameters = parameters_of(value)
    if parameters is not None:
        return portraits.variables(parameters, program)
    return portraits.portrait(value, program) or _computed(value, program)


def gradients_of(value: Value) -> Gradients | None:
    """The request that gave `value`; None when it is no gradient of a known tape."""
    if isinstance(value, Result) and value.call.method in ASKING and value.call.receiver is not None:
        tapes = tapes_behind(value.call.receiver)
        return Gradients(value.call, tapes) if tapes else None
    return None


def describe_gradients(gradients: Gradients, program: Program) -> str:
    """By what the gradients are taken, and what becomes of them."""
    noun = "gradients" if gradients.call.method == "gradient" else str(gradients.call.method)
    order = "" if gradients.first_order or gradients.call.method != "gradient" else ", not of first order"
    return f"{noun} by {sources(gradients, program)}{order}: {_FATES[fate(gradients.call.result)]}"


def sources(gradients: Gradients, program: Program) -> str:
    """By what gradients are taken: parameters of a model, variables, or something that is neither for sure."""
    if gradients.sources is None:
        return "something out of view"
    if gradients.parameters is not None:
        return portraits.variables(gradients.parameters, program)
    why = doubt(gradients.sources, program)
    if why is not None:
        return f"something unknown: {why}"
    if isinstance(gradients.sources, Display) and gradients.sources.items:
        named = [quoted(item, program, "something") for item in gradients.sources.items[:_MOST]]
        return f"{' and '.join(dict.fromkeys(named))}, no parameters"
    return f"{quoted(gradients.sources, program, 'something')}, no parameters"


def _behind_gradients(value: Value) -> bool:
    """Whether `value` is computed from gradients, or picked from them."""
    return isinstance(value, (Result, Computed, Item, Element)) and bool(gradient_behind(value))


def _from_gradients(value: Value, program: Program) -> str:
    """One of the gradients of a list, or something computed from gradients."""
    (call,) = gradient_behind(value)[:1]
    asked = Gradients(call, tapes_behind(call.receiver) if call.receiver is not None else [])
    match value, asked.sources:
        case Item(of=of, index=Constant(value=int() as index)), Display(items=items, open=False) if (
            of is call.result and index < len(items)
        ):
            known = parameters_of(items[index])
            by = portraits.variables(known, program) if known else quoted(items[index], program, "something")
            return f"gradient by {by}: {_FATES[fate(value)]}"
    return f"value computed from gradients by {sources(asked, program)}: {_FATES[fate(value)]}"


def _callee(value: Value) -> Value:
    assert isinstance(value, Result)
    return value.call.callee


# Numbers and tensors


def _computed(value: Value, program: Program) -> str | None:
    if isinstance(value, Result) and value.call.op == "forward":
        return _output(value.call, program)
    told = rank(value, program)
    if told is None:
        return None
    context = context_of(value)
    recorded = recording(context, program) if context is not None else None
    return told + (f", {recorded}" if recorded else "")


def _output(call: Call, program: Program) -> str:
    model = call.receiver if call.receiver is not None else call.callee
    noun = "output of" if kinds.of(model) != "layer" else "output of layer"
    told = f"{noun} {quoted(model, program, portraits.class_name(model))}"
    recorded = recording(call.context, program)
    return ", ".join([told, *training(call), *([recorded] if recorded else [])])


def training(call: Call) -> list[str]:
    """How a forward pass leaves the layers that behave differently in training; empty when there is none in view."""
    by_mode: dict[Training, list[str]] = {}
    for layer, mode in call.leaves:
        by_mode.setdefault(mode, []).append(portraits.class_name(layer))
    return [f"training {_MODES[mode]} for {', '.join(sorted(set(layers)))}" for mode, layers in by_mode.items()]


def recording(context: Context, program: Program) -> str | None:
    """The tapes that record in these surroundings."""
    if context.paused:
        return None
    tapes = {id(tape): tape for manager in context.managers for tape in tapes_behind(manager)}
    names = [quoted(tape, program, "a tape without a name") for tape in tapes.values()]
    return f"recorded by {' and '.join(dict.fromkeys(names))}" if names else None


def loops(context: Context) -> str:
    """How many loops are around a place, or that Keras goes through the data there."""
    fitted = any(loop.kind == "fit" for loop in context.loops)
    if fitted:
        return "driven by `fit`"
    return ("not in a loop", "in a loop", "in two loops")[len(context.loops)] if len(context.loops) < 3 else "in loops"


def compilation(context: Context) -> str:
    """Whether what happens in these surroundings is part of a graph, and by which function."""
    frames = [frame for frame in context.frame.stack() if frame.function is not None]
    for frame in frames:
        if frame.compiled != "no" and frame.function is not None:
            sure = "" if frame.compiled == "yes" else "maybe "
            return f"{sure}in the graph of `{frame.function.node.name}`"
    if frames and frames[-1].root:
        return "eager as far as can be seen"
    return "eager"


def _measured(value: Value) -> str | None:
    size, order = size_of(value), order_of(value)
    if isinstance(value, Constant) or (size is None and order in (None, "constant")):
        return None
    if size is None and not isinstance(value, (Result, Item, Attribute)):
        return None
    rows = f" of {size} rows" if size is not None else ""
    ordered = {"ordered": ", in an order that may mean something", "random": ", in random order"}.get(order or "", "")
    return f"array{rows}{ordered}"


# What is made of other things


def _container(value: Value, program: Program, depth: int) -> str | None:
    match value:
        case Display(kind=kind, items=items):
            told = [describe(item, program, depth - 1) for item in items[:_MOST]]
            more = [] if len(items) <= _MOST and not value.open else ["…"]
            noun = "generator" if "generator" in value.marks else kind
            return f"{noun} of {'; '.join([*told, *more]) or 'nothing'}"
        case Mapping(entries=entries, others=others):
            told = [f"{key!r}: {describe(entry, program, depth - 1)}" for key, entry in list(entries.items())[:_MOST]]
            told += [f"…: {describe(other, program, depth - 1)}" for other in others[:_MOST]]
            more = ["…"] if value.open and not others else []
            return f"dict of {'; '.join([*told, *more]) or 'nothing'}"
    return None


def _part(value: Value, program: Program, depth: int) -> str | None:
    match value:
        case Unknown(reason="per replica" | "a batch" as reason, sources=(source, *_)):
            inner = describe(source, program, depth - 1)
            return f"{inner}, on each replica" if reason == "per replica" else f"a batch of {inner}"
        case Element(of=Result(call=call)) if call.op == "builtins.enumerate":
            return "a counter"
        case Element(of=of) if kinds.of(dataset_behind(of)) == "dataset":
            return portraits.drawn(dataset_behind(of), program)
        case Element(of=of):
            return f"each of {quoted(of, program, 'something')}"
        case Item(of=Item() as of) if _is_batch(of):
            return describe(of, program, depth)
        case Item(of=of) if _is_batch(of):
            return f"part of {describe(of, program, depth - 1)}"
        case Result(call=call) if call.op == "functools.partial" and call.arguments:
            return f"{describe(call.arguments[0], program, depth - 1)}, with arguments bound"
        case Result(call=call) if is_known(call.op or ""):
            recorded = recording(call.context, program) if is_operation(value) else None
            return f"result of `{call.op}`{f', {recorded}' if recorded else ''}"
        case Attribute(of=of, name=name) if doubt(value, program) is None:
            return f"`{name}` of {describe(of, program, depth - 1)}"
    return None


def _is_batch(value: Value) -> bool:
    """Whether `value` is what a loop takes from a dataset or Keras hands to a step, or a part of it."""
    match value:
        case Element() | Unknown(reason="a batch"):
            return True
        case Item(of=of):
            return _is_batch(of)
    return False


def _unknown(value: Value, program: Program) -> str:
    declared = declared_type(value, program)
    if declared is not None:
        return f"unknown ({declared}, from {quoted(value, program, 'out of view')})"
    reason = doubt(value, program)
    if reason is not None:
        return f"unknown: {reason}"
    if isinstance(value, Computed):
        reasons = [why for part in value.parts if (why := doubt(part, program)) is not None]
        return f"computed by `{value.operator}`" + (f", unknown: {reasons[0]}" if reasons else "")
    return quoted(value, program, "a value")
