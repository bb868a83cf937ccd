"""What a model ends in: the activation behind its predictions, who computes it, and what was done to them since.

Asked of a tensor or of a model. Everything that is not surely known is None, and whoever asks has to be silent then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.knowledge import table
from tapelint.program.models import library_base, library_class
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Choice,
    Class,
    Computed,
    Constant,
    Display,
    Instance,
    Item,
    Library,
    Mapping,
    Result,
    Site,
    SliceValue,
    Value,
    alternatives,
    is_none,
)

# Nesting of models in models, and operations after one another, beyond which the end of a model is not looked for.
_DEPTH = 40

# After everything that the program does.
END = 10**9

PROBABILITIES = frozenset({"softmax", "sigmoid"})
"""The activations that make probabilities."""

_GROWING = frozenset({"append", "extend", "insert", "pop", "remove", "clear", "reverse", "sort"})


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The end of a model: its last activation (`linear` where there is none), and how many units it has.

    `by` says whose function computes the activation: Keras notes the logits at the result of its own. `bare` is False
    once something was done to the result that loses that note. `site` is the layer or the call that has the activation,
    `layer` the class of the layer that makes the numbers.
    """

    activation: str
    by: Literal["keras", "tensorflow"]
    site: Site
    units: int | None = None
    bare: bool = True
    layer: str = ""


def head_of(predictions: Value, before: int = END) -> Head | None:
    """The head behind a tensor of predictions, as the program has built the model `before` a call of this order."""
    return _head(predictions, before, _DEPTH)


def heads_of_model(model: Value, before: int = END) -> Head | dict[object, Head | None] | None:
    """The head of a model or layer; of one with several outputs, the head of each by its number or key."""
    return _heads_of_output(model, before, _DEPTH)


def activation_of(given: Value | None) -> tuple[str, Literal["keras", "tensorflow"]] | None:
    """The name of an activation that is given as a string, function or layer, and whose it is."""
    match given:
        case None | Constant(value=None):
            return "linear", "keras"
        case Constant(value=str() as name):
            return name.lower(), "keras"
        case Library(name=name):
            known = table("outputs")["functions"].get(name)
            return (known, _owner(name)) if known is not None else None
        case Instance() if library_class(given) in table("outputs")["layers"]:
            return table("outputs")["layers"][library_class(given)], "keras"
        case Choice():
            found = {activation_of(option) for option in alternatives(given)}
            return found.pop() if len(found) == 1 else None
    return None


def _owner(name: str) -> Literal["keras", "tensorflow"]:
    return "keras" if name.startswith("keras.") else "tensorflow"


def _head(value: Value, before: int, depth: int) -> Head | None:
    if not depth:
        return None
    match value:
        case Choice():
            return _same(_heads_of(alternatives(value), before, depth))
        case Item(of=of, index=index):
            return _head_of_item(of, index, before, depth)
        case Result(call=call) if call.op == "forward":
            return _head_of_forward(call, before, depth)
        case Result(call=call):
            return _head_of_product(call.op or "", call.arguments, call.site, before, depth) or _head_of_operation(
                call, before, depth
            )
        case Computed(operator=operator, parts=parts, site=site):
            return _head_of_product(operator, parts, site, before, depth)
    return None


def _heads_of(values: Sequence[Value], before: int, depth: int) -> Iterator[Head | None]:
    """The head of each of several tensors. They share the depth, or their number would grow with every level."""
    return (_head(each, before, (depth - 1) // len(values)) for each in values)


def _head_of_product(op: str, parts: Sequence[Value], site: Site, before: int, depth: int) -> Head | None:
    """The head of a layer by hand: the product with a variable, and maybe another added to it."""
    if len(parts) != 2 or op not in table("outputs")["by_hand"] or kinds.of(parts[1]) != "variable":
        return None
    if table("outputs")["by_hand"][op] == "product":
        return Head("linear", "tensorflow", site)
    inner = _head(parts[0], before, depth - 1)
    return inner if inner is not None and inner.activation == "linear" else None


def _same(heads: Iterable[Head | None]) -> Head | None:
    """The head that all of several are: of the same activation, and at least as much changed as any."""
    found = list(heads)
    first = found[0] if found else None
    if first is None or any(each is None or each.activation != first.activation for each in found):
        return None
    known = [each for each in found if each is not None]
    units = first.units if all(each.units == first.units for each in known) else None
    bare = all(each.bare for each in known)
    by = first.by if all(each.by == first.by for each in known) else "tensorflow"
    return replace(first, units=units, bare=bare, by=by)


def _head_of_item(of: Value, index: Value, before: int, depth: int) -> Head | None:
    """The head behind a part of something: one of several outputs, or some of the columns."""
    if isinstance(index, Constant):
        if isinstance(of, Result) and of.call.op == "forward" and of.call.receiver is not None:
            several = _outputs_of_forward(of.call, before, depth)
            return several.get(index.value) if isinstance(several, dict) else None
        return None
    if isinstance(index, SliceValue) or (isinstance(index, Display) and index.kind == "tuple"):
        head = _head(of, before, depth - 1)
        columns = index.items[1:] if isinstance(index, Display) else []
        return replace(head, bare=False, units=None if columns else head.units) if head is not None else None
    return None


def _head_of_forward(call: Call, before: int, depth: int) -> Head | None:
    found = _outputs_of_forward(call, before, depth)
    return found if isinstance(found, Head) else None


def _outputs_of_forward(call: Call, before: int, depth: int) -> Head | dict[object, Head | None] | None:
    if call.body is not None:
        return _split(call.body, before, depth)
    if call.receiver is None:
        return None
    heads = [
        _heads_of_output(model, before, depth - 1, call.argument(0))
        for model in alternatives(call.receiver)
        if not is_none(model)
    ]
    if len(heads) == 1:
        return heads[0]
    return _same([head if isinstance(head, Head) else None for head in heads])


def _split(returned: Value, before: int, depth: int) -> Head | dict[object, Head | None] | None:
    """The head of what a model returns, or those of the several things it returns."""
    match returned:
        case Display(open=False, items=items) if len(items) > 1:
            return {number: _head(item, before, depth - 1) for number, item in enumerate(items)}
        case Display(open=False, items=[item]):
            return _head(item, before, depth - 1)
        case Mapping(open=False, entries=entries):
            return {key: _head(entry, before, depth - 1) for key, entry in entries.items()}
    return _head(returned, before, depth - 1)


def _heads_of_output(
    model: Value, before: int, depth: int, inputs: Value | None = None
) -> Head | dict[object, Head | None] | None:
    """The heads of a model; a layer that only passes things on has that of its `inputs`."""
    if not depth or not isinstance(model, Instance) or model.call is None:
        return None
    name = library_class(model)
    base = name or library_base(model)
    if isinstance(model.cls, Class) and kinds.own_attribute(model.cls, "call") is not None:
        return _heads_of_body(model, before, depth)
    if base == "keras.Sequential":
        return _head_of_parts(_parts_of_sequential(model, before), before, depth, inputs)
    if base == "keras.Model":
        outputs = model.call.argument(1, "outputs")
        return _split(outputs, before, depth) if outputs is not None else None
    return _head_of_layer(model, name or "", before, depth, inputs)


def _heads_of_body(model: Instance, before: int, depth: int) -> Head | dict[object, Head | None] | None:
    """The heads of what a model's own `call` has returned where the program, or Keras for it, has run it."""
    bodies = {
        id(use.by.body): use.by.body
        for use in model.uses
        if use.kind == "receiver" and isinstance(use.by, Call) and use.by.body is not None
        if use.by.op in ("forward", "keras.Model.fit")
    }
    found = [_split(body, before, depth) for body in bodies.values()]
    if len(found) == 1:
        return found[0]
    return _same([head if isinstance(head, Head) else None for head in found])


def _head_of_parts(
    parts: Sequence[Value | None] | None, before: int, depth: int, inputs: Value | None
) -> Head | dict[object, Head | None] | None:
    """The head of layers that run one after the other: that of the last which has one."""
    if parts is None:
        return None
    bare = True
    for part in reversed(parts):
        if part is None:
            return None
        effect = table("outputs")["passing"].get(library_class(part) or "")
        if effect is None:
            head = _heads_of_output(part, before, depth - 1)
            return _handed_on(head, bare=bare) if isinstance(head, Head) else head
        bare = bare and effect == "keeps"
    return _handed_on(_head(inputs, before, depth - 1), bare=bare) if inputs is not None else None


def _handed_on(head: Head | None, *, bare: bool) -> Head | None:
    """The head behind something that hands on predictions, in the same tensor or in another, maybe of another shape."""
    return head if bare or head is None else replace(head, bare=False, units=None)


def _parts_of_sequential(model: Instance, before: int) -> list[Value | None] | None:
    """The layers of a Sequential in order; None for one that may not be there, or for the whole if it is not known."""
    assert model.call is not None
    given = model.call.argument(0, "layers")
    if model.call.opaque or (given is not None and not (isinstance(given, Display) or is_none(given))):
        return None
    parts: list[Value | None] = []
    if isinstance(given, Display):
        if given.open or _is_doubtful(given, model.call.context):
            return None
        parts.extend(given.items)
    for use in model.uses:
        call = use.by
        if use.kind != "receiver" or not isinstance(call, Call) or call.order >= before:
            continue
        if call.method == "pop":
            return None
        if call.op == "keras.Model.add":
            surely = not _is_elsewhere(call.context, model.call.context) and call.arguments
            parts.append(call.arguments[0] if surely else None)
    return [part if part is None or not isinstance(part, Choice) else _only(part) for part in parts]


def _only(part: Choice) -> Value | None:
    """The layer that a choice surely is; None where there are several."""
    options = alternatives(part)
    return options[0] if len(options) == 1 else None


def _is_doubtful(layers: Display, made: Context) -> bool:
    """Whether a list of layers has been changed where the model may not have been made."""
    changes = [use.by for use in layers.uses if use.kind == "receiver" and isinstance(use.by, Call)]
    return any(call.method in _GROWING and _is_elsewhere(call.context, made) for call in changes)


def _is_elsewhere(there: Context, here: Context) -> bool:
    """Whether what happens `there` need not happen, or happens more often, than what happens `here`."""
    branches = {id(branch) for branch in here.branches}
    loops = {id(loop) for loop in here.loops}
    return any(id(branch) not in branches for branch in there.branches) or any(
        id(loop) not in loops for loop in there.loops
    )


def _head_of_layer(layer: Instance, name: str, before: int, depth: int, inputs: Value | None) -> Head | None:
    """The head of a layer of Keras."""
    assert layer.call is not None
    facts = table("outputs")
    if name in facts["passing"]:
        head = _head_of_joined(inputs, before, depth) if inputs is not None else None
        return _handed_on(head, bare=facts["passing"][name] == "keeps")
    if name in facts["wrapping"]:
        inner = layer.call.argument(0, "layer")
        found = _heads_of_output(inner, before, depth - 1) if inner is not None else None
        return replace(found, bare=False) if isinstance(found, Head) else None
    if name in facts["layers"]:
        head = _head(inputs, before, depth - 1) if inputs is not None else None
        if layer.call.argument(None, "axis") is not None and head is not None:
            head = replace(head, units=None)
        return _activated(facts["layers"][name], "keras", layer.site, head)
    if name.startswith("keras.applications."):
        return _head_of_application(layer)
    return _head_of_activated(layer, name, before, depth, inputs)


def _head_of_activated(layer: Instance, name: str, before: int, depth: int, inputs: Value | None) -> Head | None:
    """The head of a layer that is given its activation."""
    assert layer.call is not None
    row = table("outputs")["activated"].get(name)
    if row is None or layer.call.opaque:
        return None
    given = layer.call.argument(row["position"], "activation")
    found = activation_of(given if given is not None else Constant(row.get("default")))
    if found is None:
        return None
    activation, by = found
    if row.get("of_input"):
        # The layer is nothing but its activation: without one, it passes on what it gets.
        head = _head(inputs, before, depth - 1) if inputs is not None else None
        if activation == "linear":
            return head
        return _activated(activation, by, layer.site, head)
    counted = layer.call.argument(0, row["units"]) if "units" in row else None
    return Head(activation, by, layer.site, integer_of(counted), layer=name)


def _head_of_joined(inputs: Value, before: int, depth: int) -> Head | None:
    """The head behind the inputs of a layer: those of several that are put side by side must be alike."""
    if isinstance(inputs, Display):
        return _handed_on(_same(_heads_of(inputs.items, before, depth)), bare=False)
    return _head(inputs, before, depth - 1)


def _head_of_application(layer: Instance) -> Head | None:
    """The head of a ready-made network: a softmax over its classes, unless it is left out or another is asked for."""
    assert layer.call is not None
    top = layer.call.argument(0, "include_top")
    given = layer.call.argument(None, "classifier_activation")
    if layer.call.opaque or not (top is None or (isinstance(top, Constant) and top.value is True)):
        return None
    found = activation_of(given if given is not None else Constant("softmax"))
    return Head(*found, layer.site, integer_of(layer.call.argument(None, "classes"))) if found else None


def _head_of_operation(call: Call, before: int, depth: int) -> Head | None:
    """The head behind the result of a function of tensors."""
    facts = table("outputs")
    op = call.op or ""
    inner = call.argument(0, "x") or call.argument(0, "logits") or call.argument(0, "input")
    if op in facts["functions"]:
        head = _head(inner, before, depth - 1) if inner is not None else None
        if call.argument(1, "axis") is not None and head is not None:
            head = replace(head, units=None)
        return _activated(facts["functions"][op], _owner(op), call.site, head)
    if op in facts["shaping"]["names"] and inner is not None:
        head = _head_of_joined(inner, before, depth)
        return _handed_on(head, bare=False)
    if op in facts["shaping"]["clipping"] and inner is not None:
        head = _head(inner, before, depth - 1)
        return replace(head, bare=False) if head is not None and head.activation in PROBABILITIES else None
    if op in facts["shaping"]["casting"] and inner is not None:
        return _head(inner, before, depth - 1)
    return None


def _activated(activation: str, by: Literal["keras", "tensorflow"], site: Site, inner: Head | None) -> Head:
    """The head of an activation on its own, behind a layer that makes the numbers."""
    if inner is None:
        return Head(activation, by, site)
    return Head(activation, by, site, inner.units, layer=inner.layer)
