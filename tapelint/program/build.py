"""Builds the Programs of a set of documents."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from tapelint.program.program import Program
from tapelint.program.project import Project, Read
from tapelint.program.statements import Execution
from tapelint.source.document import Document
from tapelint.source.span import Position

# Enough for the nesting of calls that the execution follows; what is nested deeper is cut there.
_RECURSION = 12_000


class Programs:
    """One Program for each requested document, with what it imports. Only one is held at a time."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @property
    def unparsable(self) -> list[tuple[Document, str, Position]]:
        """The requested documents that are not Python, with the reason and the place."""
        return self._project.unparsable

    def __iter__(self) -> Iterator[Program]:
        execution = Execution(self._project)
        for module in self._project.requested:
            limit = sys.getrecursionlimit()
            sys.setrecursionlimit(max(limit, _RECURSION))
            try:
                trace = execution.run(module)
            finally:
                sys.setrecursionlimit(limit)
            yield Program(module, trace)
            execution.forget()


def build(documents: Iterable[Document], read: Read) -> Programs:
    """The programs that `documents` are, with the files they import, which `read` finds by path."""
    return Programs(Project(documents, read))
