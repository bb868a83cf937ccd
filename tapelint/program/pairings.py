"""Pairings: where the features of examples meet their labels, in a fit, in a pipeline, or in a loss by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tapelint.program import kinds
from tapelint.program.comparisons import has_own_step
from tapelint.program.pipelines import Pipeline, pipeline_of
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call
from tapelint.program.values import Computed, Display, Element, Item, Mapping, Result, Value, alternatives, is_none

if TYPE_CHECKING:
    from tapelint.program.program import Program


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Features and labels that belong together row by row, and the call in which they meet.

    Of a pipeline zipped from others there are the two `parts` instead of arrays. What is `learned` surely leads to an
    update, as opposed to a score.
    """

    call: Call
    features: Value | None = None
    labels: Value | None = None
    parts: tuple[Pipeline, Pipeline] | None = None
    learned: bool = False


def pairings(program: Program) -> Iterator[Pairing]:
    """Every pairing of features with labels that something learns from."""
    for fit in [*program.fits, *program.calls("keras.Model.train_on_batch")]:
        if fit.receiver is not None and not has_own_step(fit.receiver):
            yield from (replace(pairing, learned=True) for pairing in _of_fit(fit))
    targets = [gradients.target for gradients in program.training if gradients.target is not None]
    differentiated = {id(value) for target in targets for value in ancestors(target)}
    for comparison in program.comparisons:
        if comparison.predictions is not None and comparison.targets is not None:
            learned = id(comparison.call.result) in differentiated
            met = _met(comparison.call, comparison.predictions, comparison.targets)
            yield from (replace(pairing, learned=learned) for pairing in met)
    for gradients in program.training:
        for value in ancestors(gradients.target) if gradients.target is not None else ():
            match value:
                case Computed(operator="-", parts=(left, right)):
                    for predictions, labels in ((left, right), (right, left)):
                        by_hand = _met(gradients.call, predictions, labels)
                        yield from (replace(pairing, learned=True) for pairing in by_hand)


def _of_fit(fit: Call) -> Iterator[Pairing]:
    x, y = fit.argument(0, "x"), fit.argument(1, "y")
    if x is None:
        return
    if kinds.of(x) == "dataset":
        yield from _of_pipeline(fit, pipeline_of(x))
    elif y is not None and not is_none(y):
        yield from (Pairing(fit, features, y) for features in _columns(x))


def _columns(x: Value) -> list[Value]:
    """The inputs of a model that has several, or its only one."""
    if isinstance(x, Display) and x.kind in ("list", "tuple") and not x.open and 0 < len(x.items) < 8:
        return x.items
    return list(x.entries.values()) if isinstance(x, Mapping) and not x.open else [x]


def _of_pipeline(call: Call, pipeline: Pipeline | None) -> Iterator[Pairing]:
    """What comes out of a pipeline of two columns, as long as no step makes something else of them."""
    if pipeline is None or any(step.method == "map" for step in pipeline.steps if not _is_of_a_part(pipeline, step)):
        return
    if len(pipeline.parts) == 2:
        yield Pairing(call, parts=(pipeline.parts[0], pipeline.parts[1]))
    arrays = pipeline.arrays or []
    if len(arrays) == 2:
        yield from (Pairing(call, features, arrays[1]) for features in _columns(arrays[0]))


def _is_of_a_part(pipeline: Pipeline, step: Call) -> bool:
    return any(step is other for part in pipeline.parts for other in part.steps)


def _met(call: Call, predictions: Value, labels: Value) -> Iterator[Pairing]:
    """The inputs that predictions are made of, with the labels they are compared with, if no model makes those."""
    if _models_behind(labels):
        return
    for forward in _models_behind(predictions):
        inputs = forward.argument(0)
        if inputs is None:
            continue
        whole = _whole_element(inputs, labels)
        if whole is not None:
            yield from _of_pipeline(call, pipeline_of(whole))
        else:
            yield Pairing(call, inputs, labels)


def _models_behind(value: Value) -> list[Call]:
    """The forward passes that a value is made by."""
    found = ancestors(value, lambda one: not _is_forward(one))
    return [one.call for one in found if isinstance(one, Result) and _is_forward(one)]


def _is_forward(value: Value) -> bool:
    return isinstance(value, Result) and value.call.op == "forward"


def _whole_element(inputs: Value, labels: Value) -> Value | None:
    """The dataset whose elements are just these inputs and labels, in this order."""
    match alternatives(inputs), alternatives(labels):
        case [Element(of=one)], [Element(of=other)] if one is other and isinstance(one, Element):
            return one.of
        case [Item(of=Element(of=data) as one)], [Item(of=other)] if one is other:
            return data
    return None
