"""Where the lines of a notebook's cells stand in its file, whose JSON knows no lines."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\r\n|\r|\n|[][{},:]|[^]\s"[{},:]+')

Path = list[str | int]


def lines_in_file(data: bytes) -> Mapping[int, Sequence[int]]:
    """For every cell, by its 1-based number, the line of the file that each line of the cell begins on.

    The data are those of a notebook that has been read.
    """
    pieces: dict[int, list[tuple[int, str]]] = {}
    for line, path, token in _strings(data.decode(json.detect_encoding(data))):
        match path:
            # Before version 4 the cells lay in worksheets, of which programs only ever wrote one.
            case ["cells", int(cell), "source", *_] | ["worksheets", 0, "cells", int(cell), "source" | "input", *_]:
                pieces.setdefault(cell + 1, []).append((line, json.loads(token)))
    return {cell: _beginnings(found) for cell, found in pieces.items()}


def _beginnings(pieces: Sequence[tuple[int, str]]) -> Sequence[int]:
    """The line of the file that each line of a text begins on, which stands there in pieces."""
    found: list[int] = []
    begun = False
    for line, text in pieces:
        *ended, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for _ in ended:
            if not begun:
                found.append(line)
            begun = False
        if rest and not begun:
            found.append(line)
            begun = True
    return found


def _strings(text: str) -> Iterator[tuple[int, Path, str]]:
    """The strings of a JSON text that are values: the line of each, the way to it, and how it is spelled."""
    line, path, expects_key = 1, Path(), False
    for match in _TOKEN.finditer(text):
        token = match[0]
        match token[0]:
            case "\n" | "\r":
                line += 1
            case "{":
                path.append("")
                expects_key = True
            case "[":
                path.append(0)
                expects_key = False
            case "}" | "]":
                path.pop()
                expects_key = False
            case ",":
                if isinstance(path[-1], int):
                    path[-1] += 1
                else:
                    expects_key = True
            case ":":
                expects_key = False
            case '"' if expects_key:
                path[-1] = json.loads(token)
            case '"':
                yield line, path, token
