"""Checks of what is done to gradients on their way to the update: does the update get what was made of them?"""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import apply_changed, take_first
from tapelint.checks.wording import argument
from tapelint.program.models import library_class, variables_in
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.rates import only_optimizer
from tapelint.program.tapes import ASKING, fate, gradient_behind
from tapelint.program.trace import Call
from tapelint.program.values import (
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Item,
    Result,
    Site,
    Value,
    alternatives,
)

_CLIPPING = frozenset(
    {"tensorflow.clip_by_global_norm", "tensorflow.clip_by_norm", "tensorflow.clip_by_value",
     "tensorflow.clip_by_average_norm", "keras.ops.clip", "keras.backend.clip"}
)  # fmt: skip
_GLOBAL = "tensorflow.clip_by_global_norm"
_LISTING = frozenset({"builtins.zip", "builtins.list", "builtins.tuple", "builtins.enumerate"})


@check
def discarded_gradient_transform(program: Program) -> Reports:
    yield from _whole_tuples(program)
    for gradients in program.training:
        for made in _transforms(gradients.call.result):
            site = _lost(program, made)
            if site is not None:
                applied = _applied(program, gradients.call)
                trail = [(gradients.call.site, "the gradients are computed here")]
                trail += [(call.site, "they are applied here as they are") for call in applied]
                yield Report(
                    site,
                    f"the raw gradients are applied: {_what_is_lost(program, site)}",
                    tuple(trail),
                    fix=apply_changed(program, site, gradients.call, applied[0]) if applied else None,
                )


def _whole_tuples(program: Program) -> Reports:
    """Updates that are given both things that `clip_by_global_norm` returns, as if they were the gradients."""
    for update in program.updates:
        pair = update.paired()
        options = alternatives(pair[0]) if pair is not None else []
        for option in options:
            call = made_by(option)
            if call is not None and call.op == _GLOBAL and gradient_behind(option):
                given = argument(program, call, 0, "t_list") or "gradients"
                yield Report(
                    update.call.site,
                    f"the update raises: what clips `{given}` returns a tuple, the gradients and their norm",
                    ((call.site, "both are returned here"),),
                    fix=take_first(call) if call.site.module is update.call.site.module else None,
                )


def _transforms(gradients: Value) -> Iterator[Value]:
    """What is made of gradients by clipping or scaling them, one by one or all together."""
    seen: set[int] = set()
    pending = [gradients]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for use in one.uses:
            match use.by:
                case Item() | Element() | Choice() | Display():
                    pending.append(use.by)
                case Computed(operator="*" | "/") as scaled if any(not gradient_behind(part) for part in scaled.parts):
                    yield scaled
                case Call() as call if use.kind == "argument":
                    if call.op in _CLIPPING and call.arguments and one is call.argument(0):
                        yield call.result
                    elif call.op in _LISTING:
                        pending.append(call.result)


def _lost(program: Program, made: Value) -> Site | None:
    """Where a changed gradient was made that nobody uses."""
    if isinstance(made, Computed):
        # What goes into further arithmetic is no gradient that somebody meant to apply, but a new weight.
        is_step = any(isinstance(use.by, Computed) for use in made.uses)
        return made.site if fate(made) == "dead" and not is_step else None
    call = made_by(made)
    assert call is not None
    if call.op != _GLOBAL:
        return call.site if fate(made) == "dead" else None
    parts = [use.by for use in made.uses if isinstance(use.by, Item) and isinstance(use.by.index, Constant)]
    clipped = [part for part in parts if isinstance(part.index, Constant) and part.index.value in (0, -2)]
    if len(parts) != len(made.uses) or (parts and not clipped) or any(fate(part) != "dead" for part in clipped):
        return None
    # Whoever calls it `_` has done it for the norm.
    return None if (program.name(call.site) or "").startswith("_") else call.site


@check
def unaveraged_accumulation(program: Program) -> Reports:
    for update in program.updates:
        pair = update.paired()
        sums = list(_sums(program, pair[0])) if pair is not None else []
        if not sums or pair is None:
            continue
        adding, resets = sums[0]
        if not resets:
            yield Report(
                update.call.site,
                "what is summed up is never set back: each update repeats all gradients so far",
                ((adding, "added up here"),),
            )
        elif _is_plain_descent(update.call.receiver) and not _is_scaled(program, pair[0]):
            yield Report(
                update.call.site,
                "gradients are summed up and not averaged: the step is as many times too large",
                ((adding, "added up here"),),
            )


def _sums(program: Program, gradients: Value) -> Iterator[tuple[Site, bool]]:
    """Where gradients are added to variables that an update reads, and whether these are set back ever."""
    kept = {id(one) for one in variables_in(gradients)}
    adding = [call for call in program.trace.calls if call.method == "assign_add" and _adds_gradient(call, kept)]
    if adding:
        yield adding[0].site, any(_resets(call, kept) for call in program.trace.calls)


def _adds_gradient(call: Call, kept: set[int]) -> bool:
    step = call.argument(0)
    return step is not None and bool(gradient_behind(step)) and _concerns(call.receiver, kept)


def _resets(call: Call, kept: set[int]) -> bool:
    """Whether a call sets an accumulator back, or may do so out of view."""
    if call.method in ("assign", "assign_sub") or call.op == "tensorflow.Variable.assign":
        return _concerns(call.receiver, kept)
    return call.op is None and call.method is None and any(_concerns(value, kept) for value in call.operands())


def _concerns(value: Value | None, kept: set[int]) -> bool:
    return value is not None and any(id(one) in kept for one in (*alternatives(value), *variables_in(value)))


def _is_plain_descent(optimizer: Value | None) -> bool:
    """Whether an optimizer takes a step as long as the gradient: the adaptive ones divide its length out again."""
    made = only_optimizer(optimizer)
    return made is not None and library_class(made) == "keras.optimizers.SGD"


def _is_scaled(program: Program, gradients: Value) -> bool:
    """Whether something on the way from the losses to an update is divided or multiplied, and so may be averaged."""
    kept = {id(one) for one in variables_in(gradients)}
    adding = (call for call in program.trace.calls if call.method == "assign_add" and _adds_gradient(call, kept))
    steps = [call.arguments[0] for call in adding]
    targets = [target for step in steps for call in gradient_behind(step) if (target := call.argument(0, "target"))]
    return any(_multiplies(one) for value in (gradients, *steps) for one in ancestors(value)) or any(
        _multiplies(one) for target in targets for one in ancestors(target, _is_no_forward)
    )


def _multiplies(value: Value) -> bool:
    if isinstance(value, Computed):
        return value.operator in ("*", "/")
    return isinstance(value, Result) and (value.call.op or "").endswith((".multiply", ".divide", ".scalar_mul"))


def _is_no_forward(value: Value) -> bool:
    return not (isinstance(value, Result) and value.call.op == "forward")


def _what_is_lost(program: Program, site: Site) -> str:
    name, text = program.name(site), program.spelled(site)
    if name is not None:
        return f"`{name}` is made of them and never used"
    return f"what {f'`{text}`' if text else 'is computed here'} makes of them is never used"


def _applied(program: Program, request: Call) -> list[Call]:
    """The first update that applies the gradients of a request as they are."""
    pairs = ((update.call, update.paired()) for update in program.updates)
    found = (call for call, pair in pairs if pair and any(_is_raw(one, request) for one in alternatives(pair[0])))
    return list(found)[:1]


def _is_raw(value: Value, request: Call) -> bool:
    return isinstance(value, Result) and value.call is request and request.method in ASKING
