"""What Keras logs in each epoch of a `fit`: the names that callbacks can go by."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapelint.program import kinds
from tapelint.program.models import is_of_keras, library_class
from tapelint.program.trace import Call, Trace
from tapelint.program.values import (
    Class,
    Constant,
    Display,
    Function,
    Instance,
    Library,
    Mapping,
    Result,
    Value,
    alternatives,
    is_none,
)

_RATE = frozenset({"learning_rate", "lr"})
# Classes whose metrics have another name than the one spelled after them.
_NAMED_OTHERWISE = {
    "FBetaScore": "fbeta_score",
    "LogCoshError": "logcosh",
    "KLDivergence": "kullback_leibler_divergence",
    "Huber": "huber_loss",
}
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"_\d+$")


def may_log(trace: Trace, fit: Call, name: str) -> bool:
    """Whether a `fit` may log a quantity of this name; True on doubt."""
    model = fit.receiver
    if not isinstance(model, Instance):
        return True
    if isinstance(model.cls, Class):
        own = _reported(trace, model)
        return own is None or name in own
    compiled = _compiled_for(trace, fit)
    if compiled is None or not _has_one_output(model) or not _logs_nothing_itself(model, trace):
        return True
    names = _compiled_names(compiled)
    # Keras numbers the metrics that it names itself: `auc_1`.
    quantity = name.removeprefix("val_")
    return names is None or bool({quantity, _NUMBER.sub("", quantity)} & {"loss", *_RATE, *names})


def _compiled_for(trace: Trace, fit: Call) -> Call | None:
    """The `compile` that a fit goes by: the only one, or the last before it, if that surely ran."""
    compiles = [call for call in trace.calls if call.op == "keras.Model.compile" and call.receiver is fit.receiver]
    if len(compiles) < 2:
        return compiles[0] if compiles else None
    earlier = [call for call in compiles if call.order < fit.order]
    around = (fit.context.loops, fit.context.branches)
    last = earlier[-1] if earlier else None
    return last if last is not None and (last.context.loops, last.context.branches) == around == ((), ()) else None


def _reported(trace: Trace, model: Instance) -> set[str] | None:
    """What a model's own train_step and test_step report; None when it has not both or their names cannot be told."""
    assert isinstance(model.cls, Class)
    names: set[str] = set()
    for method, prefix in (("train_step", ""), ("test_step", "val_")):
        step = model.cls.attributes.get(method)
        frames = [
            frame
            for frame in trace.frames
            if isinstance(step, Function) and frame.function is not None and frame.function.node is step.node
        ]
        reported = [option for frame in frames for value in frame.returned for option in alternatives(value)]
        if not reported or not all(isinstance(option, Mapping) and not option.open for option in reported):
            return None
        names |= {f"{prefix}{key}" for option in reported if isinstance(option, Mapping) for key in option.entries}
    return names | _RATE


def _has_one_output(model: Instance) -> bool:
    """Whether a model of Keras's own classes surely has one output: several are logged under their own names."""
    name = library_class(model) or ""
    if name == "keras.Sequential" or name.startswith("keras.applications."):
        return True
    outputs = model.call.argument(1, "outputs") if model.call is not None else None
    if isinstance(outputs, Display) and not outputs.open and len(outputs.items) == 1:
        outputs = outputs.items[0]
    return isinstance(outputs, Result) and outputs.call.op == "forward"


def _logs_nothing_itself(model: Value, trace: Trace) -> bool:
    """Whether every layer is one of Keras's own: others may bring metrics, as may `add_metric`."""
    return not any(call.method == "add_metric" for call in trace.calls) and is_of_keras(model)


def _compiled_names(compiled: Call) -> set[str] | None:
    """The names of the metrics that a model is compiled with; None when they cannot be told."""
    given = compiled.argument(3, "metrics")
    if compiled.opaque or compiled.argument(None, "weighted_metrics") is not None:
        return None
    loss = compiled.argument(1, "loss")
    if isinstance(loss, (Display, Mapping)):
        return None
    names: set[str] = set()
    for metric in _listed(given) if given is not None else ():
        found = _names_of_metric(metric) if metric is not None else None
        if found is None:
            return None
        names |= found
    return names


def _listed(given: Value) -> Iterator[Value | None]:
    """The metrics in a list, which may be one list for each output, or in a dict by output; None for others."""
    match given:
        case Display(open=False, items=items):
            for item in items:
                yield from _listed(item)
        case Mapping(open=False, entries=entries):
            for entry in entries.values():
                yield from _listed(entry)
        case _ if is_none(given):
            return
        case Display() | Mapping():
            yield None
        case _:
            yield given


def _names_of_metric(metric: Value) -> set[str] | None:
    """The names that a metric may be logged under: versions of Keras differ in how they spell a class."""
    match metric:
        case Constant(value=str() as name):
            return {name, *_spellings(name)}
        case Library(name=name) if name.startswith(("keras.", "tensorflow.")):
            return _spellings(name.rpartition(".")[2])
        case Function(node=node):
            return {node.name} if node.name.isidentifier() else None
        case Instance(cls=Library(name=cls), call=Call() as made) if kinds.of(metric) in ("metric", "loss"):
            return _names_of_object(cls, made)
    return None


def _names_of_object(cls: str, made: Call) -> set[str] | None:
    if made.opaque:
        return None
    given = made.argument(None, "name")
    if given is not None and not is_none(given):
        return {given.value} if isinstance(given, Constant) and isinstance(given.value, str) else None
    # Each class has its name at another position, so that any word may be it.
    words = {value.value for value in made.arguments if isinstance(value, Constant) and isinstance(value.value, str)}
    known = all(isinstance(value, Constant) for value in made.arguments)
    return {*_spellings(cls.rpartition(".")[2]), *words} if known else None


def _spellings(name: str) -> set[str]:
    """The names that Keras gives to a metric of this class or function."""
    return {_CAPITALS.sub("_", name).lower(), _NAMED_OTHERWISE.get(name, name)}
