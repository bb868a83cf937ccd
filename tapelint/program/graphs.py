"""What runs as a graph: the Python of a `tf.function` runs while it is traced, and not again."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program.arrays import integer_of
from tapelint.program.knowledge import matches, table
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, is_operation
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call, Context, Frame, Loop
from tapelint.program.values import Choice, Computed, Constant, Display, Item, Mapping, Result, Value, alternatives
from tapelint.syntax import tree

_EAGER = frozenset(
    {"tensorflow.config.run_functions_eagerly", "tensorflow.config.experimental_run_functions_eagerly",
     "tensorflow.data.experimental.enable_debug_mode"}
)  # fmt: skip
_LIFTING = frozenset({"tensorflow.init_scope"})
_MAPPING = "tensorflow.data.Dataset."


def graph_around(program: Program, context: Context) -> Frame | None:
    """The outermost function around this that is surely traced; None where Python runs each time, or may do so."""
    graphs = [frame for frame in context.frame.stack() if frame.compiled == "yes"]
    if not graphs or is_eager(program) or any(_lifts(manager) for manager in context.managers):
        return None
    return graphs[-1]


def is_eager(program: Program) -> bool:
    """Whether the program may ask TensorFlow to run graphs as Python."""
    return any(_switches_on(call) for call in program.calls(*_EAGER))


def _switches_on(call: Call) -> bool:
    given = call.argument(0, "run_eagerly")
    return given is None or any(not isinstance(one, Constant) or bool(one.value) for one in alternatives(given))


def _lifts(manager: Value) -> bool:
    return isinstance(manager, Result) and manager.call.op in _LIFTING


def runs_again(program: Program, graph: Frame) -> bool:
    """Whether a traced function is called again and again, as far as can be seen: by whoever is out of view, in a loop,
    in several places, or by a dataset for each of its elements."""
    if graph.root or graph.loops or maps(program, graph):
        return True
    assert graph.function is not None
    runs = [frame for frame in program.trace.frames if frame.function and frame.function.node is graph.function.node]
    return len(runs) > 1


def is_conditional(program: Program, call: Call, graph: Frame) -> bool:
    """Whether something inside of a traced function decides if a call happens: only the first time, for example."""
    site, frame = call.site, call.context.frame
    while frame.function is not None:
        if frame is not graph and frame.compiled == "unknown":
            # Its decorator, which is not in view, may let it run only once.
            return True
        for parent in program.nodes(site.module).parents(site.node):
            if isinstance(parent, tree.Function):
                break
            if isinstance(parent, (tree.If, tree.Conditional, tree.Boolean, tree.Try, tree.Match)):
                return True
        if frame is graph or frame.caller is None or frame.call_site is None:
            break
        site, frame = frame.call_site, frame.caller
    return False


def maps(program: Program, graph: Frame) -> bool:
    """Whether a dataset runs this function on its elements."""
    site = graph.call_site
    return site is not None and any(
        call.site == site and (call.op or "").startswith(_MAPPING) for call in program.trace.calls
    )


def graph_calls(program: Program) -> Iterator[Frame]:
    """The calls of functions under a `tf.function`, from where Python runs; each with its surroundings."""
    if is_eager(program):
        return
    for frame in program.trace.frames:
        wrapped = frame.function is not None and frame.function.wrapping is not None and frame.compiled == "yes"
        if wrapped and frame.around is not None and all(each.compiled != "yes" for each in list(frame.stack())[1:]):
            yield frame


def is_draw(call: Call) -> bool:
    """Whether a call draws numbers in Python."""
    if call.op is not None:
        return matches(call.op, "draws", "names", "graphs")
    maker = (
        next((one for one in alternatives(call.receiver) if isinstance(one, Result)), None) if call.receiver else None
    )
    made = maker.call.op if maker is not None else None
    return made in table("graphs")["draws"]["generators"] and call.method in table("graphs")["draws"]["methods"]


def is_clock(call: Call) -> bool:
    """Whether a call asks Python what time it is."""
    return call.op in table("graphs")["draws"]["clocks"]


def turns(loop: Loop) -> int | None:
    """How often a loop surely runs, if that is a number in view."""
    if isinstance(loop.iterable, Display) and not loop.iterable.open:
        return len(loop.iterable.items)
    for one in ancestors(loop.iterable) if loop.iterable is not None else ():
        if (
            isinstance(one, Result)
            and one.call.op in ("builtins.range", "tqdm.trange")
            and len(one.call.arguments) == 1
        ):
            return integer_of(one.call.arguments[0])
    return None


@asked_once
def is_number(value: Value) -> bool:
    """Whether a value is a number of Python's, whatever it is."""
    match value:
        case Constant(value=number):
            return isinstance(number, (int, float))
        case Computed(operator=operator, parts=parts) if operator in ARITHMETIC:
            return all(any(is_number(option) for option in alternatives(part)) for part in parts)
        case Result(call=call):
            return call.op in _COUNTING
    return False


def is_float(value: Value) -> bool:
    """Whether a number of Python's is surely no integer."""
    match value:
        case Constant(value=number):
            return isinstance(number, float)
        case Computed(operator=operator, parts=parts):
            return operator == "/" or (operator in ("+", "-", "*", "**") and any(map(is_float, parts)))
        case Result(call=call):
            return call.op == "builtins.float" or (
                call.op in ("builtins.min", "builtins.max") and any(map(is_float, call.arguments))
            )
    return False


ARITHMETIC = frozenset({"+", "-", "*", "/", "**", "//"})
_COUNTING = frozenset({"builtins.len", "builtins.int", "builtins.float", "builtins.round"})


# What makes texts and numbers of tensors.
_TEXTS = frozenset({"builtins.str", "builtins.repr", "builtins.float", "builtins.int", "builtins.round"})
_OUTCOMES = frozenset({"forward", "keras.Metric.result", "keras.Metric.__call__", "keras.Loss.__call__"})
_COMPARING = frozenset({"<", "<=", ">", ">=", "==", "!="})
# What `tensorflow` has that gives no tensors.
_NO_TENSORS = (
    *("tensorflow.executing_eagerly", "tensorflow.is_tensor", "tensorflow.config.", "tensorflow.TensorShape"),
    *("tensorflow.print", "tensorflow.debugging.", "tensorflow.summary.", "tensorflow.function", "tensorflow.Variable"),
    *("tensorflow.keras.", "tensorflow.nest.", "tensorflow.io.", "tensorflow.dtypes."),
    *("tensorflow.compat.dimension_", "tensorflow.compat.as_", "tensorflow.get_static_value"),
)
# A value that may be more things than this is not looked into.
_FEW = 6


def is_symbolic(value: Value, graph: Frame) -> bool:
    """Whether a value is surely a tensor that is made inside of the graph: while it is traced, it has no value."""
    seen: set[int] = set()
    pending = [value]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        match one:
            case Result(call=call) if _is_of_graph(call, one, graph):
                return True
            case Result(call=call) if call.op == "builtins.sum" and call.arguments:
                pending.extend(call.arguments[0].operands() if isinstance(call.arguments[0], Display) else ())
            case Computed(operator=operator, parts=parts) if operator in ARITHMETIC | _COMPARING:
                # One tensor among the operands makes it one.
                pending.extend(parts)
            case Item(of=of):
                pending.append(of)
            case Choice(options=options, growing=False) if len(options) < _FEW:
                made = [isinstance(option, Result) and _is_of_graph(option.call, option, graph) for option in options]
                if made and all(made):
                    return True
    return False


def _is_of_graph(call: Call, result: Value, graph: Frame) -> bool:
    made = call.op in _OUTCOMES or (is_operation(result) and not (call.op or "").startswith(_NO_TENSORS))
    return made and graph in call.context.frame.stack()


def shows_symbolic(value: Value, graph: Frame) -> bool:
    """Whether a value, or a text made of it, would show a tensor without a value."""
    return any(is_symbolic(one, graph) for one in ancestors(value, _is_shown_through))


def _is_shown_through(value: Value) -> bool:
    match value:
        case Result(call=call):
            return call.op in _TEXTS or (call.op is None and call.method == "format")
        case Computed(operator=operator):
            return operator in ("f-string", "%", "+")
    return isinstance(value, (Display, Mapping))


def is_outside(value: Value, graph: Frame) -> bool:
    """Whether somebody out of the graph has this object, by a name around the traced function or as an attribute."""
    held = list(graph.captured.values())
    if graph.function is not None and graph.function.receiver is not None:
        held.append(graph.function.receiver)
    return any(value is option for one in held for option in alternatives(one))
