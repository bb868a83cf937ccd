"""Scorings: where predictions meet labels in a metric, by an update of it or in a model that is compiled with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapelint.program.comparisons import Comparison, has_own_step
from tapelint.program.knowledge import table
from tapelint.program.models import library_class
from tapelint.program.outputs import Head, head_of
from tapelint.program.trace import Call, Trace
from tapelint.program.values import Constant, Display, Instance, Library, Mapping, Result, Value, alternatives, is_none

_UPDATING = frozenset({"keras.Metric.update_state", "keras.Metric.__call__"})


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """A known metric of Keras with the predictions and labels that it is given.

    `name` is its class; `chosen` stands for what Keras makes of "accuracy". `made` is the call that made the object, if
    any. `call` is the update, or the `compile` that asks Keras for updates: then `model` is set. `compared` is the loss
    that the same predictions are given to.
    """

    name: str
    call: Call
    head: Head | None
    made: Call | None = None
    predictions: Value | None = None
    labels: Value | None = None
    compared: Comparison | None = None
    model: Value | None = None

    @property
    def cuts_at_a_half(self) -> bool | None:
        """Whether it takes what is above 0.5 for a yes; None when that cannot be told."""
        arguments = table("metrics")["thresholds"].get(self.name)
        if arguments is None:
            return False
        if self.made is None:
            # A function takes its threshold as the third argument, a name takes none.
            given = None if self.model is not None else self.call.argument(2, "threshold")
            return given is None
        if self.made.opaque:
            return None
        options = [self.made.argument(position, name) for name, position in arguments.items()]
        return not any(given is not None and not _is_default(given) for given in options)


def _is_default(given: Value) -> bool:
    return isinstance(given, Constant) and (given.value is None or given.value is False or given.value == 0.5)


def scorings(trace: Trace, comparisons: Sequence[Comparison]) -> Iterator[Scoring]:
    """Every scoring by a known metric, in the order of the program."""
    compiled: dict[int, list[Comparison]] = {}
    known: dict[int, Comparison] = {}
    for compared in comparisons:
        if compared.model is not None:
            compiled.setdefault(id(compared.call), []).append(compared)
        else:
            known.update(dict.fromkeys(_identities(compared.predictions), compared))
    for call in trace.calls:
        if call.op == "keras.Model.compile":
            outputs = compiled.get(id(call), [])
            if len(outputs) == 1 and call.receiver is not None and not has_own_step(call.receiver):
                yield from _compiled(call, outputs[0])
            continue
        found = _metric_called(call)
        if found is None:
            continue
        name, made = found
        labels, predictions = call.argument(0, "y_true"), call.argument(1, "y_pred")
        if predictions is not None:
            met = next((known[key] for key in _identities(predictions) if key in known), None)
            yield Scoring(name, call, head_of(predictions, call.order), made, predictions, labels, met)


def _identities(predictions: Value | None) -> Iterator[int]:
    """What predictions are known by: themselves, and the model that they come straight from."""
    if predictions is not None:
        yield id(predictions)
    if isinstance(predictions, Result) and predictions.call.op == "forward" and predictions.call.receiver is not None:
        yield id(predictions.call.receiver)


def _metric_called(call: Call) -> tuple[str, Call | None] | None:
    """The class of the metric that a call updates, with the call that made it; a function makes none."""
    if call.op in _UPDATING and call.receiver is not None:
        found = {_metric_of(option) for option in alternatives(call.receiver)}
        return found.pop() if len(found) == 1 else None
    module, _, function = (call.op or "").rpartition(".")
    name = table("metrics")["names"].get(function) if module == "keras.losses" else None
    return (name, None) if name is not None else None


def _metric_of(value: Value) -> tuple[str, Call | None] | None:
    """The class of a metric that is given as an object, function or name, with the call that made the object."""
    match value:
        case Constant(value=str() as name):
            known = table("metrics")["names"].get(name)
            return (known, None) if known is not None else None
        case Library(name=name) if name.startswith("keras.losses."):
            known = table("metrics")["names"].get(name.rpartition(".")[2])
            return (known, None) if known is not None else None
        case Instance(call=Call() as made):
            cls = library_class(value) or ""
            return (cls.rpartition(".")[2], made) if cls.startswith("keras.metrics.") else None
    return None


def _compiled(call: Call, compared: Comparison) -> Iterator[Scoring]:
    """The metrics that Keras is asked for, of a model with one output."""
    given = call.argument(3, "metrics")
    if given is None or is_none(given):
        return
    for metric in _listed(given):
        found = _metric_of(metric)
        if found is not None:
            name, made = found
            yield Scoring(name, call, compared.head, made, compared=compared, model=compared.model)


def _listed(given: Value) -> Iterator[Value]:
    """The metrics in a list, which may be one list for each output, or in a dict by output."""
    match given:
        case Display(items=items):
            for item in items:
                yield from _listed(item)
        case Mapping(entries=entries):
            for entry in entries.values():
                yield from _listed(entry)
        case _:
            options = alternatives(given)
            if len(options) == 1:
                yield options[0]
