"""Checks of tapes: is each asked as often as it may be, for what it has seen, and given up in time?"""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.program.arrays import size_of
from tapelint.program.program import Program
from tapelint.program.tapes import Gradients, active_tapes
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Constant,
    Display,
    Instance,
    Result,
    Value,
)

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
