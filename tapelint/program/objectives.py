"""The losses of the project's own that `compile` is given: Keras calls them with labels and predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.program import kinds
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call, Frame, Trace
from tapelint.program.values import Class, Display, Function, Instance, Mapping, Parameter, Site, Value, alternatives


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """A loss function as Keras runs it: the `compile` that it was given to, the predictions, what it returns."""

    call: Call
    prediction: Value
    returned: Value


def given_to_compile(trace: Trace) -> Iterator[Objective]:
    """Each loss that a `compile` is given, wherever Keras is seen to run it."""
    for call in trace.calls:
        if call.op == "keras.Model.compile":
            given = call.argument(1, "loss")
            for function in _functions_in(given) if given is not None else ():
                yield from _runs(trace, call, function)


def _functions_in(given: Value) -> Iterator[Function]:
    for option in alternatives(given):
        if isinstance(option, (Display, Mapping)):
            for item in option.operands():
                yield from _functions_in(item)
        elif isinstance(option, Function):
            yield option
        elif isinstance(option, Instance) and isinstance(option.cls, Class) and kinds.of(option) == "loss":
            method = kinds.own_attribute(option.cls, "call")
            if isinstance(method, Function):
                yield method


def _runs(trace: Trace, call: Call, function: Function) -> Iterator[Objective]:
    for frame in trace.frames:
        if frame.root and frame.function is not None and frame.function.node is function.node:
            for returned in frame.returned:
                prediction = _prediction(frame, returned)
                if prediction is not None:
                    yield Objective(call, prediction, returned)


def _prediction(frame: Frame, returned: Value) -> Value | None:
    """The second of the two arguments that Keras passes, as it is found in what the function returns."""
    assert frame.function is not None
    parameters = frame.function.node.parameters[1 if frame.function.receiver is not None else 0 :]
    if len(parameters) < 2:
        return None
    site = Site(frame.function.scope.module, parameters[1].id)
    return next((one for one in ancestors(returned) if isinstance(one, Parameter) and one.site == site), None)
