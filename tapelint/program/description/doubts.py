"""Why the analyzer does not know a value: what stands between it and an answer, in words for a person."""

from __future__ import annotations

import sys

from tapelint.program import kinds
from tapelint.program.arrays import order_of, size_of
from tapelint.program.description.naming import name_of, quoted
from tapelint.program.program import Program
from tapelint.program.provenance import projected
from tapelint.program.trace import Call
from tapelint.program.values import (
    VARIABLE_LISTS,
    Attribute,
    Class,
    Computed,
    Function,
    Instance,
    Library,
    Mapping,
    Parameter,
    Result,
    Unknown,
    Value,
    alternatives,
)

_TENSORS = ("tensorflow.", "keras.", "numpy.", "forward")

# What these return depends on what the program is given when it runs.
_DYNAMIC = frozenset({f"builtins.{name}" for name in ("eval", "getattr", "globals", "input", "locals", "vars")})

# Unknown values of which enough is told elsewhere.
_TOLD = frozenset({"a batch", "per replica"})


def doubt(value: Value, program: Program) -> str | None:
    """The reason why nothing is known of `value`; None when something is."""
    if isinstance(value, Attribute) and value.name in VARIABLE_LISTS:
        return None
    root = alternatives(projected(value))[0]
    part = root is not value
    match root:
        case _ if size_of(root) is not None or order_of(root) in ("ordered", "random") or _is_tensor(root):
            return None
        case Unknown(reason=reason):
            return reason if reason not in _TOLD else None
        case Parameter():
            return f"a caller out of view gives {quoted(value if part else root, program, 'it')}"
        case Result(call=call) if call.op is None and call.method is None:
            return _not_entered(call, program)
        case Result(call=call) if part or not is_known(call.op or ""):
            what = f"{quoted(value, program, 'a part')} of " if part else ""
            return f"{what}what {_spelled(call, program)} returns"
        case Instance(cls=Class() as cls) if part and kinds.of(root) is None:
            return f"{quoted(value, program, 'it')} is not set in view by `{cls.node.name}`"
        case Mapping() if part:
            return f"{quoted(value, program, 'a part')} of a dict that may hold more"
        case Library(name=name) if part or not is_known(name):
            return f"{quoted(value, program, 'it')} is out of view"
    return None


def _is_tensor(value: Value) -> bool:
    """Whether `value` is a tensor, an array or a dataset, of which every part and method gives another one."""
    match value:
        case Computed():
            return True
        case Result(call=call) if call.op is not None:
            return call.op.startswith(_TENSORS)
        case Result(call=call) if call.method is not None and call.receiver is not None:
            root = alternatives(projected(call.receiver))[0]
            return not isinstance(root, Computed) and _is_tensor(root)
    return False


def is_known(op: str) -> bool:
    """Whether an operation is one of the libraries that tapelint knows about, or of Python's own."""
    root = op.partition(".")[0]
    return op not in _DYNAMIC and (
        root in ("tensorflow", "keras", "numpy", "builtins") or root in sys.stdlib_module_names or op == "forward"
    )


def _not_entered(call: Call, program: Program) -> str:
    """Why a call's function was not run."""
    if isinstance(call.callee, Function):
        name = call.callee.node.name
        running = any(
            frame.function is not None and frame.function.node is call.callee.node
            for frame in call.context.frame.stack()
        )
        return f"`{name}` calls itself" if running else f"there is too much in `{name}` to follow"
    called = name_of(call.callee, program)
    reason = call.callee.reason if isinstance(call.callee, Unknown) else ""
    if called is None and reason:
        return f"what {_spelled(call, program)} returns, and {reason}"
    return f"what {_spelled(call, program)} returns is out of view"


def _spelled(call: Call, program: Program) -> str:
    text = program.spelled(call.site)
    return f"`{text}`" if text is not None else "a call"
