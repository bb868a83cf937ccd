"""What runs as a graph: the Python of a `tf.function` runs while it is traced, and not again."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program.arrays import integer_of
from tapelint.program.knowledge import matches, table
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call, Context, Frame, Loop
from tapelint.program.values import Computed, Constant, Result, Value, alternatives
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


ARITHMETIC = frozenset({"+", "-", "*", "/", "**", "//"})
_COUNTING = frozenset({"builtins.len", "builtins.int", "builtins.float", "builtins.round"})
