"""Checks of how long an optimizer lives: through all steps of one training, and of one only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.checks.optimizers import distinct
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair
from tapelint.checks.report import Report, Reports
from tapelint.checks.update_repairs import in_one_function, into_body, out_of_loops
from tapelint.checks.wording import callee
from tapelint.program import kinds
from tapelint.program.knowledge import table
from tapelint.program.models import library_class, parts_of
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, site_of
from tapelint.program.rates import only_optimizer
from tapelint.program.tapes import Parameters, choices_of_root, parameters_of
from tapelint.program.trace import Call, Loop
from tapelint.program.turns import compares, is_certain, restores, varies, written
from tapelint.program.values import Constant, Instance, Result, Site, Value, alternatives

_STEPS = ("keras.Model.fit", "keras.Model.train_on_batch")
_COUNTING = ("builtins.range", "tensorflow.range", "tqdm.", "itertools.count")


@check
def recreated_optimizer(program: Program) -> Reports:
    for update in program.updates:
        optimizer = only_optimizer(update.call.receiver)
        if optimizer is None or optimizer.call is None or not _remembers(optimizer):
            continue
        made = optimizer.call.context
        around = written(made.loops)
        if not around or made.loops != update.call.context.loops[: len(made.loops)]:
            continue
        if not is_certain(made, update.call.context) or any(each.compiled == "yes" for each in made.frame.stack()):
            continue
        loop, inner = around[-1], written(update.call.context.loops[len(made.loops) :])
        pair = update.paired()
        if pair is None or compares(loop) or _starts_anew(program, loop, _owners(pair[1])):
            continue
        name = program.name(optimizer.site)
        what = f"`{name}`" if name else "the optimizer"
        if not inner:
            message = f"{what} is made anew for every step, and never remembers the steps before"
            fix = _made_once(program, optimizer, pair[1])
            yield Report(optimizer.site, message, ((update.call.site, "its only step"),), fix=fix)
        elif len(inner) == 1 and _repeats(loop, inner[0]) and not any(varies(loop, one) for one in _given(optimizer)):
            message = f"{what} is made anew in every epoch, and forgets the steps of the one before"
            fix = _made_once(program, optimizer, pair[1])
            yield Report(optimizer.site, message, ((update.call.site, "its steps"),), "warning", fix)


def _made_once(program: Program, optimizer: Instance, variables: Value) -> Repair | None:
    """Make an optimizer before all loops that train the same variables with it."""
    assert optimizer.call is not None
    context = optimizer.call.context
    loops = written(context.loops)
    while loops and (compares(loops[0]) or _starts_anew(program, loops[0], _owners(variables))):
        del loops[0]
    if any(varies(loop, one) for loop in loops for one in _given(optimizer)) or context.branches:
        return None
    return out_of_loops(program, optimizer.site, context, loops, "make the optimizer once, before the loop")


def _remembers(optimizer: Instance) -> bool:
    """Whether an optimizer keeps anything from step to step: plain gradient descent does not."""
    if library_class(optimizer) != "keras.optimizers.SGD":
        return True
    return any(kinds.of(one) == "schedule" for one in _given(optimizer)) or any(
        not isinstance(option, Constant) or bool(option.value)
        for option in alternatives(_momentum(optimizer) or Constant(None))
    )


def _momentum(optimizer: Instance) -> Value | None:
    return optimizer.call.argument(1, "momentum") if optimizer.call is not None else None


def _given(optimizer: Instance) -> list[Value]:
    return list(optimizer.call.operands()) if optimizer.call is not None else []


def _owners(variables: Value) -> list[Value]:
    """What the variables belong to, or they themselves where that cannot be told."""
    parameters = parameters_of(variables)
    return [root for each in parameters for root in choices_of_root(each.root)] if parameters else [variables]


def _starts_anew(program: Program, loop: Loop, owners: list[Value]) -> bool:
    """Whether each turn of a loop trains another model, or the same from other weights."""
    if any(varies(loop, owner) for owner in owners):
        return True
    known = {id(owner) for owner in owners}
    return any(
        (restores(call.method) or (call.method or "").startswith("assign"))
        and loop in call.context.loops
        and call.receiver is not None
        and any(id(one) in known for one in ancestors(call.receiver))
        for call in program.trace.calls
    )


def _repeats(loop: Loop, inner: Loop) -> bool:
    """Whether a loop counts, and goes through the same things at each of its turns."""
    if loop.kind == "for" and not _counts(loop):
        return False
    return inner.iterable is not None and not varies(loop, inner.iterable)


def _counts(loop: Loop) -> bool:
    return any(
        isinstance(one, Result) and (one.call.op or "").startswith(_COUNTING)
        for one in (ancestors(loop.iterable) if loop.iterable is not None else ())
    )


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """One place where an optimizer changes variables: an update of the program's own, or a fit."""

    call: Call
    optimizer: Instance
    owners: list[Parameters]


@check
def shared_optimizer(program: Program) -> Reports:
    if program.target == "2":
        # The optimizers of old make room for any variable that they meet.
        return
    built = [call.receiver for call in program.calls("keras.Optimizer.build") if call.receiver is not None]
    first: dict[int, Training] = {}
    for training in sorted(_trainings(program), key=lambda each: each.call.order):
        if any(training.optimizer is option for each in built for option in alternatives(each)):
            continue
        if not _is_one(training):
            continue
        name = _named(program, training)
        made_in = _loop_that_makes(training)
        earlier = first.setdefault(id(training.optimizer), training)
        if made_in is not None:
            message = f"the second turn raises: {name} was built for the variables of the first, and these are new"
            yield Report(training.call.site, message, _trail(training), fix=_made_each_turn(program, training, made_in))
        elif earlier is not training and _follows(earlier.call, training.call):
            reason = _strangers(program, earlier, training)
            if reason is not None:
                trail = (*_trail(training), (earlier.call.site, "it is first used here, and built for these variables"))
                yield Report(training.call.site, f"the update raises: {name} was built for {reason}", trail)


def _trainings(program: Program) -> Iterator[Training]:
    for update in program.updates:
        optimizer, pair = only_optimizer(update.call.receiver), update.paired()
        owners = parameters_of(pair[1]) if pair is not None else None
        if optimizer is not None and owners:
            yield Training(update.call, optimizer, owners)
    compiled: dict[int, Instance] = {}
    for call in program.trace.calls:
        if call.receiver is None:
            continue
        if call.op == "keras.Model.compile":
            given = only_optimizer(call.argument(0, "optimizer"))
            if given is not None:
                compiled[id(call.receiver)] = given
            else:
                compiled.pop(id(call.receiver), None)
        elif call.op in _STEPS and call.body is None and id(call.receiver) in compiled:
            owner = Parameters(call.receiver, "trainable_variables")
            yield Training(call, compiled[id(call.receiver)], [owner])


def _made_each_turn(program: Program, training: Training, loop: Loop) -> Repair | None:
    """Make the optimizer in the loop, where nothing outside of it asks for it."""
    optimizer = training.optimizer
    kept = any(use.kind in ("returned", "stored", "yielded") for use in optimizer.uses)
    outside = (call for call in program.trace.calls if loop not in call.context.loops)
    if kept or any(optimizer is one for call in outside for one in call.operands()):
        return None
    if not in_one_function(program, training.optimizer.site, training.call.site):
        return None
    title = "make an optimizer at each turn"
    return into_body(program, training.optimizer.site, loop, title)


def _is_one(training: Training) -> bool:
    """Whether the optimizer is surely one object, and not what stands for each that a loop has made."""
    made = training.optimizer.call
    return made is not None and made.context.loops == training.call.context.loops[: len(made.context.loops)]


def _named(program: Program, training: Training) -> str:
    if training.call.method in ("fit", "train_on_batch"):
        name = program.name(training.optimizer.site)
        return f"`{name}`" if name else "its optimizer"
    return callee(program, training.call, "the optimizer")


def _trail(training: Training) -> tuple[tuple[Site, str], ...]:
    return ((training.optimizer.site, "the optimizer is made here"),)


def _loop_that_makes(training: Training) -> Loop | None:
    """The loop that makes the variables anew at each turn, and not the optimizer."""
    optimizer = training.optimizer.call
    if optimizer is None:
        return None
    kept = optimizer.context.loops
    for loop in written(training.call.context.loops):
        if loop in kept or loop.broken or loop.kind == "fit":
            continue
        if any(_is_made_in(loop, root) for each in training.owners for root in choices_of_root(each.root)):
            return loop
    return None


def _is_made_in(loop: Loop, root: Value) -> bool:
    if isinstance(root, Instance) and root.call is not None:
        return loop in root.call.context.loops and not root.call.context.branches[loop.conditions :]
    return False


def _follows(earlier: Call, later: Call) -> bool:
    """Whether one run of the program comes by both places, as far as can be seen."""
    one, other = earlier.context.branches, later.context.branches
    if one != other[: len(one)] and other != one[: len(other)]:
        return False
    outermost = [[*call.context.frame.stack()][-1] for call in (earlier, later)]
    return outermost[0] is outermost[1]


def _way(training: Training) -> list[Site | None]:
    """The calls by which a run of the program comes to a training."""
    return [frame.call_site for frame in training.call.context.frame.stack()]


def _strangers(program: Program, earlier: Training, later: Training) -> str | None:
    """What the optimizer was built for, if that surely leaves out variables that it is given later."""
    if earlier.call.site == later.call.site and (_sites(earlier) == _sites(later) or _way(earlier) == _way(later)):
        # One and the same piece of code, and each of its runs may bring its own.
        return None
    if all(each.partial for each in earlier.owners):
        if any(_is_whole_of(each, part) for each in later.owners for part in earlier.owners):
            return "a part of these variables"
    elif all(_is_inside(each.root, whole.root) for each in earlier.owners for whole in later.owners):
        return "a part of this model"
    if all(distinct(program, left, right) for left in earlier.owners for right in later.owners):
        return "the variables of another model"
    return None


def _sites(training: Training) -> list[Site | None]:
    return [site_of(root) for each in training.owners for root in choices_of_root(each.root)]


def _is_whole_of(whole: Parameters, part: Parameters) -> bool:
    return not whole.partial and whole.root is part.root and whole.selector == part.selector


def _is_inside(part: Value, whole: Value) -> bool:
    """Whether a model or layer is one of several with weights that another consists of."""
    inside = [one for one in parts_of(whole) if one is not whole]
    others = [one for one in inside if one is not part and isinstance(one, Instance) and _has_weights(one)]
    return any(one is part for one in inside) and bool(others)


def _has_weights(layer: Instance) -> bool:
    return library_class(layer) in table("layers")["weights"]["trained"]


@check
def recompiled_in_loop(program: Program) -> Reports:
    for compiling in program.calls("keras.Model.compile"):
        around = written(compiling.context.loops)
        if not around or compiling.receiver is None or compares(around[-1]):
            continue
        loop = around[-1]
        if not _loses_optimizer(loop, compiling) or any(varies(loop, one) for one in _settings(loop, compiling)):
            continue
        steps = [call for call in program.calls(*_STEPS) if _goes_on(compiling, call)]
        if not steps or _starts_anew(program, loop, [compiling.receiver]) or _toggles(program, loop):
            continue
        model = callee(program, compiling, "the model")
        message = f"{model} gets a new optimizer at every turn, which knows nothing of the steps before"
        fix = out_of_loops(program, compiling.site, compiling.context, [loop], "compile once, before the loop")
        yield Report(compiling.site, message, ((steps[0].site, "trained here, a turn at a time"),), fix=fix)


def _loses_optimizer(loop: Loop, compiling: Call) -> bool:
    """Whether each turn makes a new optimizer, and one that would have remembered something."""
    given = compiling.argument(0, "optimizer")
    match given:
        case Constant(value=str(name)):
            return name.lower() != "sgd"
        case Instance() if kinds.of(given) == "optimizer" and given.call is not None:
            return loop in given.call.context.loops and _remembers(given)
    return False


def _settings(loop: Loop, compiling: Call) -> Iterator[Value]:
    """What a compilation and its optimizer, loss and metrics are made with."""
    for value in (*compiling.arguments, *compiling.keywords.values()):
        for option in alternatives(value):
            if isinstance(option, Instance) and option.call is not None and loop in option.call.context.loops:
                yield from option.call.operands()
            elif not isinstance(option, Instance):
                yield option


def _goes_on(compiling: Call, step: Call) -> bool:
    """Whether a call trains the compiled model for one epoch or batch at each turn, and no other."""
    if step.receiver is not compiling.receiver or step.context.loops != compiling.context.loops:
        return False
    if step.order < compiling.order or not is_certain(compiling.context, step.context) or step.opaque:
        return False
    epochs = step.argument(3, "epochs") if step.method == "fit" else None
    return epochs is None or (isinstance(epochs, Constant) and epochs.value == 1)


def _toggles(program: Program, loop: Loop) -> bool:
    """Whether a loop freezes or releases layers, after which a model has to be compiled again."""
    return any(each.name == "trainable" and loop in each.context.loops for each in program.trace.assignments)
