"""Checks of which variables an update is about: those that are trained, all of them, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import quoted
from tapelint.program import kinds
from tapelint.program.knowledge import table
from tapelint.program.models import library_class, parts_of, related
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, differentiable, projected
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.trace import Call
from tapelint.program.turns import restores
from tapelint.program.values import Class, Constant, Instance, Item, Result, Site, Value, alternatives
from tapelint.program.wrappers import APPLIES_GRADIENTS, TAKES_STEP
from tapelint.syntax import tree
from tapelint.syntax.nodes import children

_ALL = {"variables": "trainable_variables", "weights": "trainable_weights"}
_KEPT_STATISTICS = frozenset({"keras.layers.BatchNormalization", "keras.layers.Normalization"})


@check
def non_trainable_variables(program: Program) -> Reports:
    for gradients in program.training:
        parameters = gradients.parameters or []
        if any(each.selector not in _ALL or each.partial for each in parameters):
            continue
        parts = [part for each in parameters for root in choices_of_root(each.root) for part in parts_of(root)]
        spelled = quoted(program, _sources_site(program, gradients), "this list")
        frozen = next((part for part in parts if _is_frozen(program, part)), None)
        if frozen is not None:
            message = f"{spelled} includes what is frozen: it gets gradients, and is updated all the same"
        elif any(library_class(part) in _KEPT_STATISTICS for part in parts):
            message = f"{spelled} includes what is not trained, such as moving averages: these have no gradient"
        else:
            continue
        yield Report(gradients.call.site, message, fix=_trainable_only(program, gradients))


def _sources_site(program: Program, gradients: Gradients) -> Site:
    """Where the call of a tape says by what it differentiates."""
    module = gradients.call.site.module
    node = program.nodes(module)[gradients.call.site.node]
    if isinstance(node, tree.Call):
        named = [each for each in node.arguments if each.keyword == "sources"]
        given = (named or node.arguments[1:2])[:1]
        if given:
            return Site(module, given[0].value.id)
    return gradients.call.site


def _is_frozen(program: Program, part: Value) -> bool:
    """Whether a layer with weights is surely not to be trained."""
    if isinstance(part, Instance) and part.call is not None:
        given = part.call.argument(None, "trainable")
        if isinstance(given, Constant) and given.value is False:
            return True
    told = [each for each in program.trace.assignments if each.name == "trainable" and _of(each.owner) is part]
    return bool(told) and all(isinstance(each.value, Constant) and each.value.value is False for each in told)


def _of(owner: Value) -> Value:
    """The layer whose flag is set, or the model of which all layers are gone through."""
    of = projected(owner)
    return owner if isinstance(owner, Item) else of


def _trainable_only(program: Program, gradients: Gradients) -> Repair | None:
    """Name the trainable variables, in the request and in the update alike, where both are spelled out."""
    updates = [update for update in program.updates if gradients.call in update.requests]
    if len(updates) != 1 or updates[0].call.site.module is not gradients.call.site.module:
        return None
    asked = [_sources_site(program, gradients)]
    nodes = program.nodes(gradients.call.site.module)
    applied = [
        Site(gradients.call.site.module, node.id)
        for node in _inside(nodes[updates[0].call.site.node])
        if isinstance(node, tree.Attribute) and node.name in _ALL
    ]
    changes = []
    for site in dict.fromkeys([*asked, *applied]):
        node = nodes[site.node]
        if not isinstance(node, tree.Attribute) or node.name not in _ALL:
            return None
        changes.append(Replace(site, (Site(site.module, node.value.id), f".{_ALL[node.name]}")))
    return Repair("take the trainable variables only", "unsafe", tuple(changes)) if applied else None


def _inside(node: tree.Node) -> Iterator[tree.Node]:
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(children(one))


@check
def variables_missing_from_update(program: Program) -> Reports:
    named = [each.parameters or [] for each in program.updates] + [each.parameters or [] for each in program.gradients]
    updated = [root for parameters in named for each in parameters for root in choices_of_root(each.root)]
    if not program.updates or any(update.parameters is None for update in program.updates):
        return
    if any(call.method == "minimize" or call.op in (APPLIES_GRADIENTS, TAKES_STEP) for call in program.trace.calls):
        # These update, too, and it is not known what.
        return
    for gradients in program.training:
        for call in _trained_forwards(gradients):
            model = call.receiver
            if isinstance(model, Instance) and _is_left_out(program, model, updated):
                name = quoted(program, Site(call.site.module, _callee_of(program, call)), "the model")
                yield Report(
                    call.site,
                    f"{name} runs in training mode and is never updated: no update has its variables",
                    ((gradients.call.site, "the gradients are computed here, by others"),),
                )


def _callee_of(program: Program, call: Call) -> int:
    node = program.nodes(call.site.module)[call.site.node]
    return node.function.id if isinstance(node, tree.Call) else call.site.node


def _trained_forwards(gradients: Gradients) -> Iterator[Call]:
    """The forward passes in training mode, as the user's own code asks for them, that the loss depends on."""
    if gradients.target is None:
        return
    for value in ancestors(gradients.target, differentiable):
        if isinstance(value, Result) and value.call.op == "forward" and not value.call.context.forwards:
            flag = value.call.argument(None, "training")
            if isinstance(flag, Constant) and flag.value is True and gradients.records(value):
                yield value.call


def _is_left_out(program: Program, model: Instance, updated: list[Value]) -> bool:
    """Whether nothing in view trains a model that the program made with weights of its own, or froze or loaded it."""
    if model.call is None or [*model.call.context.frame.stack()][-1].function is not None:
        # Whoever made it out of view may train it there, too.
        return False
    parts = parts_of(model)
    if not any(library_class(part) in table("layers")["weights"]["trained"] for part in parts):
        return False
    if any(root is part for root in updated for part in parts) or any(related(model, root) for root in updated):
        return False
    known = {id(part) for part in parts}
    if any(_of(each.owner) in parts for each in program.trace.assignments if each.name == "trainable"):
        return False
    restored = any(restores(call.method) for call in program.trace.calls)
    return not any(_takes_care(call, known, restored) for call in program.trace.calls)


def _takes_care(call: Call, known: set[int], restored: bool) -> bool:
    """Whether a call gives a model its weights, trains it, or may do so out of view."""
    if call.receiver is not None and any(id(one) in known for one in alternatives(call.receiver)):
        return restores(call.method) or call.method in ("compile", "fit", "train_on_batch")
    out_of_view = (
        (call.op is None and call.method is None and not _enters(call))
        or call.op == "keras.models.clone_model"
        or (restored and call.op == "tensorflow.train.Checkpoint")
    )
    passed = [*call.arguments, *call.keywords.values()]
    return out_of_view and any(id(option) in known for value in passed for option in alternatives(value))


def _enters(call: Call) -> bool:
    """Whether a call makes an object of one of the program's classes, whose methods are in view."""
    return isinstance(call.callee, Class) and kinds.is_made_in_view(call.callee)
