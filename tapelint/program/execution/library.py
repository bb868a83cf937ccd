"""What calls into libraries do beyond returning something: wrap functions, run them, change lists and models.

A behaviour takes the running execution and the recorded call, and returns the value of the call, or None to leave it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.program import kinds
from tapelint.program.knowledge import canonical
from tapelint.program.models import ADDED, BATCH
from tapelint.program.provenance import site_of
from tapelint.program.trace import Call, Loop
from tapelint.program.values import (
    Attribute,
    Class,
    Compilation,
    Constant,
    Display,
    Element,
    Function,
    Instance,
    Library,
    Mapping,
    Result,
    SliceValue,
    Super,
    Unknown,
    Value,
    Wrapping,
    alternatives,
    is_none,
    join,
)

if TYPE_CHECKING:
    from tapelint.program.execution.expressions import Expressions

Behaviour = Callable[["Expressions", Call], Value | None]
BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(*names: str) -> Callable[[Behaviour], Behaviour]:
    """File a behaviour under canonical names; `.name` stands for the method of an object that is not known."""

    def file(function: Behaviour) -> Behaviour:
        for name in names:
            BEHAVIOURS[name] = function
        return function

    return file


def compiled(function: Function, compilation: Compilation, wrapping: Wrapping | None = None) -> Function:
    """The same function, as a graph function (`yes`) or as something that may be one (`unknown`)."""
    copy = replace(function, compiled=compilation, wrapping=wrapping or function.wrapping)
    copy.attributes, copy.marks = function.attributes, function.marks
    return copy


# Wrappers of functions

_GRAPHS = frozenset({"tensorflow.function", "tensorflow.compat.v1.function"})


@behaviour(*_GRAPHS)
def _tf_function(_machine: Expressions, call: Call) -> Value | None:
    wrapped = call.argument(0, "func")
    functions = [option for option in alternatives(wrapped) if isinstance(option, Function)] if wrapped else []
    wrapping = Wrapping(call.site, call.context, options_of(call))
    return join([compiled(function, "yes", wrapping) for function in functions]) if functions else None


def options_of(decorator: Value | Call) -> dict[str, Value]:
    """The options that `tf.function(…)` is given, whether it has its function already or not."""
    call = decorator.call if isinstance(decorator, Result) else decorator
    if not isinstance(call, Call):
        return {}
    signature = call.argument(1) if call.op in _GRAPHS else None
    return {**call.keywords, **({"input_signature": signature} if signature is not None else {})}


def makes_graphs(decorator: Value) -> bool:
    """Whether a decorator is `tf.function`, with or without options, or a `partial` of it."""
    match decorator:
        case Library(name=name) | Result(call=Call(op=str(name))) if name in _GRAPHS:
            return True
        case Result(call=call) if call.op == "functools.partial" and call.arguments:
            return makes_graphs(call.arguments[0])
    return False


# Decorators, and functions that make one, which leave what a function does and how it runs as they are.
_KEEPING = frozenset(
    {"functools.wraps", "functools.lru_cache", "functools.cache", "functools.singledispatch",
     "contextlib.contextmanager", "abc.abstractmethod", "typing.override", "typing.final", "typing.no_type_check",
     "atexit.register",
     "typing_extensions.override", "dataclasses.dataclass", "keras.saving.register_keras_serializable",
     "keras.utils.register_keras_serializable", "tensorflow.Module.with_name_scope",
     "tensorflow.autograph.experimental.do_not_convert"}
)  # fmt: skip


def decorate(decorator: Value, function: Function, call: Callable[[], Value]) -> Value:
    """What the name of a decorated function is bound to."""
    if makes_graphs(decorator):
        return compiled(function, "yes")
    match decorator:
        case Result(call=Call(op=name)) | Library(name=name) if name in _KEEPING:
            return function
        case Function() | Class():
            return call()
        case Attribute(of=Function() as getter, name="setter" | "deleter") if "property" in getter.marks:
            # What is assigned is kept under the same name, and reading it is still up to the getter.
            return getter
    name = getattr(decorator, "name", "") if not isinstance(decorator, Attribute) else decorator.name
    if name in ("builtins.staticmethod", "builtins.classmethod", "builtins.property", "functools.cached_property"):
        function.marks.add(name.rpartition(".")[2])
        return function
    if name == "tensorflow.custom_gradient":
        function.marks.add("custom_gradient")
        return function
    # An unknown decorator may compile the function, but nearly all keep its meaning.
    return compiled(function, "unknown")


@behaviour("functools.partial")
def _partial(machine: Expressions, call: Call) -> Value | None:
    if not call.arguments or call.spread:
        return None
    functions = [
        replace(option, bound=(call.arguments[1:], dict(call.keywords)))
        for option in alternatives(call.arguments[0])
        if isinstance(option, Function) and option.bound is None
    ]
    return join([machine.made(function) for function in functions]) if functions else None


@behaviour("tensorflow.custom_gradient", "tensorflow.recompute_grad", "functools.lru_cache", "functools.cache")
def _same_function(_machine: Expressions, call: Call) -> Value | None:
    if call.arguments and isinstance(call.arguments[0], Function):
        call.arguments[0].marks.add((call.op or "").rpartition(".")[2])
        return call.arguments[0]
    return None


# Functions that run the functions they are given


@behaviour(
    "tensorflow.distribute.Strategy.run",
    "tensorflow.distribute.Strategy.experimental_run_v2",
    "tensorflow.distribute.Strategy.call_for_each_replica",
)
def _strategy_run(machine: Expressions, call: Call) -> Value | None:
    return _run_with_args(machine, call)


@behaviour(".run", ".experimental_run_v2")
def _maybe_strategy_run(machine: Expressions, call: Call) -> Value | None:
    """`run(step, args=…)` of an object that was not made in view is a strategy's."""
    return _run_with_args(machine, call) if call.argument(1, "args") is not None else None


def _run_with_args(machine: Expressions, call: Call) -> Value | None:
    step, given = call.argument(0, "fn"), call.argument(1, "args")
    if not isinstance(step, (Function, Library)):
        return None
    arguments, spread = ([], []) if given is None else _spread(given)
    passed = call.argument(2, "kwargs")
    keywords = {str(key): value for key, value in passed.entries.items()} if isinstance(passed, Mapping) else {}
    if isinstance(step, Function) and step.compiled == "no":
        step = compiled(step, "unknown")
    inner = machine.call(step, arguments, keywords, spread, call.site)
    return machine.unknown("per replica", inner, call.result)


def _spread(given: Value) -> tuple[list[Value], list[Value]]:
    return (list(given.items), []) if isinstance(given, Display) and not given.open else ([], [given])


@behaviour(
    "tensorflow.data.Dataset.map",
    "tensorflow.data.Dataset.filter",
    "tensorflow.data.Dataset.flat_map",
    "tensorflow.data.Dataset.interleave",
    "tensorflow.data.Dataset.apply",
)
def _pipeline_function(machine: Expressions, call: Call) -> Value | None:
    function = call.argument(0, "map_func") or call.argument(0, "predicate")
    if isinstance(function, Function) and call.receiver is not None:
        graph = compiled(function, "yes")
        if call.method == "apply":
            return machine.call(graph, [call.receiver], {}, [], call.site)
        element = machine.element(call.receiver, call.site)
        wanted = [each for each in function.node.parameters if each.kind in ("positional", "either")]
        count = len(wanted) - (1 if function.receiver is not None else 0)
        arguments = [element] if count <= 1 else [machine.item(element, Constant(n), call.site) for n in range(count)]
        call.body = machine.call(graph, arguments, {}, [], call.site)
    return None


@behaviour(
    "tensorflow.map_fn",
    "tensorflow.vectorized_map",
    "tensorflow.scan",
    "tensorflow.foldl",
    "builtins.map",
    "builtins.filter",
)
def _map_function(machine: Expressions, call: Call) -> Value | None:
    function = call.argument(0, "fn")
    if not isinstance(function, (Function, Class)) or call.spread:
        return None
    arguments = [machine.element(each, call.site) for each in call.arguments[1:]]
    result = machine.call(function, arguments, {}, [], call.site)
    return machine.made(Display("list", [result], open=True))


@behaviour("tensorflow.cond", "tensorflow.case", "tensorflow.while_loop", "tensorflow.switch_case", "keras.ops.cond")
def _branch_functions(machine: Expressions, call: Call) -> Value | None:
    functions = [value for value in (*call.arguments, *call.keywords.values()) if isinstance(value, Function)]
    results = [machine.call(function, [], {}, [], call.site) for function in functions]
    return machine.unknown("one of several branches", *results, call.result) if results else None


@behaviour("keras.Model.fit", "keras.Model.train_on_batch")
def _fit(machine: Expressions, call: Call) -> Value | None:
    data = call.argument(0, "x")
    if call.method == "fit" and isinstance(data, Instance) and kinds.of(data) == "pydataset":
        _go_through(machine, call, data)
    _run_forward(machine, call)
    return _driven(machine, call, "train_step")


def _run_forward(machine: Expressions, call: Call) -> None:
    """Keras runs a model that says how in a `call` of its own, unless the model has a step of its own for that, too."""
    model = call.receiver
    if not isinstance(model, Instance) or not isinstance(model.cls, Class):
        return
    defined = {name: machine.class_attribute(model.cls, name, model) for name in ("call", "train_step")}
    if not isinstance(defined["call"], Function) or isinstance(defined["train_step"], Function):
        return
    context = machine.context
    # As in the `call` of another model: it is not the user's own code that asks for it.
    machine.context = context.inside(forwards=(*context.forwards, call.result))
    batch = machine.made(Unknown("a batch", tuple(call.operands())))
    machine.call(model, [batch], {"training": Constant(True)}, [], call.site)
    machine.context = context


def _go_through(machine: Expressions, call: Call, data: Instance) -> None:
    """Keras lets a `PyDataset` change its order between epochs, and asks it for its length and its batches."""

    def ask(name: str, *arguments: Value) -> Value:
        method = machine.class_attribute(data.cls, name, data) if isinstance(data.cls, Class) else None
        if not isinstance(method, Function):
            return machine.unknown(name, data)
        return machine.call(method, list(arguments), {}, [], call.site)

    context, epochs = machine.context, Loop(call.site, "fit", None, None)
    machine.context = context.inside(loops=(*context.loops, epochs))
    ask("on_epoch_end")
    length = ask("__len__")
    counter = machine.call(machine.library("builtins.range"), [length], {}, [], site_of(length) or call.site)
    batches = Loop(call.site, "for", counter, epochs)
    machine.context = context.inside(loops=(*context.loops, epochs, batches))
    data.attributes[BATCH] = ask("__getitem__", machine.element(counter, call.site))
    machine.context = context


@behaviour("keras.Model.evaluate", "keras.Model.test_on_batch")
def _evaluate(machine: Expressions, call: Call) -> Value | None:
    return _driven(machine, call, "test_step")


def _driven(machine: Expressions, call: Call, name: str) -> Value | None:
    """Keras runs the model's own step, compiled, on each batch of the data."""
    model = call.receiver
    if isinstance(model, Instance) and isinstance(model.cls, Class):
        step = machine.class_attribute(model.cls, name, model)
        if isinstance(step, Function):
            data = call.argument(0, "x") or machine.unknown("the data of fit", *call.operands())
            context = machine.context
            if call.method in ("fit", "evaluate"):
                # Keras goes through the batches, and for fit through the epochs.
                epochs = Loop(call.site, "fit", None, None)
                batches = Loop(call.site, "for", data, epochs)
                machine.context = context.inside(loops=(*context.loops, epochs, batches))
            mode: Compilation = "unknown" if _asked_to_be_eager(machine, model) else "yes"
            call.body = machine.call(
                compiled(step, mode), [machine.made(Unknown("a batch", (data,)))], {}, [], call.site
            )
            machine.context = context
    return None


def _asked_to_be_eager(machine: Expressions, model: Instance) -> bool:
    """Whether a model may have been told to run its steps eagerly."""
    told = [
        call.keywords["run_eagerly"]
        for call in machine.trace.calls
        if call.method == "compile" and call.receiver is model and "run_eagerly" in call.keywords
    ]
    if "run_eagerly" in model.attributes:
        told.append(model.attributes["run_eagerly"])
    return any(
        not (isinstance(option, Constant) and not option.value) for each in told for option in alternatives(each)
    )


# Objects that change


@behaviour("keras.Model.add")
def _add_layer(_machine: Expressions, call: Call) -> Value | None:
    if isinstance(call.receiver, Instance) and call.arguments:
        added = call.receiver.attributes.get(ADDED)
        if not isinstance(added, Display):
            added = call.receiver.attributes[ADDED] = Display("list", [])
        added.items.append(call.arguments[0])
    return None


@behaviour(".append", ".add", ".insert", ".appendleft", ".extend", ".update", ".setdefault")
def _grow(machine: Expressions, call: Call) -> Value | None:
    receiver = call.receiver
    for container in alternatives(receiver) if receiver is not None else []:
        given = [*call.arguments, *call.keywords.values()]
        if isinstance(container, Display) and given:
            items = _added(machine, call, given[-1])
            looping = len(call.context.loops) > 0
            container.open = container.open or looping or call.method != "append"
            container.items.extend(item for item in items if not any(item is other for other in container.items))
        elif isinstance(container, Mapping):
            container.open = True
            container.others.extend(_filed(machine, call))
    return None


def _filed(machine: Expressions, call: Call) -> list[Value]:
    """The values that a dict gets from what its method is given."""
    if call.method == "setdefault":
        return list(call.arguments[1:])
    filed = list(call.keywords.values())
    for given in (*call.arguments, *call.spread):
        known = isinstance(given, Mapping) and not given.open
        filed += given.operands() if known else [machine.unknown("taken over from another dict", given)]
    return filed


def _added(machine: Expressions, call: Call, given: Value) -> list[Value]:
    """The items that a list gets from what its method is given."""
    if call.method != "extend":
        return [given]
    return given.items if isinstance(given, Display) else [machine.every(given, call.site)]


@behaviour(".items", ".values", ".keys", ".get", ".pop", ".copy")
def _look_up(machine: Expressions, call: Call) -> Value | None:
    receiver = call.receiver
    if isinstance(receiver, Mapping):
        values = [*receiver.entries.values(), *receiver.others]
        key = call.argument(0)
        match call.method:
            case "items" if values:
                pair = machine.made(Display("tuple", [machine.unknown("a key"), join(values)]))
                return machine.made(Display("list", [pair], open=True))
            case "values" if values:
                return machine.made(Display("list", values, open=receiver.open))
            case "get" | "pop" if isinstance(key, Constant) and key.value in receiver.entries:
                return receiver.entries[key.value]
            case "get" | "pop" if isinstance(key, Constant) and not receiver.open and len(call.arguments) == 2:
                return call.arguments[1]
            case "copy":
                entries, others = dict(receiver.entries), list(receiver.others)
                return machine.made(Mapping(entries, open=receiver.open, others=others))
    if isinstance(receiver, Display):
        if call.method == "pop" and receiver.items:
            return join(receiver.items)
        if call.method == "copy":
            return machine.made(Display(receiver.kind, list(receiver.items), open=receiver.open))
    return None


@behaviour("numpy.random.shuffle", "random.shuffle", ".shuffle")
def _shuffle_in_place(_machine: Expressions, call: Call) -> Value | None:
    if call.arguments and kinds.of(call.receiver or call.callee) != "dataset":
        for value in alternatives(call.arguments[0]):
            value.marks.add("shuffled")
    return None


# Built-in functions


@behaviour("builtins.super")
def _super(machine: Expressions, call: Call) -> Value | None:
    if len(call.arguments) == 2 and isinstance(call.arguments[0], Class):
        return Super(call.arguments[0], call.arguments[1])
    found = machine.find_name("__class__")
    return found if isinstance(found, Super) else None


@behaviour("keras.losses.get", "keras.losses.deserialize")
def _named_loss(machine: Expressions, call: Call) -> Value | None:
    """The loss function of this name, or an object of the class of this name."""
    named = call.argument(0, "identifier")
    if not isinstance(named, Constant) or not isinstance(named.value, str):
        return named if isinstance(named, (Function, Instance)) else None
    meant = machine.library(canonical(f"keras.losses.{named.value}"))
    is_class = named.value[:1].isupper() and not named.value.isupper()
    return machine.call(meant, [], {}, [], call.site) if is_class else meant


@behaviour("builtins.getattr")
def _getattr(machine: Expressions, call: Call) -> Value | None:
    if (
        len(call.arguments) >= 2
        and isinstance(call.arguments[1], Constant)
        and isinstance(call.arguments[1].value, str)
    ):
        return machine.attribute(call.arguments[0], call.arguments[1].value)
    return None


@behaviour("builtins.list", "builtins.tuple")
def _as_list(machine: Expressions, call: Call) -> Value | None:
    if not call.arguments:
        return Display("list" if call.op == "builtins.list" else "tuple", [])
    given = call.arguments[0]
    if isinstance(given, Display):
        copy = Display("list" if call.op == "builtins.list" else "tuple", list(given.items), open=given.open)
        copy.marks |= given.marks
        return machine.made(copy)
    return None


@behaviour("builtins.dict", "collections.OrderedDict")
def _as_dict(machine: Expressions, call: Call) -> Value | None:
    if not call.arguments and not call.spread:
        return machine.made(Mapping(dict(call.keywords.items())))
    return None


@behaviour("types.SimpleNamespace")
def _namespace(_machine: Expressions, call: Call) -> Value | None:
    call.result.attributes.update(call.keywords)
    return None


@behaviour("builtins.int", "builtins.float", "builtins.bool")
def _as_number(_machine: Expressions, call: Call) -> Value | None:
    if len(call.arguments) == 1 and isinstance(call.arguments[0], Constant):
        value = call.arguments[0].value
        if isinstance(value, (int, float)):
            return Constant({"int": int, "float": float, "bool": bool}[(call.op or "").rpartition(".")[2]](value))
    return None


@behaviour("builtins.next", ".get_next")
def _next(machine: Expressions, call: Call) -> Value | None:
    """The next of what an iterator goes through; a default may come instead."""
    iterator = call.receiver if call.receiver is not None else call.argument(0)
    if iterator is None or not all(_iterates(option) for option in alternatives(iterator)):
        return None
    given = machine.element(iterator, call.site)
    default = call.argument(1) if call.op is not None else None
    return join([given, default]) if default is not None else given


def _iterates(value: Value) -> bool:
    return isinstance(value, (Display, Element)) or (isinstance(value, Result) and value.call.op == "builtins.iter")


@behaviour("dataclasses.field")
def _field(machine: Expressions, call: Call) -> Value | None:
    """What a field of a dataclass is by default."""
    factory = call.argument(None, "default_factory")
    return machine.call(factory, [], {}, [], call.site) if factory is not None else call.argument(None, "default")


@behaviour("builtins.slice")
def _slice(machine: Expressions, call: Call) -> Value | None:
    parts: list[Value | None] = [None if is_none(value) else value for value in call.arguments]
    if not parts or len(parts) > 3 or call.spread:
        return None
    lower, upper, step = (None, parts[0], None) if len(parts) == 1 else (*parts, None)[:3]
    return machine.made(SliceValue(lower, upper, step))


@behaviour("builtins.len")
def _len(_machine: Expressions, call: Call) -> Value | None:
    if call.arguments and isinstance(call.arguments[0], Display) and not call.arguments[0].open:
        return Constant(len(call.arguments[0].items))
    return None
