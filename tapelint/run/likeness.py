"""What makes a finding the same one when the lines around it have moved."""

from tapelint.finding import Finding
from tapelint.source.document import Document


def code(finding: Finding, document: Document | None) -> str:
    """The code that a finding points at, as far as it stands on one line, however it is spaced.

    Where a finding is, and what stands beside it, is no part of it: lines move, and neighbours get other names.
    """
    span = finding.place.span
    lines = document.lines_of(finding.place.cell) if document else ()
    line = lines[span.start.line - 1] if span.start.line <= len(lines) else ""
    end = span.end.column - 1 if span.end.line == span.start.line else len(line)
    return " ".join((line[span.start.column - 1 : end] or line).split())
