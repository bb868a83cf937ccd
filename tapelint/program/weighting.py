"""The weights of examples that `fit` hands to a model's own step, and what the step makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.program.comparisons import has_own_step
from tapelint.program.pipelines import pipeline_of
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.program.values import Constant, Display, Item, Site, Unknown, Value, alternatives, is_none
from tapelint.syntax import tree

_UNPACKING = "keras.utils.unpack_x_y_sample_weight"
# Where `fit` takes weights, and the part of a batch that they become.
_POSITIONS = {"class_weight": 9, "sample_weight": 10}
_WEIGHTS = 2


@dataclass(frozen=True, slots=True, eq=False)
class LostWeights:
    """Weights that a `fit` passes under a name, and the place in the step that leaves them out."""

    fit: Call
    name: str
    site: Site
    raises: bool


def lost_weights(program: Program) -> Iterator[LostWeights]:
    """Every fit whose weights are lost in the model's own step."""
    for fit in program.fits:
        name = _weights_of(fit)
        if name is None or fit.receiver is None or not has_own_step(fit.receiver):
            continue
        for batch in _batches_of(fit):
            found = _unused_in(program, batch)
            if found is not None:
                yield LostWeights(fit, name, *found)


def _weights_of(fit: Call) -> str | None:
    """The name under which a fit surely gets weights."""
    for name, position in _POSITIONS.items():
        given = fit.argument(position, name)
        if given is not None and not any(is_none(option) for option in alternatives(given)):
            return name
    data = fit.argument(0, "x")
    pipeline = pipeline_of(data) if data is not None else None
    if (
        pipeline is None
        or pipeline.parts
        or any(step.method in ("map", "apply", "flat_map") for step in pipeline.steps)
    ):
        return None
    sliced = pipeline.source.argument(0, "tensors")
    three = isinstance(sliced, Display) and sliced.kind == "tuple" and not sliced.open and len(sliced.items) == 3
    return "sample_weight" if three and pipeline.arrays is not None else None


def _batches_of(fit: Call) -> list[Value]:
    """The batches of a fit that its own step was run with."""
    data = fit.argument(0, "x")
    uses = data.uses if data is not None else []
    return [use.by for use in uses if isinstance(use.by, Unknown) and use.by.reason == "a batch"]


def _unused_in(program: Program, batch: Value) -> tuple[Site, bool] | None:
    """Where a batch is taken apart without its weights, and whether that raises; None where they may be used."""
    items: list[Item] = []
    unpacked: list[Call] = []
    for use in batch.uses:
        match use.by:
            case Item(index=Constant(value=int())) as item:
                items.append(item)
            case Call(op=op) as call if op == _UNPACKING:
                unpacked.append(call)
            case _:
                return None
    if any(_is_used(item) for item in items) or any(_is_used(item) for call in unpacked for item in _parts(call)):
        return None
    if unpacked:
        return unpacked[0].site, False
    sites = {item.site for item in items}
    if len(items) < 2:
        return None
    site = items[0].site
    node = program.nodes(site.module)[site.node]
    names = node.items if isinstance(node, tree.Collection) else []
    starred = any(isinstance(name, tree.Starred) for name in names)
    return site, len(sites) == 1 and len(names) == 2 and not starred


def _parts(unpacking: Call) -> list[Item]:
    """What is taken out of a batch that Keras has unpacked."""
    return [use.by for use in unpacking.result.uses if isinstance(use.by, Item)]


def _is_used(item: Item) -> bool:
    """Whether this is the part with the weights, or one that may be it, and something is made of it."""
    index = item.index.value if isinstance(item.index, Constant) else None
    return index not in (0, 1) and bool(item.uses)
