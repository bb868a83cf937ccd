"""What a loop makes or takes anew at each of its turns, and what lasts through all of them."""

from __future__ import annotations

from tapelint.program.provenance import ancestors, context_of, made_by
from tapelint.program.trace import Context, Loop
from tapelint.program.values import Display, Element, Instance, Unknown, Value, alternatives

_WRITTEN = ("for", "while", "fit")

# What gives a model the weights that it shall start from.
_RESTORING = frozenset({"set_weights", "load_weights", "load_state_dict", "restore", "read"})


def written(loops: tuple[Loop, ...]) -> list[Loop]:
    """The loops that are statements, or a fit's own, and no comprehensions."""
    return [loop for loop in loops if loop.kind in _WRITTEN]


def varies(loop: Loop, value: Value) -> bool:
    """Whether `value` may be another one at each turn of a loop: made in it, or taken from what it goes through."""
    gone_through = {id(one) for one in ancestors(loop.iterable)} if loop.iterable is not None else set()
    items = loop.iterable.items if isinstance(loop.iterable, Display) else []
    for one in ancestors(value):
        context = _origin(one)
        if context is not None and loop in context.loops:
            return True
        if isinstance(one, Element) and id(one.of) in gone_through:
            return True
        if isinstance(one, Unknown) and one.reason == "changed in a loop":
            return True
        if any(one is option for item in items for option in alternatives(item)):
            return True
    return False


def _origin(value: Value) -> Context | None:
    call = made_by(value) if isinstance(value, Instance) else None
    return call.context if call is not None else context_of(value)


def is_certain(earlier: Context, later: Context) -> bool:
    """Whether whoever comes by the later place has come by the earlier one in the same turn."""
    return earlier.branches == later.branches[: len(earlier.branches)]


def compares(loop: Loop) -> bool:
    """Whether a loop goes through things that are written down, to try one after another."""
    return loop.iterable is not None and any(isinstance(one, Display) for one in alternatives(loop.iterable))


def restores(method: str | None) -> bool:
    """Whether a method of this name gives weights that come from elsewhere."""
    return method in _RESTORING
