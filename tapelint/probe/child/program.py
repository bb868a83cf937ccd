"""The program under observation: a script, or the cells of a notebook or the blocks of a page, which run in turn."""

import __future__

import ast
import asyncio
import contextlib
import inspect
import linecache
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

from tapelint.probe.child.marks import marked
from tapelint.source.document import Document, Part
from tapelint.source.formats import decode, is_markdown, is_notebook

FUTURES = {name: getattr(__future__, name).compiler_flag for name in __future__.all_feature_names}


@dataclass(frozen=True, slots=True)
class Text:
    """What Python knows under the name of a file: it stands in the file at `path`, or in one of its cells.

    `shifts` are the columns by which a line begins further right in there.
    """

    path: str
    cell: int | None = None
    shifts: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to compile by itself, and the name that its lines go by."""

    name: str
    source: str | bytes


class Program:
    """What there is to run. `texts` are its files by the names that Python knows them by."""

    def __init__(self, path: str) -> None:
        """Raises ValueError for what is no program, OSError for what cannot be read, SyntaxError for a bad script."""
        file = Path(path)
        data = file.read_bytes()
        self.is_notebook = is_notebook(file)
        self.texts = {path: Text(path)}
        self._flags = 0
        self._codes: list[CodeType] = []
        self._pieces = [Piece(path, data)]
        if self.is_notebook or is_markdown(file):
            self._pieces = self._taken_apart(path, decode(file, data))
        else:
            self._codes.append(self._compiled(self._pieces.pop()))

    def run(self, names: dict[str, Any]) -> None:
        """Run it all, as the module with these names. A cell that is no Python fails when its turn comes."""
        for code in self._codes:
            exec(code, names)
        for piece in self._pieces:
            code = self._compiled(piece)
            if code.co_flags & inspect.CO_COROUTINE:  # A cell may wait for something where a script may not.
                asyncio.run(eval(code, names))
            else:
                exec(code, names)

    def _taken_apart(self, path: str, document: Document) -> list[Piece]:
        lines: dict[str, list[str]] = {}
        pieces = []
        for part in document.parts:
            name = path if part.cell is None else f"{path}, cell {part.cell}"
            text = document.text_of(part)
            known = lines.setdefault(name, [])
            known += ["\n"] * (part.at - 1 - len(known)) + text.splitlines(keepends=True)
            before = self.texts.get(name, Text(path)).shifts
            self.texts[name] = Text(path, part.cell, {**before, **_shifts(document, part)})
            pieces.append(Piece(name, "\n" * (part.at - 1) + text))
        for name, known in lines.items():
            # Where Python looks for the source of a function, as TensorFlow does.
            linecache.cache[name] = (sum(map(len, known)), None, known, name)
        return pieces

    def _compiled(self, piece: Piece) -> CodeType:
        flags = self._flags | (ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if self.is_notebook else 0)
        program: CodeType = compile(piece.source, piece.name, "exec", flags, dont_inherit=True)
        with contextlib.suppress(RecursionError):  # What Python itself can still read may be too deep for us.
            tree = marked(ast.parse(piece.source))
            program = compile(tree, piece.name, "exec", flags, dont_inherit=True)
        if self.is_notebook:
            self._flags |= _futures(program)
        return program


def _shifts(document: Document, part: Part) -> dict[int, int]:
    lines: Iterable[int] = range(part.first, part.last + 1)
    return {line - part.first + part.at: document.shifts[line] for line in lines if line in document.shifts}


def _futures(program: CodeType) -> int:
    """What a cell has imported from the future, which holds for those after it."""
    return sum(flag for flag in FUTURES.values() if program.co_flags & flag)
