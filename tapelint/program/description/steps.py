"""Where a program trains: the functions that ask for gradients by parameters, and the calls that need no such one."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.syntax import tree

_BY_ITSELF = frozenset({"keras.Model.fit", "keras.Model.train_on_batch"})


def steps(program: Program) -> list[int]:
    """The nodes of the program's own file that a reader would call its training steps."""
    return list(dict.fromkeys(_steps(program)))


def _steps(program: Program) -> Iterator[int]:
    for gradients in program.gradients:
        if gradients.parameters is not None and gradients.first_order:
            yield from _around(gradients.call, program)
    for call in program.trace.calls:
        if call.op in _BY_ITSELF and call.site.module is program.module:
            yield call.site.node


def _around(call: Call, program: Program) -> Iterator[int]:
    """The function that a call stands in, or the call itself if it stands in none."""
    if call.site.module is program.module:
        parents = program.nodes(program.module).parents(call.site.node)
        yield next((node.id for node in parents if isinstance(node, tree.Function)), call.site.node)
