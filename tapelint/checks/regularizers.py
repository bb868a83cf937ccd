"""Checks of regularizers that are given to layers when it is too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.checks.wording import quoted
from tapelint.program.built import is_built, model_of_layer
from tapelint.program.models import parts_of
from tapelint.program.program import Program
from tapelint.program.provenance import site_of
from tapelint.program.trace import Call, Trace
from tapelint.program.values import Constant, Instance, Site, Value, alternatives, is_none

_WEIGHTS = ("kernel", "bias", "recurrent", "depthwise", "pointwise", "embeddings", "beta", "gamma", "alpha")
_LATE = frozenset(f"{weight}_{kind}" for weight in _WEIGHTS for kind in ("regularizer", "constraint"))

# What makes a model anew from its description, in which the attribute counts.
_ANEW = frozenset({"get_config", "to_json", "from_config"})
_ANEW_CALLS = frozenset({"keras.models.clone_model", "keras.models.model_from_json", "keras.models.load_model",
                         "keras.saving.load_model"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Setting:
    """An attribute of a layer that is set, by `=` or by `setattr`, after `order` calls."""

    owner: Value
    name: str
    value: Value
    site: Site
    order: int


@check
def late_regularizer(program: Program) -> Reports:
    trace = program.trace
    for setting in _settings(trace):
        if is_none(setting.value) or _is_made_anew(trace, setting.order):
            continue
        model = model_of_layer(setting.owner)
        if not (is_built(model, trace, setting.order) if model is not None else _has_weights(program, setting)):
            continue
        kind = setting.name.rpartition("_")[2]
        lost = "no loss is added" if kind == "regularizer" else "nothing is constrained"
        target = quoted(program, setting.site, f"`{setting.name}`")
        yield Report(
            setting.site,
            f"{target} comes too late: the layer has its weights, and {lost}",
            distinct([(site_of(model) if model is not None else None, "the weights are made here")]),
        )


def _settings(trace: Trace) -> Iterator[_Setting]:
    for assignment in trace.assignments:
        if assignment.name in _LATE:
            yield _Setting(assignment.owner, assignment.name, assignment.value, assignment.site, assignment.order)
    for call in trace.calls:
        if call.op == "builtins.setattr" and len(call.arguments) == 3:
            owner, name, value = call.arguments
            names = [option.value for option in alternatives(name) if isinstance(option, Constant)]
            if names and len(names) == len(alternatives(name)) and all(each in _LATE for each in names):
                yield _Setting(owner, str(names[0]), value, call.site, call.order)


def _is_made_anew(trace: Trace, order: int) -> bool:
    return any(call.op in _ANEW_CALLS or call.method in _ANEW for call in trace.calls[order:])


def _has_weights(program: Program, setting: _Setting) -> bool:
    """Whether a layer that somebody holds himself has run already, or is in a model that is built."""
    layer, order = setting.owner, setting.order
    if not isinstance(layer, Instance):
        return False
    if is_built(layer, program.trace, order):
        return True
    return any(
        model.call is not None
        and model.call.order < order
        and any(part is layer for part in parts_of(model))
        and not _is_added_later(layer, order)
        and is_built(model, program.trace, order)
        for model in program.objects("model")
    )


def _is_added_later(layer: Instance, order: int) -> bool:
    return any(
        isinstance(use.by, Call) and use.by.op == "keras.Model.add" and use.by.order >= order for use in layer.uses
    )
