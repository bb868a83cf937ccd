"""What a model is made of, as far as it can be seen: its parts, and those that behave differently in training."""

from __future__ import annotations

from typing import Literal

from tapelint.program import kinds
from tapelint.program.knowledge import table
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.values import (
    Class,
    Computed,
    Constant,
    Display,
    Instance,
    Item,
    Library,
    Mapping,
    Result,
    Value,
    alternatives,
)

# Where `Sequential.add` keeps what was added; no Python attribute can have this name.
ADDED = "<added>"

# Where a `PyDataset` keeps the batch that it hands out in a fit.
BATCH = "<batch>"


def library_class(value: Value) -> str | None:
    """The canonical name of the library class of an object."""
    if isinstance(value, Instance) and isinstance(value.cls, Library):
        return value.cls.name
    return None


def sensitive_layer(layer: Value) -> bool:
    """Whether `layer` itself is a library layer that computes something else in training."""
    name = library_class(layer)
    if name is None or not isinstance(layer, Instance) or layer.call is None:
        return False
    trainable = layer.call.argument(None, "trainable")
    if name == "keras.layers.BatchNormalization" and isinstance(trainable, Constant) and not trainable.value:
        return False
    if name.startswith("keras.applications."):
        return name not in table("layers")["applications"]["insensitive"]
    rule = table("layers")["sensitive"].get(name)
    if rule is None:
        return False
    return rule == "always" or any(_switched_on(layer, argument) for argument in rule.split())


def _switched_on(layer: Instance, argument: str) -> bool:
    """Whether the rate `argument` is given and not plainly zero. A Dropout's rate is its first argument."""
    assert layer.call is not None
    given = layer.call.argument(0 if argument in ("rate", "stddev") else None, argument)
    if given is None:
        return False
    return not all(isinstance(option, Constant) and not option.value for option in alternatives(given))


def layers_inside(model: Value) -> list[tuple[Value, Value | None]]:
    """The layers that a Sequential, functional or wrapping model runs, each with the `training` it was built with."""
    if not isinstance(model, Instance) or model.call is None:
        return []
    name = library_class(model)
    base = name or library_base(model)
    if base == "keras.Sequential":
        return [(part, None) for part in _sequential_parts(model)]
    if base == "keras.Model":
        outputs = _graph_outputs(model)
        return graph_layers(outputs) if outputs is not None else []
    wrapped = table("layers")["wrappers"].get(name or "")
    if wrapped is not None:
        inner = model.call.argument(0, wrapped)
        return [(inner, None)] if inner is not None else []
    return []


def library_base(model: Instance) -> str | None:
    """The library class that a project's class of models inherits from."""
    if isinstance(model.cls, Class):
        for base in kinds.ancestors(model.cls):
            if isinstance(base, Library):
                return base.name
    return None


def _graph_outputs(model: Instance) -> Value | None:
    """The outputs given to a functional model, or to a subclass of Model that leaves the constructor to Keras."""
    return model.call.argument(1, "outputs") if model.call is not None else None


def graph_outputs(model: Value) -> Value | None:
    """What a functional model returns; None of any other."""
    if not isinstance(model, Instance) or (library_class(model) or library_base(model)) != "keras.Model":
        return None
    return _graph_outputs(model)


def _sequential_parts(model: Instance) -> list[Value]:
    assert model.call is not None
    given = model.call.argument(0, "layers")
    parts = list(given.items) if isinstance(given, Display) else []
    added = model.attributes.get(ADDED)
    if isinstance(added, Display):
        parts.extend(added.items)
    return [option for part in parts for option in alternatives(part)]


def graph_layers(outputs: Value) -> list[tuple[Value, Value | None]]:
    """The layers on the way to the outputs of a functional model, each with the `training` it was called with."""
    found: list[tuple[Value, Value | None]] = []
    seen: set[int] = set()
    pending: list[Value] = [outputs]
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        match value:
            case Result(call=call) if call.op == "forward" and call.receiver is not None:
                found.append((call.receiver, call.keywords.get("training")))
                pending.extend(call.arguments)
                pending.extend(call.keywords.values())
            case Result() | Display() | Mapping() | Item():
                pending.extend(value.operands())
            case _ if not isinstance(value, (Instance, Constant)):
                pending.extend(value.operands())
    found.reverse()
    return found


Axes = Literal["several", "unclear", "out of view"]


def axes_of(model: Value) -> Axes:
    """Whether what a model or layer returns has axes besides the batch: surely, maybe not, or as its author pleases."""
    name = library_class(model)
    if name in table("layers")["axes"]["wide"]:
        return "several"
    if name == "keras.layers.Reshape":
        return _axes_of_shape(model)
    if not isinstance(model, Instance) or model.call is None or (name or "").startswith("keras.applications."):
        return "out of view"
    base = name or library_base(model)
    if base == "keras.Sequential":
        return next((axes_of(part) for part in reversed(_sequential_parts(model)) if not _keeps_axes(part)), "unclear")
    outputs = _graph_outputs(model) if base == "keras.Model" else None
    return _axes_of_output(outputs) if outputs is not None else "unclear"


def _axes_of_output(outputs: Value) -> Axes:
    """The same of the outputs of a functional model."""
    while isinstance(outputs, Result) and outputs.call.op == "forward" and outputs.call.receiver is not None:
        if not _keeps_axes(outputs.call.receiver) or not outputs.call.arguments:
            return axes_of(outputs.call.receiver)
        outputs = outputs.call.arguments[0]
    return "unclear"


def normalizes_features(model: Value) -> bool:
    """Whether a Sequential or functional model surely has a BatchNormalization of vectors.

    Of these, a batch has one number for each feature and example; of pictures and sequences it has many.
    """
    if not isinstance(model, Instance) or model.call is None:
        return False
    base = library_class(model) or library_base(model)
    if base == "keras.Sequential":
        return _normalizes_vectors(_sequential_parts(model))
    outputs = _graph_outputs(model) if base == "keras.Model" else None
    return outputs is not None and _normalizes_vectors(_chain(outputs))


def _normalizes_vectors(layers: list[Value]) -> bool:
    """Whether a BatchNormalization comes in a chain of layers while there is one axis besides that of the batch."""
    vectors = False
    for layer in layers:
        name = library_class(layer)
        if name == "keras.layers.BatchNormalization" and vectors:
            return True
        if name in table("layers")["axes"]["flat"] or _takes_vectors(layer):
            vectors = True
        elif name != "keras.layers.Dense" and not _keeps_axes(layer):
            vectors = False
    return False


def _takes_vectors(layer: Value) -> bool:
    """Whether `layer` is an input of vectors."""
    call = made_by(layer)
    if call is None or call.op not in ("keras.Input", "keras.InputLayer"):
        return False
    shape = call.argument(0, "shape")
    return isinstance(shape, Display) and not shape.open and len(shape.items) == 1


def _chain(outputs: Value) -> list[Value]:
    """The last layers of a functional model, one after another, back to where several things come together."""
    chain: list[Value] = []
    one = outputs
    while isinstance(one, Result) and one.call.op == "forward" and one.call.receiver is not None and one.call.arguments:
        chain.append(one.call.receiver)
        one = one.call.arguments[0]
    return [one, *reversed(chain)]


def _keeps_axes(layer: Value) -> bool:
    return library_class(layer) in table("layers")["axes"]["keeping"]


def _axes_of_shape(reshape: Value) -> Axes:
    shape = reshape.call.argument(0, "target_shape") if isinstance(reshape, Instance) and reshape.call else None
    return "several" if isinstance(shape, Display) and shape.items else "unclear"


def parts_of(model: Value) -> list[Value]:
    """`model` and every layer and model inside it that is in view."""
    found: dict[int, Value] = {}
    pending = [model]
    while pending:
        one = pending.pop()
        if id(one) in found:
            continue
        found[id(one)] = one
        pending.extend(part for part, _ in layers_inside(one))
        if isinstance(one, Instance) and isinstance(one.cls, Class):
            pending.extend(option for held in one.attributes.values() for option in _held(held))
    return list(found.values())


def is_of_keras(model: Value) -> bool:
    """Whether a model or layer consists of nothing but layers of Keras's own, all of them in view."""
    return all(
        (library_class(part) or "").startswith("keras.") and _lists_its_layers(part)
        for part in parts_of(model)
        if not _is_input(part)
    )


def is_in_view(model: Value) -> bool:
    """Whether it is known all that a model can run: layers of Keras's own, and the project's that hold no others."""
    seen: set[int] = set()
    pending = [model]
    while pending:
        part = pending.pop()
        if id(part) in seen or isinstance(part, Constant | Library | Computed) or _is_input(part):
            continue
        seen.add(id(part))
        if isinstance(part, Instance) and isinstance(part.cls, Class) and kinds.is_made_in_view(part.cls):
            pending.extend(option for held in part.attributes.values() for option in alternatives(held))
        elif isinstance(part, Display | Mapping) and not part.open:
            pending.extend(option for item in part.operands() for option in alternatives(item))
        elif library_class(part) is None or not _lists_its_layers(part):
            return False
        pending.extend(inner for inner, _ in layers_inside(part))
    return True


def _is_input(part: Value) -> bool:
    return isinstance(part, Result) and part.call.op == "keras.Input"


def _lists_its_layers(part: Value) -> bool:
    """Whether all layers of a model of Keras's classes are listed: where it is made, one by one, or in its graph."""
    outputs = graph_outputs(part)
    if outputs is not None:
        return not any(isinstance(value, Result) and value.call.op is None for value in ancestors(outputs))
    if library_class(part) != "keras.Sequential" or not isinstance(part, Instance) or part.call is None:
        return True
    given = part.call.argument(0, "layers")
    return not part.call.opaque and (given is None or (isinstance(given, Display) and not given.open))


def variables_in(owner: Value) -> list[Value]:
    """The variables that an object without Keras holds by itself or in its parts, or `owner` if it is one."""
    found: list[Value] = []
    pending, seen = [owner], set()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if kinds.of(one) == "variable":
            found.append(one)
        elif isinstance(one, Instance) and isinstance(one.cls, Class):
            pending.extend(option for held in one.attributes.values() for option in alternatives(held))
        elif isinstance(one, (Display, Mapping)):
            pending.extend(option for item in one.operands() for option in alternatives(item))
    return found


def sensitive_parts(model: Value) -> list[Value]:
    """The layers of `model` that are known to behave differently in training, found without calling it."""
    return [one for one in parts_of(model) if sensitive_layer(one)]


def related(left: Value, right: Value) -> bool:
    """Whether two models may share variables: one is in the other or made from it, or they share a layer."""
    parts = [{id(part) for part in parts_of(model)} for model in (left, right)]
    made = [{id(value) for value in ancestors(model)} for model in (left, right)]
    return bool(parts[0] & parts[1]) or id(left) in made[1] or id(right) in made[0]


def _held(value: Value) -> list[Value]:
    """The layers in an attribute: one, or a list of them."""
    options = [
        item for option in alternatives(value) for item in (option.items if isinstance(option, Display) else [option])
    ]
    return [option for item in options for option in alternatives(item) if kinds.of(option) in ("model", "layer")]
