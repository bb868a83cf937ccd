"""The way of a gradient: from a value back to what it was made from, and the operations at which that way ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tapelint.program.models import parts_of, variables_in
from tapelint.program.provenance import made_by, projected
from tapelint.program.strides import LOST, Cut, stride
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.values import (
    Attribute,
    Constant,
    Display,
    Mapping,
    Result,
    Site,
    Value,
    alternatives,
)

# A way over more values than this is given up.
_LIMIT = 3000

Goal = Callable[[Value], bool]


@dataclass(slots=True, eq=False)
class Way:
    """What a gradient comes to on its way back: models and layers that it passes, and cuts.

    When it is `lost`, part of the way is not known.
    """

    reached: bool = False
    lost: bool = False
    cuts: list[Cut] = field(default_factory=list)
    passed: dict[int, Value] = field(default_factory=dict)


def way_back(values: Iterable[Value], goal: Goal) -> Way:
    """The way of a gradient from these values towards a goal."""
    way = Way()
    seen: set[int] = set()
    pending = list(values)
    for value in pending:
        if id(value) in seen:
            continue
        seen.add(id(value))
        if goal(value):
            way.reached = True
            continue
        if isinstance(value, Result) and value.call.op == "forward":
            way.passed |= {id(model): model for model in alternatives(value.call.callee)}
        step = stride(value) if len(seen) <= _LIMIT else LOST
        way.lost = way.lost or step.lost
        if step.cut is not None:
            way.cuts.append(step.cut)
        pending.extend(step.onward)
    return way


def passing(value: Value) -> Iterator[Value]:
    """Every value that a gradient of `value` passes on its ways back, as far as they are known."""
    seen: set[int] = set()
    pending = [value]
    for one in pending:
        if id(one) not in seen and len(seen) <= _LIMIT:
            seen.add(id(one))
            yield one
            pending.extend(stride(one).onward)


def severing(target: Value, goal: Goal) -> list[Cut]:
    """The operations that keep every gradient of `target` from the goal: of each way the one nearest to the goal.

    None, if any way leads there or may do so.
    """
    way = way_back([target], goal)
    if way.reached or way.lost:
        return []
    return nearest(way.cuts, goal)


@dataclass(frozen=True, slots=True, eq=False)
class Detachment:
    """A cut, and the models and layers before it to which no other way leads."""

    cut: Cut
    layers: list[Value]


def detachments(output: Value) -> list[Detachment]:
    """The cuts on the ways back from `output` that keep all gradients from the layers before them."""
    way = way_back([output], _nothing)
    if way.lost:
        return []
    found: list[Detachment] = []
    seen: set[int] = set()
    pending = list(way.cuts)
    for cut in pending:
        if id(cut.value) not in seen:
            seen.add(id(cut.value))
            behind = way_back(cut.given, _nothing)
            pending.extend(behind.cuts)
            layers = [layer for key, layer in behind.passed.items() if key not in way.passed]
            if layers:
                found.append(Detachment(cut, layers))
    return found


def _nothing(_value: Value) -> bool:
    return False


def nearest(cuts: Iterable[Cut], goal: Goal) -> list[Cut]:
    """Of the cuts at which a goal is lost, and those behind them, the ones nearest to the goal."""
    found: dict[Site, Cut] = {}
    pending = list(cuts)
    seen: set[int] = set()
    for cut in pending:
        if id(cut.value) in seen:
            continue
        seen.add(id(cut.value))
        behind = way_back(cut.given, goal)
        if behind.reached:
            found.setdefault(cut.site, cut)
        else:
            pending.extend(behind.cuts)
    return list(found.values())


def sources_of(gradients: Gradients) -> Goal:
    """Whether a value is one of those that gradients are asked by: a variable, or a model or layer that has it."""
    wanted: set[int] = set()
    parameters = gradients.parameters
    for each in parameters or ():
        for root in choices_of_root(each.root):
            for part in (root, *parts_of(root)):
                wanted |= {id(part), *(id(each) for each in variables_in(part) if not _is_fixed(each))}
    if parameters is None and gradients.sources is not None:
        wanted |= {id(source) for source in listed_sources(gradients.sources)}
    return lambda value: _belongs(value, wanted)


def _is_fixed(variable: Value) -> bool:
    """Whether a variable is made as one that is not trained."""
    call = made_by(variable)
    given = call.argument(None, "trainable") if call is not None else None
    return isinstance(given, Constant) and given.value is False


def listed_sources(sources: Value) -> list[Value]:
    """The tensors in a list of sources, or the one that is no list."""
    listed: list[Value] = []
    for option in alternatives(sources):
        listed += (
            [part for item in option.operands() for part in alternatives(item)]
            if isinstance(option, (Display, Mapping))
            else [option]
        )
    return listed


def _belongs(value: Value, wanted: set[int]) -> bool:
    if id(value) in wanted:
        return True
    if isinstance(value, Result) and value.call.op == "forward" and value.call.body is None:
        return any(_contains(model, wanted) for model in alternatives(value.call.callee))
    if isinstance(value, Attribute):
        # What an object out of view calls one of its parts.
        return id(projected(value)) in wanted
    return False


def _contains(model: Value, wanted: set[int]) -> bool:
    """Whether `model` is, has or belongs to one of the wanted."""
    return id(projected(model)) in wanted or any(id(part) in wanted for part in parts_of(model))
