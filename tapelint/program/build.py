"""Builds the Program of a set of documents."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tapelint.program.program import Program
from tapelint.program.project import Project, Read
from tapelint.program.statements import Execution
from tapelint.source.document import Document

# Enough for the nesting of calls that the execution follows; what is nested deeper is cut there.
_RECURSION = 12_000


def build(documents: Iterable[Document], read: Read) -> Program:
    """The program that `documents` form, with the files they import, which `read` finds by path."""
    project = Project(documents, read)
    execution = Execution(project)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION))
    try:
        execution.run()
    finally:
        sys.setrecursionlimit(limit)
    return Program(execution.trace, project.requested, project.unparsable)
