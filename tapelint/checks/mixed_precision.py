"""Checks of training in half precision: whether the loss is scaled where its gradients are to be."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.repairs import Insert, Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument, callee
from tapelint.finding import Severity
from tapelint.program import kinds
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by, site_of
from tapelint.program.tapes import Gradients, Update, gradient_behind
from tapelint.program.trace import Call
from tapelint.program.values import Attribute, Computed, Constant, Display, Instance, Site, Value, alternatives
from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, spell

_SCALER = "keras.optimizers.LossScaleOptimizer"
_SCALING = frozenset({"scale_loss", "get_scaled_loss"})
_POLICIES = frozenset(
    {"keras.config.set_dtype_policy", "keras.mixed_precision.set_dtype_policy",
     "keras.mixed_precision.set_global_policy", "keras.mixed_precision.set_policy"}
)  # fmt: skip
_HALF = "mixed_float16"

# What a fix calls the loss that is to be differentiated.
_SCALED = "scaled_loss"

# What the optimizer divides by at the start, unless it is told otherwise.
_INITIAL_SCALE = 32768


@check
def unscaled_mixed_precision(program: Program) -> Reports:
    told = False
    for update in program.updates:
        for gradients in _plain_gradients(program, update):
            if _is_scaled(gradients):
                continue
            scaler = _scaler(program, update)
            if scaler is not None and program.target == "3":
                divides = f"{callee(program, update.call, 'the optimizer')} divides its gradients by {_INITIAL_SCALE}"
                repair = _scaled(program, gradients, update)
                yield _report(program, gradients, update, f"but {divides}: the weights barely move", repair=repair)
            elif not told and (scaler is not None or _is_plain(program, update)):
                # Once says it: what underflows is a matter of the program's data, not of each step.
                told = True
                yield _report(
                    program, gradients, update, "in float16: small gradients underflow to 0", severity="warning"
                )


def _report(
    program: Program,
    gradients: Gradients,
    update: Update,
    consequence: str,
    *,
    severity: Severity | None = None,
    repair: Repair | None = None,
) -> Report:
    loss = argument(program, gradients.call, 0, "target")
    named = f"`{loss}`" if loss is not None else "the loss"
    trail = trails.distinct([*trails.of_gradients(gradients), (update.call.site, "the gradients are applied here")])
    return Report(gradients.call.site, f"{named} is not scaled, {consequence}", trail, severity, fix=repair)


def _scaled(program: Program, gradients: Gradients, update: Update) -> Repair | None:
    """The loss scaled under the tape, once it has its name, and the gradients taken of that."""
    module = gradients.call.site.module
    nodes = program.nodes(module)
    request, step = nodes[gradients.call.site.node], nodes[update.call.site.node]
    if update.call.site.module is not module or not isinstance(request, tree.Call) or not isinstance(step, tree.Call):
        return None
    target = request.arguments[0].value if request.arguments else None
    made = site_of(gradients.target) if gradients.target is not None else None
    if (
        made is None
        or made.module is not module
        or not isinstance(target, tree.Name)
        or _SCALED in module.document.text
    ):
        return None
    block, optimizer = _tape_of(nodes, gradients), step.function
    named = program.name(made) == target.name and block is not None and block in nodes.parents(made.node)
    if not named or block is None or not isinstance(optimizer, tree.Attribute) or spell(optimizer.value) is None:
        return None
    line = f"{_SCALED} = {spell(optimizer.value)}.scale_loss({target.name})"
    changes = (Insert("last", Site(module, block.id), (line,)), Replace(Site(module, target.id), _SCALED))
    return Repair(f"scale `{target.name}` by `{spell(optimizer.value)}.scale_loss`", "unsafe", changes)


def _tape_of(nodes: Nodes, gradients: Gradients) -> tree.With | None:
    """The `with` of the tape, if there is one tape and it is made there."""
    if len(gradients.tapes) != 1:
        return None
    return next((each for each in nodes.parents(gradients.tapes[0].site.node) if isinstance(each, tree.With)), None)


def _plain_gradients(program: Program, update: Update) -> list[Gradients]:
    """The first-order gradients of a known target that an update applies as they are, without arithmetic on them."""
    pairs = update.paired()
    if pairs is None or any(isinstance(one, Computed) for one in _up_to_gradients(pairs[0])):
        return []
    behind = {id(call) for call in gradient_behind(pairs[0])}
    return [
        gradients
        for gradients in program.gradients
        if id(gradients.call) in behind and gradients.first_order and gradients.target is not None
    ]


def _up_to_gradients(value: Value) -> list[Value]:
    requests = {id(call.result) for call in gradient_behind(value)}
    return [one for one in ancestors(value, lambda each: id(each) not in requests) if id(one) not in requests]


def _is_scaled(gradients: Gradients) -> bool:
    """Whether the loss may be scaled: by the optimizer, by a factor, or by a function out of view."""
    assert gradients.target is not None
    pending, seen = [gradients.target], set[int]()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Computed):
            if value.operator in ("*", "/"):
                return True
            pending.extend(value.parts)
            continue
        call = made_by(value)
        if call is None:
            pending.extend(alternatives(value) if not isinstance(value, Display) else value.items)
            continue
        if call.method in _SCALING or (call.op is None and not _computes_loss(call)):
            return True
        if (call.op or "").startswith("tensorflow.") and not _computes_loss(call):
            pending.extend(call.operands())
    return False


def _computes_loss(call: Call) -> bool:
    """Whether a call is what a loss comes from: what is behind it is the model and the data."""
    return (call.op or "").startswith(
        ("keras.losses.", "keras.Loss.", "keras.Model.compute_loss", "tensorflow.nn.", "forward")
    ) or call.method in ("compute_loss", "compiled_loss")


def _scaler(program: Program, update: Update) -> Value | None:
    """The optimizer of an update if it surely divides what it gets: a LossScaleOptimizer, or one that Keras wraps."""
    optimizer = update.call.receiver
    if optimizer is None:
        return None
    options = alternatives(optimizer)
    if options and all(library_class(option) == _SCALER and _divides(option) for option in options):
        return optimizer
    return optimizer if _is_wrapped_by_compile(program, update.call) else None


def _divides(optimizer: Value) -> bool:
    """Whether a LossScaleOptimizer starts with a scale that is far from 1."""
    if not isinstance(optimizer, Instance) or optimizer.call is None or optimizer.call.opaque:
        return False
    given = optimizer.call.argument(1, "initial_scale")
    return given is None or (isinstance(given, Constant) and given.value not in (1, None))


def _is_wrapped_by_compile(program: Program, call: Call) -> bool:
    """Whether the optimizer is that of a compiled model under `mixed_float16`, for `compile` wraps it there."""
    receiver, frame = call.receiver, call.context.frame
    if not (isinstance(receiver, Attribute) and receiver.name == "optimizer" and kinds.of(receiver.of) == "model"):
        return False
    in_step = any(each.function is not None and each.function.node.name == "train_step" for each in frame.stack())
    compiled = [each for each in program.calls("keras.Model.compile") if each.receiver is receiver.of]
    left = all(each.argument(None, "auto_scale_loss") is None and not each.opaque for each in compiled)
    return in_step and bool(compiled) and left and _is_half(program, call)


def _is_plain(program: Program, update: Update) -> bool:
    """Whether an optimizer that never scales updates the weights of a program in half precision."""
    optimizer = update.call.receiver
    options = alternatives(optimizer) if optimizer is not None else []
    known = all(
        isinstance(option, Instance)
        and option.call is not None
        and (library_class(option) or "").startswith("keras.optimizers.")
        and library_class(option) != _SCALER
        and option.call.argument(None, "loss_scale_factor") is None
        and not option.call.opaque
        for option in options
    )
    return bool(options) and known and _is_half(program, update.call)


def _is_half(program: Program, call: Call) -> bool:
    """Whether the policy that was set last before a call, and surely set, is `mixed_float16`."""
    settings = [
        each
        for each in program.trace.calls
        if each.op in _POLICIES and each.order < call.order and each.arguments and not each.context.branches
    ]
    return bool(settings) and _names_half(settings[-1].arguments[0])


def _names_half(policy: Value) -> bool:
    call = made_by(policy)
    if call is not None and (call.op or "").endswith("Policy") and call.arguments:
        policy = call.arguments[0]
    return isinstance(policy, Constant) and policy.value == _HALF
