"""A fix as one replacement, for readers who may take one edit of a fix and leave the other."""

from collections.abc import Sequence

from tapelint.finding import Fix
from tapelint.source.edit import Edit
from tapelint.source.span import Position, Span


def single(fix: Fix, lines: Sequence[str]) -> Edit | None:
    """The one edit that does what those of the fix do together; None if it needs lines that are not known."""
    edits = sorted(fix.edits)
    if len(edits) == 1:
        return edits[0]
    span = Span(edits[0].span.start, edits[-1].span.end)
    # The text may end with a line end, behind which there is one more place to be.
    if span.end.line > len(lines) + 1:
        return None
    pieces, done = [], span.start
    for edit in edits:
        pieces += [_between(lines, done, edit.span.start), edit.text]
        done = edit.span.end
    return Edit(span, "".join(pieces))


def _between(lines: Sequence[str], start: Position, end: Position) -> str:
    covered = [*lines, ""][start.line - 1 : end.line]
    covered[-1] = covered[-1][: end.column - 1]
    covered[0] = covered[0][start.column - 1 :]
    return "\n".join(covered)
