"""Where a key stands in a TOML text: the parser of the standard library does not say."""

import bisect
import tomllib
from collections.abc import Sequence
from typing import Any

# What is missing at the end of a text that is cut in a list, which may itself stand in a table between braces.
_ENDS = ("", "]", "]}", "]}}")


def line_of(text: str, key: Sequence[str | int]) -> int:
    """The line of a valid TOML text on which the statement begins that first defines `key`.

    The numbers in it, if any, come last and count the items of a list: then it is the line on which the item ends. The
    beginning of a TOML text is valid TOML exactly if it ends with a statement, so the parser itself can be asked.
    """
    lines = text.split("\n")
    names = [step for step in key if isinstance(step, str)]

    def statements(count: int) -> tuple[int, dict[str, Any]]:
        """How many of the first `count` lines are whole statements, and what these define."""
        while True:
            try:
                return count, tomllib.loads("\n".join(lines[:count]))
            except tomllib.TOMLDecodeError:
                count -= 1

    last = bisect.bisect_left(range(len(lines)), True, key=lambda count: _defines(statements(count)[1], names))
    line = statements(last - 1)[0] + 1 if last else 1
    while line < last and lines[line - 1].lstrip()[:1] in ("", "#"):
        line += 1
    if len(names) == len(key):
        return line
    return next((count for count in range(line, last + 1) if _defines(_cut(lines[:count]), key)), line)


def _cut(lines: Sequence[str]) -> dict[str, Any]:
    """What the beginning of a TOML text defines if what it leaves open is closed; nothing if that makes no sense."""
    for end in _ENDS:
        try:
            return tomllib.loads("\n".join((*lines, end)))
        except tomllib.TOMLDecodeError:
            continue
    return {}


def _defines(tree: Any, key: Sequence[str | int]) -> bool:
    for step in key:
        if isinstance(step, int):
            if not isinstance(tree, list) or step >= len(tree):
                return False
            tree = tree[step]
        elif not isinstance(tree, dict) or step not in tree:
            return False
        else:
            tree = tree[step]
    return True
