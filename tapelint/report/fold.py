"""Lines of text that fit on their paper."""

import re
from collections.abc import Iterator

from rich.cells import cell_len

from tapelint.report.ink import Line, Piece


def fold(line: Line, width: int | None, indent: int = 0) -> Iterator[Line]:
    """The line, broken between words into lines of at most `width` cells, all but the first indented.

    A word that is longer than that has a line of its own. None stands for lines without an end.
    """
    if width is None:
        yield line
        return
    kept: list[Piece] = []
    used = 0
    for text, role in line:
        for word in re.findall(r"\s*\S+|\s+$", text):
            if used + cell_len(word) > width and used > indent:
                yield tuple(kept)
                kept, used = [(" " * indent, "plain")], indent
                kept.append((word.lstrip(), role))
                used += cell_len(word.lstrip())
            else:
                kept.append((word, role))
                used += cell_len(word)
    yield tuple(kept)
