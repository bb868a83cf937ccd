"""Checks of training on several devices: what is made where, and how the parts of a batch come together."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Surround
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.checks.wording import argument, callee
from tapelint.program.built import is_built
from tapelint.program.losses import shape_of
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by, site_of
from tapelint.program.questions import asked_once
from tapelint.program.spelling import visible_name
from tapelint.program.strategies import RUN, copies, has_several, replica_run, scope_of, undistributed
from tapelint.program.tapes import Gradients, Parameters, Update, gradient_behind
from tapelint.program.trace import Call
from tapelint.program.values import Computed, Function, Result, Value, alternatives
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

_MEANS = frozenset({"tensorflow.reduce_mean", "keras.ops.mean"})
_SUMS = frozenset({"tensorflow.reduce_sum", "keras.ops.sum"})
_COMBINING = ("all_reduce", "reduce", "merge_call")


@check
def unscaled_distributed_loss(program: Program) -> Reports:
    for update in program.updates:
        run = replica_run(program.trace, update.call.context)
        if run is None or run.op != RUN or not has_several(run.receiver):
            continue
        for gradients in _applied(program, update):
            how = _reduction(gradients.target) if gradients.target is not None else None
            if how is None:
                continue
            text = argument(program, gradients.call, 0, "target")
            named = f"`{text}`" if text is not None else "the loss"
            yield Report(
                gradients.call.site,
                f"{named} is {how} on each replica, and the gradients of all are added: the step is too large",
                distinct([*trails.of_gradients(gradients), (run.site, "each replica runs it")]),
                fix=_divided(program, gradients, run) if how == "averaged" else None,
            )


def _divided(program: Program, gradients: Gradients, run: Call) -> Repair | None:
    """The mean divided by the number of replicas, which makes it one over the whole batch."""
    made = made_by(gradients.target) if gradients.target is not None else None
    if made is None or run.receiver is None or made.site.module is not gradients.call.site.module:
        return None
    strategy = visible_name(run.receiver, made.context.frame, made.site.module) or _held(program, run)
    if strategy is None:
        return None
    divided = Surround(made.site, "", f" / {strategy}.num_replicas_in_sync")
    return Repair(f"divide it by `{strategy}.num_replicas_in_sync`", "unsafe", (divided,))


def _held(program: Program, run: Call) -> str | None:
    """How the object that runs the step names its strategy, which the step can do as well if it is a method of that."""
    node = program.nodes(run.site.module)[run.site.node]
    function = node.function if isinstance(node, tree.Call) else None
    step = run.argument(0, "fn")
    held = isinstance(step, Function) and step.receiver is not None and step.receiver is _receiver_of(run)
    if not held or not isinstance(function, tree.Attribute) or not isinstance(function.value, tree.Attribute):
        return None
    return spell(function.value)


def _receiver_of(run: Call) -> Value | None:
    running = run.context.frame.function
    return running.receiver if running is not None else None


def _applied(program: Program, update: Update) -> list[Gradients]:
    """The gradients that an update applies as the tape gave them."""
    pairs = update.paired()
    if pairs is None:
        return []
    requests = {id(call.result): call for call in gradient_behind(pairs[0])}
    between = [one for one in ancestors(pairs[0], lambda each: id(each) not in requests) if id(one) not in requests]
    if any(isinstance(one, Computed) or _combines(one) for one in between):
        return []
    calls = {id(call) for call in requests.values()}
    return [each for each in program.gradients if id(each.call) in calls and each.first_order]


def _combines(value: Value) -> bool:
    return isinstance(value, Result) and (value.call.method in _COMBINING or value.call.op is None)


@asked_once
def _reduction(target: Value) -> str | None:
    """How a loss was made of those of the examples, if the size of the whole batch does not come in."""
    found = {_reduction_of_one(option) for option in alternatives(target)}
    return found.pop() if len(found) == 1 else None


def _reduction_of_one(loss: Value) -> str | None:
    if isinstance(loss, Computed) and loss.operator == "+":
        # What a loop adds up is one of several values, and among them itself.
        terms = [options[0] for part in loss.parts if len(options := alternatives(part)) == 1]
        return next((how for term in terms if (how := _reduction_of_one(term)) is not None), None)
    shape = shape_of(loss)
    if shape is not None and shape.kind == "per-example":
        return "summed by the tape"
    call = made_by(loss)
    given = call.argument(0) if call is not None else None
    inner = shape_of(given) if given is not None else None
    if call is None or inner is None or inner.kind != "per-example" or isinstance(given, Computed):
        return _of_plain_difference(call, given)
    if call.op in _MEANS:
        return "averaged"
    return "summed" if call.op in _SUMS else None


def _of_plain_difference(call: Call | None, given: Value | None) -> str | None:
    """The mean of squared or absolute differences, whatever axes they have, is one over the replica's own examples."""
    inner = made_by(given) if given is not None else None
    alone = call is not None and call.op in _MEANS and call.argument(1, "axis") is None
    if alone and inner is not None and inner.op in ("tensorflow.square", "tensorflow.abs", "keras.ops.square"):
        return "averaged"
    return None


@check
def outside_strategy_scope(program: Program) -> Reports:
    yield from _made_outside(program)
    yield from _compiled_inside(program)
    yield from _updated_without_run(program)


def _made_outside(program: Program) -> Reports:
    """Models whose weights were there before the strategy, and are updated on its replicas."""
    for update in program.updates:
        run = replica_run(program.trace, update.call.context)
        if run is None or run.op != RUN or not copies(run.receiver):
            continue
        for gradients in _applied(program, update):
            for parameters in gradients.parameters or ():
                yield from _outside(program, parameters, run)


def _outside(program: Program, parameters: Parameters, run: Call) -> Reports:
    for model in alternatives(parameters.root):
        made = made_by(model)
        if made is None or scope_of(made.context) is not None or not is_built(model, program.trace, run.order):
            continue
        name = program.name(made.site)
        yield Report(
            made.site,
            f"{f'`{name}`' if name else 'the model'} is made outside of `scope()`: its update on a replica raises an "
            "AssertionError",
            distinct([(run.site, "the replicas run here")]),
        )


def _compiled_inside(program: Program) -> Reports:
    for compiled in program.calls("keras.Model.compile"):
        strategy = scope_of(compiled.context)
        if strategy is None or not copies(strategy) or compiled.receiver is None:
            continue
        fits = [fit for fit in program.fits if fit.receiver is compiled.receiver]
        made = made_by(compiled.receiver)
        if made is None or scope_of(made.context) is not None or not fits:
            continue
        name = program.name(made.site)
        yield Report(
            made.site,
            f"{f'`{name}`' if name else 'the model'} is made outside of `scope()` and compiled inside: `fit` raises an "
            "AssertionError",
            distinct([(compiled.site, "it is compiled here"), (fits[0].site, "it is trained here")]),
        )


def _updated_without_run(program: Program) -> Reports:
    for update in program.updates:
        context = update.call.context
        strategy = scope_of(context)
        if strategy is None or not copies(strategy) or replica_run(program.trace, context) is not None:
            continue
        if any(
            frame.function is not None and frame.function.node.name == "train_step" for frame in context.frame.stack()
        ):
            # Keras may run it on the replicas.
            continue
        yield Report(
            update.call.site,
            f"{callee(program, update.call, 'the optimizer')} updates in `scope()`, and on no replica: this raises a "
            "ValueError",
            distinct([(site_of(strategy), "the strategy is made here")]),
        )


@check
def undistributed_dataset(program: Program) -> Reports:
    for run in program.calls(RUN):
        if not has_several(run.receiver):
            continue
        for dataset in undistributed(run):
            made = made_by(dataset)
            name = program.name(made.site) if made is not None else None
            yield Report(
                run.site,
                f"each replica gets every batch of {f'`{name}`' if name else 'the dataset'} as a whole: "
                "they all do the same work",
                distinct([(made.site if made is not None else None, "the dataset is made here")]),
            )
