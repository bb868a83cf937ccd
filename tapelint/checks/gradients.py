"""Checks of tapes and gradients: is what is differentiated recorded, and does it move the weights?"""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.rebindings import lost_rebindings
from tapelint.checks.recording import moved_into_block
from tapelint.checks.registry import check, check_of_absence
from tapelint.checks.repairs import Insert, Repair
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument, owner, quoted
from tapelint.program.models import is_in_view, related, variables_in
from tapelint.program.program import Program, calls_root
from tapelint.program.provenance import (
    ancestors,
    context_of,
    differentiable,
    is_operation,
    made_by,
    projected,
    seen_from,
    site_of,
)
from tapelint.program.spelling import visible_name
from tapelint.program.tapes import (
    APPLYING,
    ASSIGNING,
    Fate,
    Gradients,
    Parameters,
    active_tapes,
    choices_of_root,
    fate,
    gradient_behind,
)
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Choice,
    Constant,
    Display,
    Instance,
    Mapping,
    Result,
    Site,
    Value,
    alternatives,
)

# Methods of unknown objects that cannot hide a forward pass.
_HARMLESS = frozenset(
    {"append", "numpy", "astype", "watch", "format", "reshape", "items", "keys", "values", "set_shape"}
    | {"write", "read", "stack", "unstack", "gather", "concat"}  # of a TensorArray
)


_CLOCKS = ("time.", "timeit.", "tensorflow.timestamp", "tensorflow.test.Benchmark")
_UPDATES = frozenset({"keras.Model.fit", "keras.Model.train_on_batch"})


@check_of_absence
def gradients_not_applied(program: Program) -> Reports:
    if _is_benchmark(program):
        return
    known: dict[Site, set[Fate]] = {}
    for gradients in program.gradients:
        if not gradients.parameters or not gradients.first_order or not _runs_repeatedly(gradients):
            continue
        fates = known.get(gradients.call.site)
        if fates is None:
            fates = known[gradients.call.site] = {fate(run.result) for run in program.contexts(gradients.call)}
        if _feeds_rebinding(program, gradients):
            # `w = w - rate * g` is a mistake of its own, and the one to report.
            continue
        if fates == {"dead"} or (fates <= {"dead", "displayed"} and _optimizer_idle(program)):
            name = program.name(gradients.call.site)
            lost = f"`{name}` is computed and never applied" if name else "its gradients are never applied"
            yield Report(
                gradients.call.site,
                f"{owner(program, gradients)} is never updated: {lost}",
                trails.of_gradients(gradients)[:-1],
                fix=_apply(program, gradients) if fates == {"dead"} else None,
            )


def _apply(program: Program, gradients: Gradients) -> Repair | None:
    """Handing the gradients to the only optimizer that the program makes, behind the line that computes them."""
    site, optimizers = gradients.call.site, list(program.objects("optimizer"))
    name, sources = program.name(site), argument(program, gradients.call, 1, "sources")
    if len(optimizers) != 1 or name is None or sources is None or "." not in sources:
        return None
    optimizer = visible_name(optimizers[0], gradients.call.context.frame, site.module)
    if optimizer is None:
        return None
    line = f"{optimizer}.apply_gradients(zip({name}, {sources}))"
    return Repair(f"apply the gradients with `{optimizer}`", "unsafe", (Insert("after", site, (line,)),))


def _is_benchmark(program: Program) -> bool:
    """Whether a program reads the clock and has nothing that could train: it wants to know how long gradients take."""
    timed = any((call.op or "").startswith(_CLOCKS) for call in program.trace.calls)
    trains = any(call.method in APPLYING | ASSIGNING or call.op in _UPDATES for call in program.trace.calls)
    return timed and not trains and not any(program.objects("optimizer"))


def _feeds_rebinding(program: Program, gradients: Gradients) -> bool:
    return any(gradients.call in gradient_behind(rebinding.new) for rebinding in lost_rebindings(program))


def _runs_repeatedly(gradients: Gradients) -> bool:
    """Whether this is in a loop, or in a function, which is there to be called again; else it is a demonstration."""
    context = gradients.call.context
    return bool(context.loops) or context.frame.function is not None


def _optimizer_idle(program: Program) -> bool:
    """Whether an optimizer is made and never asked to do anything: the loop was meant to train."""
    made = list(program.objects("optimizer"))
    # Where the program makes its own, those of classes that it never makes objects of are not its own.
    optimizers = [optimizer for optimizer in made if _made_by_the_program(optimizer)] or made
    return bool(optimizers) and not any(
        use.kind in ("argument", "receiver", "returned") or isinstance(use.by, (Display, Mapping))
        for optimizer in optimizers
        for use in optimizer.uses
    )


def _made_by_the_program(value: Instance) -> bool:
    """Whether the module itself comes to where `value` is made, rather than a caller out of view."""
    return value.call is not None and [*value.call.context.frame.stack()][-1].function is None


@check_of_absence
def gradient_never_taken(program: Program) -> Reports:
    asked = {id(tape) for gradients in program.gradients for tape in gradients.tapes}
    for tape in program.objects("tape"):
        assert tape.call is not None
        runs = [run.result for run in program.contexts(tape.call)]
        if any(id(run) in asked or _handed_on(run) for run in runs):
            continue
        recorded = next((call for call in program.trace.calls if _may_learn(call) and tape in active_tapes(call)), None)
        if recorded is not None:
            name = program.name(tape.site)
            yield Report(
                tape.site,
                f"{f'`{name}`' if name else 'the tape'} records {quoted(program, recorded.site, 'the forward pass')} "
                "and is never asked for a gradient",
                ((recorded.site, "recorded here"),),
            )


def _may_learn(call: Call) -> bool:
    """Whether a call runs a model, or something out of view that may be one."""
    return call.op == "forward" or (call.op is None and call.method is None)


# What one does with a tape without learning anything from it.
_SETTING_UP = frozenset({"watch", "stop_recording", "reset"})


def _handed_on(tape: Value) -> bool:
    """Whether somebody else may ask this tape, or ask it something else: it is returned, stored, passed on …"""
    seen: set[int] = set()
    pending = [tape]
    while pending:
        one = pending.pop()
        seen.add(id(one))
        for use in one.uses:
            if use.kind in ("returned", "yielded", "stored", "argument"):
                return True
            if use.kind != "operand" or (isinstance(use.by, Attribute) and use.by.name in _SETTING_UP):
                continue
            if not isinstance(use.by, Choice) and not (isinstance(use.by, Display) and use.by.kind == "tuple"):
                return True
            if id(use.by) not in seen:
                # A name that holds one tape after another, or what a helper returns together with its loss.
                pending.append(use.by)
    return False


@check
def forward_outside_tape(program: Program) -> Reports:
    for gradients in program.gradients:
        if not gradients.first_order or "unconnected_gradients" in gradients.call.keywords:
            continue
        owners = _owners(gradients.parameters or [])
        for roots in owners:
            outside = _forward_outside(program, gradients, roots)
            site = _place_of_forward(gradients, outside) if outside is not None else None
            if site is not None:
                yield Report(
                    site,
                    f"{quoted(program, site, 'the forward pass')} runs outside the tape: every gradient of "
                    f"{owner(program, gradients) if len(owners) == 1 else 'its variables'} is None",
                    trails.of_gradients(gradients),
                    fix=moved_into_block(program, gradients, site, "first"),
                )


def _owners(parameters: list[Parameters]) -> list[list[Value]]:
    """The models in question, one by one, and the variables that are listed by themselves, together."""
    single = [root for each in parameters if each.selector == "itself" for root in choices_of_root(each.root)]
    models = [choices_of_root(each.root) for each in parameters if each.selector != "itself"]
    return [*models, single] if single else models


def _forward_outside(program: Program, gradients: Gradients, roots: list[Value]) -> Value | None:
    """What the target depends on of these models or variables, if the tape recorded no use of them at all."""
    if gradients.target is None:
        return None
    outside: Value | None = None
    variables = {id(variable) for root in roots for variable in variables_in(root)}
    for value in ancestors(gradients.target, differentiable):
        call = made_by(value) if isinstance(value, Result) else None
        if (call is not None and any(calls_root(call, root) for root in roots)) or _reads(value, variables):
            if gradients.records(value):
                return None
            outside = outside or value
    if outside is None:
        return None
    recorded = [call for call in program.trace.calls if gradients.records_call(call)]
    # Without anything recorded, this is no tape of this forward pass at all.
    return outside if recorded and not any(_may_run(call, roots) for call in recorded) else None


def _may_run(call: Call, roots: list[Value]) -> bool:
    """Whether a call may run one of these models: it runs something out of view, or what has to do with one of them."""
    if call.op == "forward" and call.receiver is not None:
        models = alternatives(call.receiver)
        return not all(is_in_view(model) and not any(related(model, root) for root in roots) for model in models)
    return call.op == "forward" or (call.op is None and call.method not in _HARMLESS)


def _place_of_forward(gradients: Gradients, outside: Value) -> Site | None:
    """Where the forward pass is asked for; of a formula with variables, the function that has it is asked."""
    made, context = site_of(outside), context_of(outside)
    if made is None or context is None or (isinstance(outside, Result) and outside.call.op == "forward"):
        return made
    return seen_from(made, context, gradients.call.context.frame)


def _reads(value: Value, variables: set[int]) -> bool:
    """Whether an operation takes one of the variables as it is."""
    return is_operation(value) and any(id(operand) in variables for operand in value.operands())


@check
def loss_outside_tape(program: Program) -> Reports:
    for gradients in program.gradients:
        if not gradients.first_order or gradients.target is None or not gradients.parameters:
            continue
        lost = [_unrecorded_operation(gradients, option) for option in alternatives(gradients.target)]
        if not lost or lost[0] is None or None in lost:
            continue
        made, context = site_of(lost[0]), context_of(lost[0])
        if made is not None and context is not None:
            # What happens in a helper is reported where the step calls it.
            site = seen_from(made, context, gradients.call.context.frame)
            name = program.name(site) or program.spelled(site)
            yield Report(
                site,
                f"{f'`{name}`' if name else 'the loss'} is computed outside the tape: every gradient of "
                f"{owner(program, gradients)} is None",
                ((gradients.call.site, "asked for here"),),
                fix=moved_into_block(program, gradients, site, "last"),
            )


# Functions that return a tensor as it is, when nothing about it has to change.
_PASSING_ON = frozenset({"tensorflow.convert_to_tensor", "tensorflow.cast", "keras.ops.convert_to_tensor"})


def _unrecorded_operation(gradients: Gradients, target: Value) -> Value | None:
    """The operation that made `target` outside every region of the tape, out of something that was recorded."""
    value = projected(target)
    while isinstance(value, Result) and value.call.op in _PASSING_ON and value.call.arguments:
        value = projected(value.call.arguments[0])
    context = context_of(value)
    if context is None or context.paused or gradients.records(value):
        return None
    if not is_operation(value) and not _compares_predictions(gradients, value):
        return None
    recorded = any(gradients.records(one) and _is_forward_or_operation(one) for one in ancestors(value))
    return value if recorded else None


def _compares_predictions(gradients: Gradients, value: Value) -> bool:
    """Whether a function out of view gets recorded predictions and something to compare them with: a loss."""
    if not isinstance(value, Result) or value.call.op is not None or value.call.method is not None:
        return False
    arguments = [one for one in (*value.call.arguments, *value.call.keywords.values()) if not isinstance(one, Constant)]
    return len(arguments) > 1 and any(
        isinstance(one, Result) and one.call.op == "forward" and gradients.records(one) for one in arguments
    )


def _is_forward_or_operation(value: Value) -> bool:
    if is_operation(value):
        return True
    return isinstance(value, Result) and (
        value.call.op == "forward" or (value.call.receiver is not None and "model" in value.call.receiver.marks)
    )
