"""Checks of how a program is run: with graphs, or with Python for every step because somebody was debugging."""

from __future__ import annotations

from typing import TypeGuard

from tapelint.checks.registry import check
from tapelint.checks.repairs import Remove, RemoveArgument, Repair
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import Trail
from tapelint.program import kinds
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.trace import AttributeAssignment, Call, Context
from tapelint.program.values import Class, Constant, Function, Site, Value
from tapelint.syntax import tree

_SWITCHES = (
    "tensorflow.config.run_functions_eagerly",
    "tensorflow.config.experimental_run_functions_eagerly",
)
_OF_KERAS = frozenset({"model", "layer", "loss", "metric"})
# What Python can do with a tensor that has a value, and a graph cannot.
_EAGER_METHODS = frozenset({"numpy", "item", "tolist"})
_EAGER_CALLS = frozenset({"builtins.float", "builtins.int", "builtins.open", "builtins.input", "builtins.breakpoint"})
_EAGER_LIBRARIES = ("numpy.", "scipy.", "sklearn.", "cv2.", "PIL.", "random.", "pandas.", "matplotlib.", "pdb.")
_TRAINING = ("keras.Model.fit", "keras.Model.train_on_batch", "keras.Model.evaluate", "keras.Model.predict")


@check
def eager_mode_left_on(program: Program) -> Reports:
    if _needs_python(program):
        return
    for call in program.trace.calls:
        if _compiles_eagerly(call) and not call.context.branches and not _is_changed_later(program, call):
            yield Report(
                call.site,
                "`run_eagerly=True` keeps every step of this model in Python, operation by operation",
                _next_training(program, call),
                fix=_without_flag(program, call),
            )
    yield from _by_attribute(program)
    yield from _by_switch(program)


def _without_flag(program: Program, call: Call) -> Repair | None:
    node = program.nodes(call.site.module)[call.site.node]
    flag = next((each for each in node.arguments if each.keyword == "run_eagerly"), None) if _is_call(node) else None
    if flag is None:
        return None
    change = RemoveArgument(call.site, Site(call.site.module, flag.value.id))
    return Repair("let Keras compile the steps", "unsafe", (change,))


def _is_call(node: tree.Node) -> TypeGuard[tree.Call]:
    return isinstance(node, tree.Call)


def _compiles_eagerly(call: Call) -> bool:
    is_compile = call.method == "compile" and call.op in (None, "keras.Model.compile")
    return is_compile and _is_on(call.keywords.get("run_eagerly"))


def _is_on(value: Value | None) -> bool:
    return isinstance(value, Constant) and value.value is True


def _by_attribute(program: Program) -> Reports:
    for assignment in program.trace.assignments:
        if assignment.name == "run_eagerly" and _is_on(assignment.value) and _stays(program, assignment):
            yield Report(
                assignment.site,
                "`run_eagerly` keeps every step of this model in Python, operation by operation",
                fix=Repair("let Keras compile the steps", "unsafe", (Remove(assignment.site),)),
            )


def _stays(program: Program, assignment: AttributeAssignment) -> bool:
    others = [each for each in program.trace.assignments if each.name == "run_eagerly" and each is not assignment]
    return not others and not assignment.context.branches


def _by_switch(program: Program) -> Reports:
    switches = list(program.calls(*_SWITCHES))
    if any(call.context.branches or not _is_on(call.argument(0, "run_eagerly")) for call in switches):
        return
    graphs = any(frame.compiled == "yes" for frame in program.trace.frames) or any(
        call.op in _TRAINING for call in program.trace.calls
    )
    for call in switches:
        if graphs:
            yield Report(
                call.site,
                "from here on, every `tf.function` and every step of `fit` runs in Python, many times slower",
                fix=Repair("let TensorFlow compile functions", "unsafe", (Remove(call.site),)),
            )


def _is_changed_later(program: Program, compiled: Call) -> bool:
    """Whether the model is compiled again before anything is done with it."""
    for call in program.trace.calls[compiled.order + 1 :]:
        if call.receiver is compiled.receiver and call.method == "compile":
            return True
        if call.receiver is compiled.receiver and call.op in _TRAINING:
            return False
    return False


def _next_training(program: Program, compiled: Call) -> Trail:
    later = program.trace.calls[compiled.order + 1 :]
    found = [call for call in later if call.receiver is compiled.receiver and call.op in _TRAINING]
    return ((found[0].site, "runs eagerly"),) if found else ()


def _needs_python(program: Program) -> bool:
    """Whether something that Keras or a graph would run does what a graph cannot."""
    given = _given_to_keras(program)
    return any(_is_pythonic(call) and _is_run_by_keras(call.context, given) for call in program.trace.calls)


def _is_pythonic(call: Call) -> bool:
    op = call.op or ""
    return call.method in _EAGER_METHODS or op in _EAGER_CALLS or op.startswith(_EAGER_LIBRARIES)


def _given_to_keras(program: Program) -> set[int]:
    """The functions that are losses or metrics of a compiled model."""
    return {
        id(one.node)
        for call in program.trace.calls
        if call.method == "compile"
        for value in (*call.arguments, *call.keywords.values())
        for one in ancestors(value)
        if isinstance(one, Function)
    }


def _is_run_by_keras(context: Context, given: set[int]) -> bool:
    for frame in context.frame.stack():
        function = frame.function
        if function is None or function.node.name == "__init__":
            continue
        owned = isinstance(function.owner, Class) and kinds.of_class(function.owner) in _OF_KERAS
        if owned or frame.compiled != "no" or id(function.node) in given:
            return True
    return False
