"""Builds the Programs of a set of documents."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tapelint.program.execution.idle import is_idle
from tapelint.program.execution.machine import Execution
from tapelint.program.program import Program
from tapelint.program.project import Project, Read
from tapelint.program.target import NEWEST, Target
from tapelint.program.wrappers import Wrappers
from tapelint.source.document import Document
from tapelint.source.span import Position

# Enough for the nesting of calls that the execution follows; what is nested deeper is cut there.
_RECURSION = 12_000

# How many characters of source may be held as trees, which are many times as large, when a run is over.
_HELD = 1_000_000


class Programs:
    """One Program for each requested document that is not idle, with what it imports. Only one is held at a time."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @property
    def unparsable(self) -> list[tuple[Document, str, Position]]:
        """The requested documents that are not Python, with the reason and the place: known when all have been read."""
        return self._project.unparsable

    def __iter__(self) -> Iterator[Program]:
        execution = Execution(self._project)
        # Questions about values go as deep as the values do, so the caller gets the same room.
        with _undisturbed():
            for module in self._project.requested:
                if is_idle(module.document.text, self._project.wrappers.words):
                    continue
                yield Program(module, execution.run(module), self._project.target)
                execution.forget()
                if self._project.shed(_HELD):
                    execution.forget_trees()
                # What one run has made is young: the trees of the project, which stay, need not be looked through.
                gc.collect(0)
        self._project.shed(0)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Room to recurse, and no garbage collection: a run makes one large cyclic graph and no garbage until it ends."""
    limit, collecting = sys.getrecursionlimit(), gc.isenabled()
    sys.setrecursionlimit(max(limit, _RECURSION))
    gc.disable()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        if collecting:
            gc.enable()


def build(
    documents: Iterable[Document], read: Read, wrappers: Wrappers | None = None, target: Target = NEWEST
) -> Programs:
    """The programs that `documents` are, with the files they import, which `read` finds by path."""
    return Programs(Project(documents, read, wrappers, target))
