"""Comparisons: where predictions meet targets in a loss, by a call of it or in a model that is compiled with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tapelint.program import kinds
from tapelint.program.knowledge import canonical, table
from tapelint.program.models import library_class
from tapelint.program.outputs import Head, head_of, heads_of_model
from tapelint.program.trace import Call, Trace
from tapelint.program.values import (
    Class,
    Constant,
    Display,
    Function,
    Instance,
    Library,
    Mapping,
    Parameter,
    Result,
    Site,
    Value,
    alternatives,
    is_none,
)

# How the step of a model asks for the loss that it was compiled with.
_BY_MODEL = frozenset({"keras.Model.compiled_loss", "keras.Model.compute_loss"})

_FUNCTIONS = ("keras.losses.", "keras.ops.", "keras.backend.")


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """A known loss: the function of `keras.losses` that it computes, whoever offers it.

    `from_logits` is whether it takes the predictions for logits, None where that cannot be told. `site` is where it was
    made, if it is an object.
    """

    function: str
    by: Literal["keras", "tensorflow"]
    from_logits: bool | None
    site: Site | None = None

    @property
    def activation(self) -> str | None:
        """The activation that makes what the loss compares; None for a loss that does not compare probabilities."""
        row = table("losses")["entropies"].get(self.function)
        return row["activation"] if row is not None else None

    @property
    def labels(self) -> str | None:
        """Whether labels are `numbers` of classes or the `shares` of each class."""
        row = table("losses")["entropies"].get(self.function)
        return row["labels"] if row is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A loss with the predictions that it is given. What a compiled model is given comes with its fits.

    `call` is the call of the loss, or the `compile` that asks Keras to call it for `model`. `site` is the place where
    the loss was chosen: the call, or where its object was made.
    """

    loss: Loss
    call: Call
    head: Head | None
    predictions: Value | None = None
    targets: Value | None = None
    model: Value | None = None

    @property
    def site(self) -> Site:
        return self.loss.site or self.call.site

    @property
    def in_graph(self) -> bool | None:
        """Whether the loss is computed in a graph; None where that cannot be told."""
        if self.model is not None:
            eager = self.call.argument(5, "run_eagerly")
            return True if eager is None else None
        frames = list(self.call.context.frame.stack())
        if any(frame.compiled == "yes" for frame in frames):
            return True
        # Whoever calls a function from out of view may do so in a graph.
        unseen = any(frame.compiled == "unknown" or (frame.root and frame.function is not None) for frame in frames)
        return None if unseen else False


def loss_of(value: Value) -> Loss | None:
    """The known loss that `value` is: an object, a function or the name of one of Keras's."""
    match value:
        case Constant(value=str() as name):
            return _named(name)
        case Library(name=name):
            return _of_function(name, None)
        case Result(call=call) if call.op == "functools.partial" and call.arguments and not call.opaque:
            bound = loss_of(call.arguments[0])
            flag = call.keywords.get("from_logits")
            if bound is None or flag is None or bound.by == "tensorflow":
                return bound
            return Loss(bound.function, bound.by, _flag(flag), call.site)
        case Instance(cls=Library(), call=Call() as call):
            return _of_object(value, call)
    options = [option for option in alternatives(value) if not is_none(option)]
    if len(options) == 1 and options[0] is not value:
        return loss_of(options[0])
    return None


def _named(name: str) -> Loss | None:
    """The loss that Keras finds under a name."""
    function = table("losses")["classes"].get(name)
    if function is None:
        function = canonical(f"keras.losses.{name}").rpartition(".")[2]
    known = function in table("losses")["classes"].values()
    return Loss(function, "keras", False if function in table("losses")["entropies"] else None) if known else None


def _of_object(loss: Instance, call: Call) -> Loss | None:
    name = library_class(loss) or ""
    if not name.startswith("keras.losses."):
        return None
    function = table("losses")["classes"].get(name.rpartition(".")[2])
    if function is None:
        return None
    row = table("losses")["entropies"].get(function)
    if call.argument(None, "axis") is not None:
        # What the classes are is another question then.
        return None
    given = call.argument(row["class"], "from_logits") if row is not None else None
    flag = None if row is None or (given is None and call.opaque) else _flag(given)
    return Loss(function, "keras", flag, call.site)


def _of_function(op: str, call: Call | None) -> Loss | None:
    """The loss that a library function computes, called or not."""
    facts = table("losses")
    if op in facts["logits"]:
        return Loss(facts["logits"][op], "tensorflow", True)
    module, function = next(((m, op[len(m) :]) for m in _FUNCTIONS if op.startswith(m)), ("", ""))
    if function not in facts["classes"].values():
        return None
    row = facts["entropies"].get(function)
    if row is None:
        return Loss(function, "keras", None)
    if call is not None and call.argument(None, "axis") is not None:
        return None
    position = row["function"] if module == "keras.losses." else 2
    given = call.argument(position, "from_logits") if call is not None else None
    return Loss(function, "keras", None if call is not None and call.opaque and given is None else _flag(given))


def _flag(given: Value | None) -> bool | None:
    """What an argument says that is False unless it is given."""
    options = [Constant(False)] if given is None else alternatives(given)
    flags = {bool(option.value) if isinstance(option, Constant) else None for option in options}
    return flags.pop() if len(flags) == 1 else None


def comparisons(trace: Trace) -> Iterator[Comparison]:
    """Every comparison by a known loss, in the order of the program."""
    compiled: dict[int, Call] = {}
    handed_over = _compiled_by_function(trace)
    for call in trace.calls:
        if call.op == "keras.Model.compile" and call.receiver is not None:
            compiled[id(call.receiver)] = call
            yield from _compiled(call)
            continue
        own = call.op in _BY_MODEL and compiled.get(id(call.receiver))
        chosen = own.argument(1, "loss") if own else None
        loss = loss_of(chosen) if chosen is not None else _loss_called(call)
        predictions, targets = _compared(call) if loss is not None else (None, None)
        if loss is not None and predictions is not None:
            head = head_of(predictions, call.order) or _head_in_own_loss(predictions, call, handed_over)
            yield Comparison(loss, call, head, predictions, targets)


def _compiled_by_function(trace: Trace) -> dict[int, list[Call]]:
    """The calls of `compile` that hand over each function of the project as a loss, by the identity of its node."""
    found: dict[int, list[Call]] = {}
    for call in trace.calls:
        chosen = call.argument(1, "loss") if call.op == "keras.Model.compile" else None
        for option in alternatives(chosen) if chosen is not None else ():
            if isinstance(option, Function):
                found.setdefault(id(option.node), []).append(call)
    return found


def _head_in_own_loss(predictions: Value, call: Call, handed_over: dict[int, list[Call]]) -> Head | None:
    """The head behind what Keras passes to a loss function of the user's: that of the model compiled with it."""
    frame = call.context.frame
    if not isinstance(predictions, Parameter) or frame.function is None or not frame.root:
        return None
    compiled = handed_over.get(id(frame.function.node), [])
    second = frame.function.node.parameters[1:2]
    if len(compiled) != 1 or [each.id for each in second] != [predictions.site.node]:
        return None
    model = compiled[0].receiver
    head = heads_of_model(model, compiled[0].order) if model is not None and not has_own_step(model) else None
    return head if isinstance(head, Head) else None


def _loss_called(call: Call) -> Loss | None:
    if call.op == "keras.Loss.__call__":
        return loss_of(call.receiver) if call.receiver is not None else None
    return _of_function(call.op or "", call)


def _compared(call: Call) -> tuple[Value | None, Value | None]:
    """(predictions, targets) of the call of a loss."""
    if call.op == "keras.Model.compute_loss":
        return call.argument(2, "y_pred"), call.argument(1, "y")
    predictions = call.argument(1, "y_pred") or call.argument(None, "logits") or call.argument(None, "output")
    targets = call.argument(0, "y_true") or call.argument(None, "labels") or call.argument(None, "target")
    return predictions, targets


def _compiled(call: Call) -> Iterator[Comparison]:
    """What Keras is asked to compare: each output of the model with the loss that is meant for it."""
    model, chosen = call.receiver, call.argument(1, "loss")
    if model is None or chosen is None or has_own_step(model):
        return
    heads = heads_of_model(model, call.order)
    if isinstance(heads, dict):
        for key, head in heads.items():
            meant = _loss_for(chosen, key)
            if meant is not None:
                yield Comparison(meant, call, head, model=model)
        return
    meant = loss_of(chosen.items[0] if isinstance(chosen, Display) and len(chosen.items) == 1 else chosen)
    if meant is not None:
        yield Comparison(meant, call, heads, model=model)


def _loss_for(chosen: Value, key: object) -> Loss | None:
    """The loss for the output with this number or key."""
    match chosen:
        case Display(open=False, items=items) if isinstance(key, int) and key < len(items):
            return loss_of(items[key])
        case Mapping(open=False, entries=entries) if key in entries:
            return loss_of(entries[key])
    return None


def has_own_step(model: Value) -> bool:
    """Whether a model trains by a step of its own, so that what it is compiled with means what the step makes of it."""
    return any(
        isinstance(option, Instance)
        and isinstance(option.cls, Class)
        and isinstance(kinds.own_attribute(option.cls, "train_step"), Function)
        for option in alternatives(model)
    )
