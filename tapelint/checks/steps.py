"""Checks of how a training step runs: as a graph, or eagerly, operation by operation."""

from __future__ import annotations

from tapelint.checks.registry import check_of_absence
from tapelint.checks.repairs import Decorate, Repair
from tapelint.checks.report import Report, Reports
from tapelint.program.program import Program
from tapelint.program.project import Module
from tapelint.program.provenance import ancestors
from tapelint.program.spelling import spelling
from tapelint.program.tapes import Gradients
from tapelint.program.trace import Call, Context, Frame
from tapelint.program.values import Function, Site

# What a step can only do eagerly: whoever does it wants the step so.
_EAGER_METHODS = frozenset({"numpy", "step", "item", "tolist", "append", "extend", "write", "set_trace", "savefig"})
_EAGER_CALLS = frozenset(
    {"builtins.float", "builtins.int", "builtins.print", "builtins.input", "builtins.breakpoint", "builtins.open",
     "builtins.next", "builtins.setattr", "keras.Model.predict", "keras.Model.predict_on_batch", "keras.Model.evaluate",
     "keras.Model.fit"}
)  # fmt: skip
_EAGER_LIBRARIES = (
    "numpy.",
    "matplotlib.",
    "pdb.",
    "ipdb.",
    "random.",
    "time.",
    "scipy.",
    "sklearn.",
    "wandb.",
    "cv2.",
)


@check_of_absence
def missing_tf_function(program: Program) -> Reports:
    told: set[Module] = set()
    for gradients in program.training:
        runs = [each for each in program.training if each.call.site == gradients.call.site]
        module = gradients.call.site.module
        if module not in told and all(_is_eager(program, run) for run in runs):
            told.add(module)
            yield _report(gradients, compilable=len(runs) == 1)


def _is_eager(program: Program, gradients: Gradients) -> bool:
    """Whether this surely runs eagerly, again and again, though nothing in it asks for that."""
    context = gradients.call.context
    frames = list(context.frame.stack())
    if not context.loops or any(frame.compiled != "no" for frame in frames):
        return False
    if frames[-1].function is not None and len(context.loops) < 2:
        # A function that nobody in view calls may be compiled by its caller, unless it holds the epochs as well.
        return False
    return not _works_on_python(program, gradients)


def _works_on_python(program: Program, gradients: Gradients) -> bool:
    """Whether the step does what a graph cannot: reads numbers out of tensors, prints, keeps records."""
    context, step = gradients.call.context, _step(gradients)

    def inside(other: Context) -> bool:
        if step is not None:
            return step in other.frame.stack()
        of_turn = other.loops[: len(context.loops)] == context.loops
        return of_turn and (bool(other.managers) or _gets(other.frame, gradients))

    kept = any(
        inside(assignment.context) and assignment.context.frame.function is not None
        for assignment in program.trace.assignments
    )
    return kept or any(_is_pythonic(call) and inside(call.context) for call in program.trace.calls)


def _gets(frame: Frame, gradients: Gradients) -> bool:
    """Whether a function is handed the gradients, as that of an optimizer of one's own is."""
    return any(gradients.call.result is one for given in frame.given.values() for one in ancestors(given))


def _is_pythonic(call: Call) -> bool:
    op = call.op or ""
    return (call.method in _EAGER_METHODS and not op) or op in _EAGER_CALLS or op.startswith(_EAGER_LIBRARIES)


def _report(gradients: Gradients, *, compilable: bool) -> Report:
    step = _step(gradients)
    if step is not None and step.function is not None:
        return Report(
            step.function.site,
            f"`{step.function.node.name}` runs eagerly, operation by operation: as a graph it is several times faster",
            ((gradients.call.site, "the gradients of each step"),),
            fix=_compiled(step.function) if compilable else None,
        )
    site: Site = gradients.tapes[0].site if gradients.tapes else gradients.call.site
    return Report(site, "the step runs eagerly, operation by operation: in a `tf.function` it is several times faster")


def _compiled(function: Function) -> Repair | None:
    """Decorating the step, unless it is decorated already."""
    tf_function = spelling(function.scope.module, "tensorflow.function")
    if tf_function is None or function.node.decorators or function.node.is_generator:
        return None
    return Repair(f"compile `{function.node.name}`", "unsafe", (Decorate(function.site, tf_function),))


def _step(gradients: Gradients) -> Frame | None:
    """The outermost function that the loop over the batches calls for each step."""
    context = gradients.call.context
    steps = [
        frame for frame in context.frame.stack() if frame.function is not None and frame.loops == len(context.loops)
    ]
    return steps[-1] if steps else None
