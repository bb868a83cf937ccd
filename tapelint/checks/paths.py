"""Checks of the way from the loss back to the variables: an operation that no gradient passes cuts them off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from operator import is_

from tapelint.checks import trails
from tapelint.checks.models import class_name
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import listed, owner, quoted
from tapelint.program import kinds
from tapelint.program.knowledge import table
from tapelint.program.models import graph_outputs, library_class, parts_of
from tapelint.program.objectives import given_to_compile
from tapelint.program.paths import detachments, severing, sources_of, way_back
from tapelint.program.program import Program
from tapelint.program.strides import Cut, CutKind
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.values import Computed, Constant, Function, Instance, Result, Site, Value, alternatives
from tapelint.syntax import tree


@dataclass(frozen=True, slots=True)
class Severed:
    """An operation that cuts off all variables that gradients are wanted by; whose they are, and the trail."""

    cut: Cut
    whose: str
    trail: trails.Trail


@check
def numpy_in_gradient_path(program: Program) -> Reports:
    return _reports(program, "array", "leaves TensorFlow")


@check
def non_differentiable_loss(program: Program) -> Reports:
    yield from _reports(program, "steps", "has no gradient")
    yield from _reports(program, "flat", "is flat wherever it has a gradient", "zero")


@check
def predict_inside_tape(program: Program) -> Reports:
    for report in _reports(program, "prediction", "returns arrays, which no tape records"):
        yield replace(report, fix=_called(program, report.site))


def _called(program: Program, predict: Site) -> Repair | None:
    """Calling the model, where nothing but a batch is given to `predict`."""
    node = program.nodes(predict.module)[predict.node]
    if not isinstance(node, tree.Call) or not isinstance(node.function, tree.Attribute) or not node.arguments:
        return None
    batch, *rest = node.arguments
    if batch.star or batch.keyword not in (None, "x") or any(each.keyword != "verbose" for each in rest):
        return None
    model, given = Site(predict.module, node.function.value.id), Site(predict.module, batch.value.id)
    change = Replace(predict, (model, "(", given, ", training=True)"))
    return Repair("call the model instead", "unsafe", (change,))


@check
def assign_in_gradient_path(program: Program) -> Reports:
    return _reports(program, "assigned", "keeps numbers and not where they come from")


def _reports(program: Program, kind: CutKind, reason: str, gradient: str = "None") -> Reports:
    for each in severed(program, kind):
        cut = each.cut
        if kind == "array" and _raises_instead(cut):
            continue
        what = quoted(program, cut.site, _in_words(cut.value))
        yield Report(cut.site, f"{what} {reason}: every gradient of {each.whose} is {gradient}", each.trail)
    for cut, layers, trail in _detached(program, kind):
        what = quoted(program, cut.site, _in_words(cut.value))
        verb = "learns" if len(layers) == 1 else "learn"
        yield Report(cut.site, f"{what} {reason}: {listed(layers[::-1])} before it never {verb}", trail)


def _in_words(value: Value) -> str:
    """What an operation is called that is not quoted."""
    if isinstance(value, Computed):
        return "the division without rest" if value.operator == "//" else "the comparison"
    return "this step"


def severed(program: Program, kind: CutKind) -> Iterator[Severed]:
    for gradients in program.gradients:
        if gradients.target is None or not gradients.of_this_course:
            continue
        cuts = severing(gradients.target, sources_of(gradients))
        # What comes from outside of the tape, such as the target of a value, is as it should be.
        for cut in [cut for cut in cuts if gradients.covers(cut.context)] or cuts:
            if cut.kind == kind:
                yield Severed(cut, owner(program, gradients), _trail(gradients, cut))
    for loss in given_to_compile(program.trace):
        for cut in severing(loss.returned, partial(is_, loss.prediction)):
            if cut.kind == kind:
                yield Severed(cut, "the model", ((loss.call.site, "the model is trained with it here"),))


def _trail(gradients: Gradients, cut: Cut) -> trails.Trail:
    steps = trails.of_gradients(gradients)
    return trails.distinct([*steps[:-1], (cut.site, "the gradient ends here"), *steps[-1:]])


def _raises_instead(cut: Cut) -> bool:
    """Whether this runs as a graph, where an array of a tensor ends the program, unless it is asked for like this."""
    if isinstance(cut.value, Result) and cut.value.call.op == "tensorflow.numpy_function":
        return False
    return any(frame.compiled == "yes" or _is_compiled_by_keras(frame.function) for frame in cut.context.frame.stack())


def _is_compiled_by_keras(function: Function | None) -> bool:
    return (
        function is not None
        and function.node.name in _COMPILED_BY_KERAS
        and function.owner is not None
        and kinds.of_class(function.owner) == "model"
    )


# The methods of a model that Keras compiles.
_COMPILED_BY_KERAS = frozenset({"train_step", "test_step", "predict_step"})


# Parts of a model that nothing leads back to, while the rest of it learns


def _detached(program: Program, kind: CutKind) -> Iterator[tuple[Cut, list[str], trails.Trail]]:
    """The cuts inside a model that is trained, with the layers before them that no training reaches."""
    trained = list(_trained_outputs(program))
    reached: set[int] = set()
    for output, _, _ in trained:
        way = way_back([output], lambda _: False)
        if way.lost:
            # Whatever is out of view may lead to any layer.
            return
        reached |= way.passed.keys()
    for output, parts, trail in trained:
        for detachment in detachments(output):
            wanted = [layer for layer in detachment.layers if id(layer) in parts and id(layer) not in reached]
            layers = [f"`{class_name(layer)}`" for layer in wanted if _would_learn(program, layer)]
            if layers and detachment.cut.kind == kind:
                yield detachment.cut, layers, trail


def _trained_outputs(program: Program) -> Iterator[tuple[Value, set[int], trails.Trail]]:
    """What is trained on, with the layers that are to learn: the outputs of models for `fit`, and targets of tapes."""
    for fit in program.fits:
        for model in alternatives(fit.receiver) if fit.receiver is not None else ():
            outputs = graph_outputs(model)
            if outputs is not None:
                yield outputs, {id(part) for part in parts_of(model)}, ((fit.site, "the model is trained here"),)
    for gradients in program.training:
        if gradients.target is not None and gradients.parameters and gradients.of_this_course:
            roots = [root for each in gradients.parameters for root in choices_of_root(each.root)]
            parts = {id(part) for root in roots for part in parts_of(root)}
            yield gradients.target, parts, trails.of_gradients(gradients)


def _would_learn(program: Program, layer: Value) -> bool:
    """Whether a layer has weights, and nobody says that these or others are to stay as they are."""
    if library_class(layer) not in table("gradients")["weighted"]["names"]:
        return False
    given = layer.call.argument(None, "trainable") if isinstance(layer, Instance) and layer.call is not None else None
    frozen = given is not None and not (isinstance(given, Constant) and given.value)
    return not frozen and not any(assignment.name == "trainable" for assignment in program.trace.assignments)
