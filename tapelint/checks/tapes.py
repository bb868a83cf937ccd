"""Checks of tapes: is each asked as often as it may be, for what it has seen, and given up in time?"""

from __future__ import annotations

from tapelint.checks.recording import watched
from tapelint.checks.registry import check
from tapelint.checks.repairs import RemoveArgument, Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.checks.wording import argument, argument_node
from tapelint.program import kinds
from tapelint.program.arrays import size_of
from tapelint.program.paths import listed_sources
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, choices, is_operation, site_of
from tapelint.program.questions import asked_once
from tapelint.program.tapes import Gradients, active_tapes, parameters_of
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Instance,
    Item,
    Mapping,
    Result,
    Site,
    Unknown,
    Use,
    Value,
    alternatives,
    is_none,
)
from tapelint.syntax import tree

_TESTING = frozenset({"assertRaises", "assertRaisesRegex", "raises"})


@check
def reused_tape(program: Program) -> Reports:
    for tape in program.objects("tape"):
        if _is_persistent(tape) is not False or _is_reset(program, tape):
            continue
        asked = [gradients.call for gradients in program.gradients if _asks_only(gradients, tape)]
        again = _asked_again(program, tape, asked)
        if again is None or _is_expected_to_fail(again.context):
            continue
        name = program.name(tape.site)
        first = next(call for call in asked if call is again or call.order < again.order)
        trail = ((tape.site, "the tape is made here"), (first.site, "it is asked here, and gives up what it knows"))
        yield Report(
            again.site,
            f"{f'`{name}`' if name else 'the tape'} is asked a second time and is not persistent: "
            "this raises a RuntimeError",
            trail[:1] if first is again else trail,
            fix=_keep(tape, name),
        )


def _keep(tape: Instance, name: str | None) -> Repair | None:
    """Making the tape persistent, unless it is said where it stands that it is not."""
    assert tape.call is not None
    if tape.call.arguments:
        return None
    title = f"make {f'`{name}`' if name else 'the tape'} persistent"
    return Repair(title, "safe", (SetArgument(tape.call.site, "persistent", "True"),))


def _is_persistent(tape: Instance) -> bool | None:
    """Whether a tape answers more than once; None when it cannot be told."""
    assert tape.call is not None
    given = tape.call.argument(0, "persistent")
    if given is None:
        return None if tape.call.opaque else False
    return bool(given.value) if isinstance(given, Constant) else None


def _asks_only(gradients: Gradients, tape: Instance) -> bool:
    """Whether a request is one of this very tape, and not of a wrapper or of one tape among others."""
    return gradients.call.receiver is tape


def _asked_again(program: Program, tape: Instance, asked: list[Call]) -> Call | None:
    """The request that comes when the tape has already answered one."""
    for number, later in enumerate(asked):
        for earlier in asked[:number]:
            if _happen_together(earlier.context, later.context) and not _records_between(program, tape, earlier, later):
                return later
        if _repeats(program, tape, later):
            return later
    return None


def _happen_together(one: Context, other: Context) -> bool:
    """Whether wherever the more special of two events happens, the other does as well."""
    shorter, longer = sorted((one, other), key=lambda context: len(context.branches))
    return all(a is b for a, b in zip(shorter.branches, longer.branches, strict=False))


def _records_between(program: Program, tape: Instance, earlier: Call, later: Call) -> bool:
    """Whether the tape is entered again after the first request, which makes it a new one."""
    if tape in active_tapes(earlier):
        return False
    between = program.trace.calls[earlier.order + 1 : later.order]
    return any(tape in active_tapes(call) for call in between)


def _repeats(program: Program, tape: Instance, request: Call) -> bool:
    """Whether a loop asks the tape again and again, which it has not been made or entered in."""
    assert tape.call is not None
    loops = request.context.loops[len(tape.call.context.loops) :]
    if not loops or request.context.branches != tape.call.context.branches[: len(request.context.branches)]:
        return False
    loop = loops[0]
    if loop.broken or loop.kind == "fit" or any(frame.compiled != "no" for frame in request.context.frame.stack()):
        # A graph may hold the loop, and ask once for all its turns.
        return False
    entered = any(tape in active_tapes(call) and loop in call.context.loops for call in program.trace.calls)
    return not entered and (loop.iterable is None or not _may_be_single(loop.iterable))


def _may_be_single(iterable: Value) -> bool:
    """Whether there may be one thing only to go through."""
    if isinstance(iterable, Display):
        return not iterable.open and len(iterable.items) < 2
    size = size_of(iterable)
    return size is not None and size < 2


def _is_reset(program: Program, tape: Instance) -> bool:
    return any(call.op == "tensorflow.GradientTape.reset" and call.receiver is tape for call in program.trace.calls)


def _is_expected_to_fail(context: Context) -> bool:
    """Whether a test or a lesson waits for the exception: in a `try`, or under `assertRaises`."""
    return context.guarded or any(
        isinstance(manager, Result)
        and (manager.call.method in _TESTING or (manager.call.op or "").rpartition(".")[2] in _TESTING)
        for manager in context.managers
    )


@check
def unwatched_tensor(program: Program) -> Reports:
    for gradients in program.gradients:
        if (
            gradients.sources is None
            or not gradients.of_this_course
            or gradients.call.receiver is not gradients.tapes[0]
        ):
            continue
        tape = gradients.tapes[0]
        seen = _watched(program, tape)
        if seen is None:
            continue
        if isinstance(gradients.sources, Choice) and any(_same_thing(gradients.sources, each) for each in seen):
            # It depends on the branch, and the branch may be the same.
            continue
        ignoring = _ignores_variables(tape)
        for source in listed_sources(gradients.sources):
            lost = (ignoring and not seen and bool(parameters_of(source))) or _is_unrecorded_tensor(gradients, source)
            if lost and not any(_same_thing(source, each) for each in seen):
                yield _unwatched(program, gradients, source)
                break


def _unwatched(program: Program, gradients: Gradients, source: Value) -> Report:
    made = site_of(source)
    known = (program.name(made) if made is not None else None) or argument(program, gradients.call, 1, "sources")
    what = f"`{known}`" if known else "the tensor"
    tape = program.name(gradients.tapes[0].site) or "the tape"
    return Report(
        gradients.call.site,
        f"{what} is no variable, and `{tape}` does not watch it: its gradient is None"
        if not parameters_of(source)
        else f"`{tape}` watches no variables unless it is told to: every gradient of {what} is None",
        distinct(
            [
                (made, "it is made here"),
                (gradients.tapes[0].site, "the tape is made here"),
                (gradients.call.site, "the gradient is asked for here"),
            ]
        ),
        fix=None if parameters_of(source) else watched(program, gradients),
    )


def _watched(program: Program, tape: Instance) -> list[Value] | None:
    """What a tape is told to watch; None if somebody out of view may tell it more."""
    if any(_hands_out(use) for use in tape.uses):
        return None
    watched: list[Value] = []
    for call in program.trace.calls:
        if call.op == "tensorflow.GradientTape.watch" and call.receiver is not None:
            if tape not in alternatives(call.receiver):
                continue
            if call.opaque or not call.operands():
                return None
            given = (part for each in (*call.arguments, *call.keywords.values()) for part in listed_sources(each))
            watched += [option for each in given for option in choices(each)]
    return None if any(isinstance(each, Unknown) for each in watched) else watched


def _hands_out(use: Use) -> bool:
    """Whether somebody else gets the tape by this use of it."""
    return use.kind in ("returned", "yielded", "stored", "argument") or isinstance(use.by, (Display, Mapping, Instance))


def _ignores_variables(tape: Instance) -> bool:
    """Whether a tape was made not to watch variables by itself."""
    given = tape.call.argument(1, "watch_accessed_variables") if tape.call is not None else None
    return isinstance(given, Constant) and given.value is False


def _same_thing(source: Value, watched: Value) -> bool:
    """Whether two values may be one thing or a part of the other."""
    of = {id(one) for one in choices(source)}
    return any(id(one) in of for one in choices(watched))


# Functions that hand on what they are given, variables as well, or that make variables.
_HANDING_ON = (
    "tensorflow.Variable",
    "tensorflow.nest.",
    "tensorflow.function",
    "tensorflow.compat.",
    "tensorflow.saved_model.",
)


def _is_unrecorded_tensor(gradients: Gradients, source: Value) -> bool:
    """Whether a source is surely a tensor, and was made when the tape recorded nothing."""
    options = [option for option in alternatives(source) if not is_none(option)]
    return bool(options) and all(_is_tensor(option) and not gradients.records(option) for option in options)


@asked_once
def _is_tensor(value: Value) -> bool:
    """Whether a value was surely computed by TensorFlow, or is a batch of a dataset."""
    match value:
        case Result(call=call):
            return call.op == "forward" or (is_operation(value) and not (call.op or "").startswith(_HANDING_ON))
        case Computed(parts=parts):
            return is_operation(value) and any(_is_tensor(part) for part in parts)
        case Element() | Item():
            return all(kinds.of(one) == "dataset" for one in choices(value))
    return False


@check
def kept_persistent_tape(program: Program) -> Reports:
    for tape in program.objects("tape"):
        if not _is_persistent(tape):
            continue
        name = program.name(tape.site)
        what = f"`{name}`" if name else "the tape"
        stored = _stored(program, tape)
        if stored is not None:
            yield Report(
                stored.site,
                f"{what} is persistent and kept in a list: all that each step computes stays in memory",
                ((tape.site, "the tape is made here"),),
            )
        elif _answers_once(program, tape):
            yield Report(
                tape.site,
                f"{what} is persistent and asked only once: it holds all that it has recorded for nothing",
                fix=_forget(program, tape, what),
            )


def _forget(program: Program, tape: Instance, what: str) -> Repair | None:
    """Leaving out that the tape is to be persistent."""
    node = program.nodes(tape.site.module)[tape.site.node]
    given = argument_node(node, 0, "persistent") if isinstance(node, tree.Call) else None
    if given is None:
        return None
    change = RemoveArgument(tape.site, Site(tape.site.module, given.id))
    return Repair(f"let {what} forget what it was asked", "safe", (change,))


# What makes a list shorter again.
_EMPTYING = frozenset({"clear", "pop", "popleft", "remove"})


def _stored(program: Program, tape: Instance) -> Call | None:
    """The call that puts a tape into a list of an object, where it stays."""
    for use in tape.uses:
        call = use.by
        if use.kind != "argument" or not isinstance(call, Call) or call.method != "append" or call.receiver is None:
            continue
        assigned = [each for each in program.trace.assignments if each.value is call.receiver]
        emptied = any(other.method in _EMPTYING and other.receiver is call.receiver for other in program.trace.calls)
        # A list that the step itself begins anew ends with it.
        if len(assigned) == 1 and not emptied and assigned[0].context.frame not in call.context.frame.stack():
            return call
    return None


def _answers_once(program: Program, tape: Instance) -> bool:
    """Whether a tape that runs eagerly is asked for one gradient, wherever it is made."""
    assert tape.call is not None
    for run in program.contexts(tape.call):
        requests = [gradients for gradients in program.gradients if run.result in gradients.tapes]
        if len(requests) != 1 or any(map(_hands_out, run.result.uses)) or not requests[0].of_this_course:
            return False
        asked = requests[0].call
        once = asked.context.loops == run.context.loops and run.result not in active_tapes(asked)
        graph = any(frame.compiled != "no" for frame in asked.context.frame.stack())
        if not once or graph or asked.method != "gradient":
            return False
    return True


@check
def gradient_inside_tape(program: Program) -> Reports:
    for gradients in program.gradients:
        inside = [tape for tape in active_tapes(gradients.call) if tape in gradients.tapes]
        if not inside or not all(map(_is_persistent, inside)) or _is_differentiated_again(program, gradients):
            continue
        name = program.name(inside[0].site)
        yield Report(
            gradients.call.site,
            f"{f'`{name}`' if name else 'the persistent tape'} is still recording: it records its own gradient as "
            "well, which takes time and memory",
            ((inside[0].site, "the tape is made here"),),
        )


def _is_differentiated_again(program: Program, gradients: Gradients) -> bool:
    """Whether the gradient is on the way to something that the tape, or another, is asked to differentiate."""
    if any(tape not in gradients.tapes for tape in active_tapes(gradients.call)):
        return True
    targets = [other.target for other in program.gradients if other is not gradients and other.target is not None]
    return any(gradients.call.result is one for target in targets for one in ancestors(target))
