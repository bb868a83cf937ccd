"""What the commands of a notebook do to its variables: they may read those that they name, and some bind others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tapelint.program.execution.library import Behaviour
from tapelint.program.trace import Call
from tapelint.program.values import Constant, Library, ModuleValue, Value, join
from tapelint.syntax import tree

if TYPE_CHECKING:
    from tapelint.program.execution.expressions import Expressions

_NAME = re.compile(r"[^\W\d]\w*")
_INSERTED = re.compile(r"\{[^{}]*\}|\$\w+")
_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t](.*)$", re.MULTILINE)
_BOUND = re.compile(r"^[ \t]*(?:def|class)[ \t]+(\w+)|^[ \t]*(\w+)[ \t]*=(?!=)", re.MULTILINE)

# Line magics that bring names which they do not mention.
_BRINGING = frozenset({"pylab", "run", "load", "loadpy", "store", "autocall"})


def _shell(machine: Expressions, call: Call) -> Value | None:
    """A shell line reads the variables in its braces."""
    for text in _texts(call):
        for inserted in _INSERTED.findall(text):
            _read(machine, call, inserted)
    return None


def _line_magic(machine: Expressions, call: Call) -> Value | None:
    texts = _texts(call)
    if texts and texts[0] in _BRINGING:
        machine.module.star_imports = True
    for text in texts[1:]:
        _read(machine, call, text)
    return None


def _cell(machine: Expressions, call: Call) -> Value | None:
    """A cell in another language, or one that is not Python: whatever it names may have changed."""
    for text in _texts(call):
        _read(machine, call, text)
        bound = [name for line in _IMPORT.findall(text) for name in _NAME.findall(line)]
        bound += [name for names in _BOUND.findall(text) for name in names if name]
        for name in bound:
            _may_bind(machine, call, name)
    return None


def _texts(call: Call) -> list[str]:
    return [one.value for one in call.arguments if isinstance(one, Constant) and isinstance(one.value, str)]


def _read(machine: Expressions, call: Call, text: str) -> None:
    for name in set(_NAME.findall(text)):
        value = machine.find_name(name)
        if value is not None:
            value.used("argument", call)


def _may_bind(machine: Expressions, call: Call, name: str) -> None:
    old = machine.find_name(name)
    if isinstance(old, Library | ModuleValue):
        return
    new = machine.unknown(f"`{name}` is bound by a cell that is not Python")
    machine.bind(tree.Name(call.site.node, name), new if old is None else join([old, new]))


COMMANDS: dict[str, Behaviour] = {
    ".getoutput": _shell,
    ".run_cell": _cell,
    ".run_cell_magic": _cell,
    ".run_line_magic": _line_magic,
    ".system": _shell,
}
