"""Checks of models that are made anew where they should go on learning."""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.program import kinds
from tapelint.program.program import Program
from tapelint.program.tapes import Update, choices_of_root, gradient_behind
from tapelint.program.trace import Call, Loop
from tapelint.program.values import Computed, Constant, Element, Instance, Result, Value

_LOADING = frozenset({"set_weights", "load_weights"})
_SAYING = ("builtins.print", "builtins.str", "builtins.format", "logging.", "tensorflow.print", "absl.logging.")


@check
def model_rebuilt_in_loop(program: Program) -> Reports:
    for made in program.trace.calls:
        model = made.result
        loop = made.context.loops[-1] if made.context.loops else None
        if loop is None or not isinstance(model, Instance) or model.call is not made or kinds.of(model) != "model":
            continue
        if made.context.forwards or not _only_counts(loop) or _is_given_weights(model):
            continue
        training = _one_pass(program, model, made)
        later = _used_later(program, model, loop)
        if training is None or (later is None and not _is_updated_by_older(program, model, made)):
            continue
        name = program.name(made.site)
        yield Report(
            made.site,
            f"{f'`{name}`' if name else 'the model'} is made anew at every turn of the loop: "
            "what it learnt in the last is lost",
            distinct(
                [
                    (training.site, "it is trained for one pass here"),
                    (later.site if later is not None else None, "only the last one is left here"),
                ]
            ),
        )


def _only_counts(loop: Loop) -> bool:
    """Whether a loop goes through numbers that nothing depends on, so that each turn is to do the same."""
    counter = loop.iterable
    if (
        loop.kind != "for"
        or not isinstance(counter, Result)
        or counter.call.op not in ("builtins.range", "tqdm.trange")
    ):
        return False
    numbers: list[Value] = [use.by for use in counter.uses if isinstance(use.by, Element)]
    return not any(map(_matters, numbers))


def _matters(number: Value) -> bool:
    """Whether anything but a message or a test is made from a number."""
    pending, seen = [number], set[int]()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for use in value.uses:
            if use.kind in ("tested", "displayed", "iterated"):
                continue
            if use.kind == "operand" and isinstance(use.by, Computed):
                pending.append(use.by)
            elif isinstance(use.by, Call) and (use.by.method == "format" or (use.by.op or "").startswith(_SAYING)):
                pending.append(use.by.result)
            else:
                return True
    return False


def _is_given_weights(model: Instance) -> bool:
    """Whether anybody puts weights into the model, or keeps it beside others."""
    return any(
        use.kind in ("stored", "returned", "yielded")
        or (isinstance(use.by, Call) and (use.by.method in _LOADING or use.by.method in ("append", "add", "extend")))
        for use in model.uses
    )


def _one_pass(program: Program, model: Instance, made: Call) -> Call | None:
    """What trains the model within one turn, if that is no more than one pass over data."""
    loops = made.context.loops
    fits = [fit for fit in program.fits if fit.receiver is model and fit.context.loops[: len(loops)] == loops]
    steps = [
        gradients.call
        for gradients in program.training
        for each in gradients.parameters or ()
        if any(root is model for root in choices_of_root(each.root))
    ]
    steps = [step for step in steps if step.context.loops[: len(loops)] == loops]
    if len(fits) + len(steps) != 1:
        return None
    training = (fits or steps)[0]
    if fits:
        epochs = training.argument(3, "epochs")
        once = epochs is None or (isinstance(epochs, Constant) and epochs.value == 1)
        return training if once and training.context.loops == loops and not training.opaque else None
    inner = training.context.loops[len(loops) :]
    return training if len(inner) == 1 and _goes_through_data(inner[0]) else None


def _goes_through_data(loop: Loop) -> bool:
    return loop.iterable is not None and kinds.of(loop.iterable) == "dataset"


def _used_later(program: Program, model: Instance, loop: Loop) -> Call | None:
    """Where the last of the models is scored, asked or saved after the loop."""
    for use in model.uses:
        call = use.by
        if isinstance(call, Call) and loop not in call.context.loops and call.callee is not None:
            return call
    inside = [call.order for call in program.trace.calls if loop in call.context.loops]
    last = max(inside, default=0)
    for call in program.calls("keras.Model.evaluate", "keras.Model.predict", "keras.Model.save"):
        if (
            call.order > last
            and call.receiver is not None
            and any(one is model for one in choices_of_root(call.receiver))
        ):
            return call
    return None


def _is_updated_by_older(program: Program, model: Instance, made: Call) -> bool:
    """Whether an optimizer from before the loop, which has its state of the first model, updates this one."""
    return any(
        isinstance(update.call.receiver, Instance)
        and update.call.receiver.call is not None
        and made.context.loops[-1] not in update.call.receiver.call.context.loops
        and _concerns(program, update, model)
        for update in program.updates
    )


def _concerns(program: Program, update: Update, model: Instance) -> bool:
    if update.pairs is None:
        return False
    behind = {id(call) for call in gradient_behind(update.pairs)}
    return any(
        id(gradients.call) in behind
        and any(root is model for each in gradients.parameters or () for root in choices_of_root(each.root))
        for gradients in program.gradients
    )
