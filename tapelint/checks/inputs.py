"""Checks of what reaches a model from its data: how large the numbers are, and how they get there."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.mending import argument_site
from tapelint.checks.registry import check
from tapelint.checks.repairs import AddItem, Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import callee
from tapelint.program.images import is_input, raw_source, takes_images_as_they_are
from tapelint.program.knowledge import table
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.provenance import made_by
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call
from tapelint.program.values import Display, Function, Site, Value
from tapelint.syntax import tree


@check
def unscaled_inputs(program: Program) -> Reports:
    for call, images in _trained_on(program):
        source = raw_source(images)
        model = call.receiver
        if source is not None and model is not None and takes_images_as_they_are(model):
            yield Report(
                call.site,
                f"{callee(program, call, 'the model')} gets numbers up to 255, and its layers are made for about 1",
                trails.distinct([(source.site, "the images are loaded here"), (call.site, "and fed as they are")]),
                fix=_rescale(program, model),
            )


def _rescale(program: Program, model: Value) -> Repair | None:
    """A layer that divides, behind the input of a Sequential whose layers are listed where it is made."""
    made = made_by(model)
    scaling = spelling(made.site.module, "keras.layers.Rescaling") if made is not None else None
    layers = argument_site(program, made, 0, "layers") if made is not None else None
    if scaling is None or layers is None or library_class(model) != "keras.Sequential":
        return None
    listed = program.nodes(layers.module)[layers.node]
    first = listed.items[0] if isinstance(listed, tree.Collection) and listed.items else None
    given = made.argument(0, "layers") if made is not None else None
    if first is None or not isinstance(given, Display) or not is_input(given.items[0]):
        return None
    site = Site(layers.module, first.id)
    return Repair("scale the images in the model", "unsafe", (AddItem(site, f"{scaling}(1.0 / 255)"),))


def _trained_on(program: Program) -> Iterator[tuple[Call, Value]]:
    """Each call that feeds a model in training, with what it is fed."""
    for fit in program.fits:
        x = fit.argument(0, "x")
        if x is not None:
            yield fit, x
    trained = {id(loop) for gradients in program.training for loop in gradients.call.context.loops[-1:]}
    for forward in program.forwards:
        if forward.arguments and {id(loop) for loop in forward.context.loops[-1:]} & trained:
            yield forward, forward.arguments[0]


@check
def sequential_input(program: Program) -> Reports:
    for _, feed in program.feeds:
        for step in feed.pipeline.steps if feed.pipeline is not None else ():
            if step.op != "tensorflow.data.Dataset.map" or step.opaque or _may_run_in_parallel(step):
                continue
            costly = _costly(program, step)
            if costly is not None:
                yield Report(
                    step.site,
                    "one example after the other is prepared here: training waits for it, while processors are idle",
                    ((costly.site, "this takes long for each of them"),),
                    fix=_in_parallel(step),
                )


def _may_run_in_parallel(step: Call) -> bool:
    return step.argument(1, "num_parallel_calls") is not None or step.argument(None, "deterministic") is not None


def _costly(program: Program, step: Call) -> Call | None:
    """The first thing that a function of a pipeline does which takes long: reading, decoding, resizing."""
    function = step.argument(0, "map_func")
    if not isinstance(function, Function):
        return None
    names = table("inputs")["costly"]["names"]
    return next((call for call in program.trace.calls if call.op in names and _runs_in(call, function)), None)


def _runs_in(call: Call, function: Function) -> bool:
    running = [frame.function for frame in call.context.frame.stack() if frame.function is not None]
    return any(one.node is function.node for one in running)


def _in_parallel(step: Call) -> Repair | None:
    tune = spelling(step.site.module, "tensorflow.data.AUTOTUNE")
    if tune is None:
        return None
    change = SetArgument(step.site, "num_parallel_calls", tune)
    return Repair("prepare several examples at once", "unsafe", (change,))
