"""Where a key stands in a TOML text: the parser of the standard library does not say."""

import bisect
import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, key: Sequence[str]) -> int:
    """The line of a valid TOML text on which the statement begins that first defines `key`.

    The beginning of a TOML text is valid TOML exactly if it ends with a statement, so the parser itself can be asked.
    """
    lines = text.split("\n")

    def statements(count: int) -> tuple[int, dict[str, Any]]:
        """How many of the first `count` lines are whole statements, and what these define."""
        while True:
            try:
                return count, tomllib.loads("\n".join(lines[:count]))
            except tomllib.TOMLDecodeError:
                count -= 1

    last = bisect.bisect_left(range(len(lines)), True, key=lambda count: _defines(statements(count)[1], key))
    line = statements(last - 1)[0] + 1 if last else 1
    while line < last and lines[line - 1].lstrip()[:1] in ("", "#"):
        line += 1
    return line


def _defines(tree: Any, key: Sequence[str]) -> bool:
    for step in key:
        if not isinstance(tree, dict) or step not in tree:
            return False
        tree = tree[step]
    return True
