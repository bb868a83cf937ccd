"""Augmentations: the steps of a pipeline that change each example at random, and the operations that do it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.program.knowledge import matches
from tapelint.program.models import layers_inside, library_class
from tapelint.program.pipelines import Pipeline
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call, Trace
from tapelint.program.values import Constant, Element, Library, Value, alternatives, is_none


@dataclass(frozen=True, slots=True, eq=False)
class Augmentation:
    """A `map` whose function draws: `draws` are the calls in it that do, none where it is a layer or a library's."""

    step: Call
    draws: tuple[Call, ...]

    @property
    def serial(self) -> bool:
        """Whether one example is changed after the other, so that what is drawn for each depends on no chance."""
        return self.step.argument(1, "num_parallel_calls") is None and not self.step.opaque


def augmentations(trace: Trace, pipeline: Pipeline) -> Iterator[Augmentation]:
    """The random steps of a pipeline, in order, that change what comes to them."""
    for step in pipeline.steps:
        if step.method != "map":
            continue
        function = step.argument(0, "map_func")
        if function is not None and _is_random(function):
            yield Augmentation(step, ())
        elif step.body is not None and _depends_on_examples(step.body):
            draws = tuple(call for call in trace.calls if _happens_in(step, call) and _draws(call))
            if draws:
                yield Augmentation(step, draws)


def _is_random(function: Value) -> bool:
    """Whether a function that is not the project's draws."""
    if isinstance(function, Library):
        return matches(function.name, "drawing", "seeded")
    return any(matches(name, "drawing", "layers") for name in _layers(function))


def _layers(model: Value) -> list[str]:
    """The library classes of a layer, or of those in a model."""
    inside = [model, *(layer for layer, _ in layers_inside(model))]
    return [name for layer in inside if (name := library_class(layer)) is not None]


def _depends_on_examples(result: Value) -> bool:
    """Whether a function makes what it returns of what it is given, as opposed to of random numbers alone."""
    return any(isinstance(value, Element) for value in ancestors(result))


def _happens_in(step: Call, call: Call) -> bool:
    """Whether a call is made by the function of a `map`."""
    return call.order > step.order and any(frame.call_site == step.site for frame in call.context.frame.stack())


def _draws(call: Call) -> bool:
    op = call.op or ""
    if op == "forward":
        flag = call.argument(None, "training")
        off = isinstance(flag, Constant) and flag.value is False
        return not off and any(matches(name, "drawing", "layers") for name in _layers(call.callee))
    return matches(op, "drawing", "seeded") or matches(op, "drawing", "others")


def is_seeded(draw: Call) -> bool:
    """Whether a seed is given to an operation that draws the same in each epoch then."""
    seed = draw.argument(None, "seed")
    return (
        matches(draw.op or "", "drawing", "seeded")
        and seed is not None
        and all(not is_none(option) for option in alternatives(seed))
    )


def follows_global_seed(draw: Call) -> bool:
    """Whether an operation without a seed of its own goes by the one of the program."""
    return matches(draw.op or "", "drawing", "seeded") and draw.argument(None, "seed") is None
