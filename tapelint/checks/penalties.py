"""Checks that what a model is built with counts in a loop of one's own: its regularizers."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.loss_repairs import penalized
from tapelint.checks.models import is_frozen
from tapelint.checks.registry import check_of_absence
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import owner
from tapelint.program import kinds
from tapelint.program.models import library_class
from tapelint.program.penalties import reads_losses, regularized_parts
from tapelint.program.program import Program, calls_root
from tapelint.program.provenance import ancestors, context_of, seen_from, site_of
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.trace import Call
from tapelint.program.values import (
    VARIABLE_LISTS,
    Attribute,
    Class,
    Instance,
    Library,
    Result,
    Site,
    Value,
    alternatives,
)


@check_of_absence
def dropped_regularization(program: Program) -> Reports:
    if _reads_losses(program):
        return
    for gradients in program.training:
        found = _regularized(program, gradients)
        if found is None or _may_be_penalized(gradients) or _decays_otherwise(program):
            continue
        asked, word = found
        site = _site(gradients)
        yield Report(
            site,
            f"`{word}` has no effect: {owner(program, gradients)} is trained without its `losses`",
            trails.distinct(
                [(asked, "a penalty is asked for here"), (gradients.call.site, "the gradients are computed here")]
            ),
            fix=penalized(program, gradients, site),
        )


def _reads_losses(program: Program) -> bool:
    """Whether any model or layer is asked for its `losses`, by whatever name it has there."""
    return any(reads_losses(each) for kind in ("model", "layer") for each in program.objects(kind))


def _regularized(program: Program, gradients: Gradients) -> tuple[Site, str] | None:
    """Where a penalty is asked for in what the gradients are taken for and the target comes from, and by which word."""
    made_from = list(ancestors(gradients.target)) if gradients.target is not None else []
    for each in gradients.parameters or ():
        for root in choices_of_root(each.root):
            runs = any(isinstance(one, Result) and calls_root(one.call, root) for one in made_from)
            if not runs or each.partial or reads_losses(root) or is_frozen(program, root):
                continue
            for layer, argument in regularized_parts(root):
                if not is_frozen(program, layer):
                    return layer.site, argument
            adding = next((call for call in program.trace.calls if _adds_loss(call, root)), None)
            if adding is not None:
                return adding.site, "add_loss"
    return None


def _adds_loss(call: Call, root: Value) -> bool:
    """Whether a call adds to the losses of `root`, and surely so: a graph of layers may have been built without it."""
    return (
        call.method == "add_loss"
        and any(one is root for one in call.context.forwards)
        and all(_says_how(one) for one in call.context.forwards)
    )


def _says_how(model: Value) -> bool:
    """Whether a model or layer of the project runs by a `call` of its own."""
    return (
        isinstance(model, Instance)
        and isinstance(model.cls, Class)
        and kinds.own_attribute(model.cls, "call") is not None
    )


def _may_be_penalized(gradients: Gradients) -> bool:
    """Whether the target may hold a penalty after all: the model's, one made by hand, or one made out of view."""
    roots = {id(root) for each in gradients.parameters or () for root in choices_of_root(each.root)}
    for value in ancestors(gradients.target) if gradients.target is not None else ():
        match value:
            case Attribute(name=name) if name == "losses" or name in VARIABLE_LISTS or name.endswith("regularizer"):
                return True
            case Attribute(name="kernel" | "bias" | "embeddings"):
                return True
            case Result(call=call) if call.op in ("keras.Model.compute_loss", "keras.Model.compiled_loss"):
                return True
            case Result(call=call) if call.op is None or call.op.startswith("wrapper."):
                if any(id(option) in roots for given in call.operands() for option in alternatives(given)):
                    return True
    return False


def _decays_otherwise(program: Program) -> bool:
    """Whether an optimizer lets the weights decay by itself, so that somebody has thought about it."""
    return any(
        library_class(optimizer) == "keras.optimizers.AdamW"
        or (optimizer.call is not None and "weight_decay" in optimizer.call.keywords)
        or not isinstance(optimizer.cls, Library)
        for optimizer in program.objects("optimizer")
    )


def _site(gradients: Gradients) -> Site:
    """Where the loss is put together, seen from whoever asks for its gradients."""
    site = site_of(gradients.target) if gradients.target is not None else None
    context = context_of(gradients.target) if gradients.target is not None else None
    if site is None or context is None:
        return gradients.call.site
    return seen_from(site, context, gradients.call.context.frame)
