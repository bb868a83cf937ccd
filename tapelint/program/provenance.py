"""Where a value comes from, and which names the user gave it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tapelint.program.trace import Call, Context, Frame
from tapelint.program.values import (
    Attribute,
    Choice,
    Computed,
    Element,
    Instance,
    Item,
    Result,
    Site,
    Value,
)

# A walk over more values than this is given up; what it has not seen is unknown.
_LIMIT = 4000


def ancestors(value: Value, through: Callable[[Value], bool] | None = None) -> Iterator[Value]:
    """`value` and everything it was made from, nearest first; values that `through` refuses are not opened."""
    seen: set[int] = set()
    pending: list[Value] = [value]
    for one in pending:
        if id(one) in seen:
            continue
        seen.add(id(one))
        if len(seen) > _LIMIT:
            return
        yield one
        if through is None or through(one):
            pending.extend(one.operands())


def differentiable(value: Value) -> bool:
    """Whether a gradient may pass through `value` to what it was made from; for the walk of `ancestors`."""
    return not (isinstance(value, Result) and value.call.op in ("tensorflow.stop_gradient", "keras.ops.stop_gradient"))


def made_by(value: Value) -> Call | None:
    """The recorded call that made `value`."""
    match value:
        case Result(call=call) | Instance(call=Call() as call):
            return call
    return None


def context_of(value: Value) -> Context | None:
    """The surroundings in which an operation made `value`; None for what no operation made."""
    match value:
        case Result(call=call):
            return call.context
        case Computed(context=context):
            return context
    return None


def site_of(value: Value) -> Site | None:
    """Where in the source an operation made `value`."""
    call = made_by(value)
    if call is not None:
        return call.site
    return value.site if isinstance(value, Computed) else None


def is_operation(value: Value) -> bool:
    """Whether `value` is the result of a tensor operation that a tape would record, and surely so."""
    match value:
        case Result(call=call):
            return call.op is not None and (
                call.op.startswith(("tensorflow.", "keras.ops.", "keras.losses.", "keras.Loss."))
                and not call.op.startswith(("tensorflow.data.", "tensorflow.GradientTape.", "tensorflow.distribute."))
            )
        case Computed(operator=operator):
            return operator in ("+", "-", "*", "/", "**", "@")
    return False


def projected(value: Value) -> Value:
    """What `value` is a part of: items, elements and attributes are taken off."""
    while isinstance(value, (Item, Element, Attribute)):
        value = value.of
    return value


def choices(value: Value) -> Iterator[Value]:
    """The values that `value` may be or be a part of, with choices and projections opened."""
    seen: set[int] = set()
    pending = [value]
    while pending:
        one = projected(pending.pop())
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Choice):
            pending.extend(one.options)
        else:
            yield one


def seen_from(site: Site, context: Context, frame: Frame) -> Site:
    """The place in `frame`, or in one of its callers, that led to `site`: the call of a helper, not its inside."""
    stack = list(frame.stack())
    running = context.frame
    while running not in stack and running.caller is not None and running.call_site is not None:
        if running.function is not None and running.call_site == running.function.site:
            # A property: who asks for it is not known.
            break
        site, running = running.call_site, running.caller
    return site
