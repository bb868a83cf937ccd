"""Checks of what layers are made of: weights that no model lists, and so no optimizer trains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, Replace
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.program import kinds
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.spelling import spelling
from tapelint.program.tapes import ASSIGNING, active_tapes
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    VARIABLE_LISTS,
    Attribute,
    Class,
    Computed,
    Display,
    Instance,
    Item,
    Mapping,
    Site,
    Use,
    Value,
)
from tapelint.program.weights import (
    held_directly,
    is_call,
    is_number,
    is_parameter,
    is_placeholder,
    is_weighted,
    running_call,
)
from tapelint.syntax import tree

# What reads a variable without changing it or handing it on.
_READING = ("tensorflow.", "keras.ops.", "keras.activations.", "numpy.", "builtins.len")
_LISTS = frozenset({"trainable_variables", "trainable_weights", "variables", "weights"})


@check
def layer_created_in_call(program: Program) -> Reports:
    for call in program.trace.calls:
        made = call.result
        if not isinstance(made, Instance) or made.call is not call:
            continue
        running = running_call(call.context)
        in_step = running is None and _is_in_step(call)
        if not (running or in_step) or _is_kept(made):
            continue
        if _is_made_for_nothing(made, running is not None) and (site := _called_at(made)) is not None:
            what, reads = _class_name(made), site
        elif running and is_parameter(made) and _is_read(made):
            what, reads = "variable", call.site
        else:
            continue
        often = "call" if running else "step"
        yield Report(
            call.site,
            f"this {what} is made anew at every {often}: its weights are never trained",
            distinct([(reads, "it is used here"), *_of_forward(program, call.context)]),
        )


def _is_made_for_nothing(made: Instance, in_call: bool) -> bool:
    """Whether a layer has weights. In a step, a model of one's own may be a copy that is trained on its own."""
    kind = kinds.of(made)
    mine = isinstance(made.cls, Class)
    return (kind == "layer" or (kind == "model" and in_call)) and (in_call or not mine) and is_weighted(made)


def _is_in_step(call: Call) -> bool:
    """Whether something is made under a tape, turn after turn."""
    making = any(
        frame.function is not None and frame.function.node.name in ("__init__", "build")
        for frame in call.context.frame.stack()
    )
    return bool(active_tapes(call)) and bool(call.context.loops) and not making and not call.context.forwards


def _is_kept(made: Instance) -> bool:
    """Whether anybody may find the object again at the next call, or asks for its variables himself."""
    for use in made.uses:
        if use.kind in ("stored", "returned", "yielded"):
            return True
        if use.kind == "operand" and isinstance(use.by, (Display, Mapping)):
            return True
        if isinstance(use.by, Attribute) and use.by.name in VARIABLE_LISTS:
            return True
        if use.kind == "argument" and not (isinstance(use.by, Call) and (use.by.op or "").startswith(_READING)):
            return True
    return False


def _called_at(layer: Instance) -> Site | None:
    """Where a layer is run, on something else than the placeholder of a functional model."""
    for use in layer.uses:
        if isinstance(use.by, Call) and _runs(use.by, layer) and not any(map(is_placeholder, use.by.arguments)):
            return use.by.site
    return None


def _runs(call: Call, layer: Instance) -> bool:
    return call.op == "forward" and call.callee is layer


def _is_read(variable: Instance) -> bool:
    return any(isinstance(use.by, Computed) or (isinstance(use.by, Call) and use.by.op) for use in variable.uses)


def _of_forward(program: Program, context: Context) -> Iterator[tuple[Site | None, str]]:
    """Where the user's code calls the model in whose forward pass something happens."""
    outer = context.forwards[:1]
    for forward in program.forwards:
        if outer and forward.callee is outer[0]:
            yield forward.site, "the model is called here"
            return


@check
def untracked_variable(program: Program) -> Reports:
    if program.target == "2":
        # Before Keras 3, every variable in an attribute was a weight.
        return
    trains = bool(program.fits or program.training)
    for owner in _computing(program):
        for name, held in owner.attributes.items():
            for variable in held_directly(held):
                if not _is_own_parameter(variable, owner) or _is_taken_care_of(variable):
                    continue
                read = _read_in_call(variable)
                if read is None or (is_number(variable) and not trains):
                    continue
                yield Report(
                    variable.site,
                    f"`self.{name}` is no weight in Keras 3: it is never trained nor saved",
                    distinct([(read.site, "the layer computes with it here"), *_of_forward(program, read.context)]),
                    fix=_variable_of_keras(program, variable),
                )


def _variable_of_keras(program: Program, variable: Instance) -> Repair | None:
    """The same variable made by Keras, whose layers know it."""
    module = variable.site.module
    node = program.nodes(module)[variable.site.node]
    name = spelling(module, "keras.Variable")
    if not isinstance(node, tree.Call) or name is None or not node.arguments or node.arguments[0].keyword is not None:
        return None
    if any(each.star or each.keyword not in (None, "trainable", "name", "dtype") for each in node.arguments):
        return None
    if len([each for each in node.arguments if each.keyword is None]) > 1:
        return None
    return Repair(f"make it a `{name}`", "unsafe", (Replace(Site(module, node.function.id), name),))


def _computing(program: Program) -> list[Instance]:
    """The layers and models of the project whose `call` has run, but for those that list their weights themselves."""
    found: dict[int, Instance] = {}
    for frame in program.trace.frames:
        owner = frame.function.receiver if frame.function is not None and is_call(frame.function) else None
        if isinstance(owner, Instance) and isinstance(owner.cls, Class):
            cls = owner.cls
            if not any(kinds.own_attribute(cls, name) for name in _LISTS):
                found.setdefault(id(owner), owner)
    return list(found.values())


def _is_own_parameter(variable: Value, owner: Instance) -> TypeGuard[Instance]:
    """Whether a variable is made to be learnt, by a method of the layer that holds it."""
    if not isinstance(variable, Instance) or not is_parameter(variable) or variable.call is None:
        return False
    stack = variable.call.context.frame.stack()
    return any(frame.function is not None and frame.function.receiver is owner for frame in stack)


def _is_taken_care_of(variable: Instance) -> bool:
    """Whether anybody assigns the variable, hands it on or names it among the sources of a gradient."""
    pending: list[Value] = [variable]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for use in value.uses:
            if _changes_or_hands_on(use):
                return True
            if use.kind == "operand" and isinstance(use.by, (Display, Mapping, Item)):
                pending.append(use.by)
    return False


def _changes_or_hands_on(use: Use) -> bool:
    if use.kind in ("returned", "yielded"):
        return True
    if not isinstance(use.by, Call):
        return False
    if use.kind == "receiver":
        return use.by.method in ASSIGNING or (use.by.method or "").startswith(("scatter", "batch_scatter"))
    op = use.by.op or ""
    return op.startswith("tensorflow.GradientTape") or not op.startswith((*_READING, "builtins."))


def _read_in_call(variable: Instance) -> Computed | Call | None:
    """What in the forward pass of a layer computes with a variable."""
    pending: list[Value] = [variable]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for use in value.uses:
            by = use.by
            if isinstance(by, (Computed, Call)) and _in_call(by.context):
                return by
            if isinstance(by, (Display, Mapping, Item)):
                pending.append(by)
    return None


def _in_call(context: Context) -> bool:
    return running_call(context) is not None


def _class_name(made: Instance) -> str:
    if isinstance(made.cls, Class):
        return made.cls.node.name
    return (library_class(made) or "layer").rpartition(".")[2]
