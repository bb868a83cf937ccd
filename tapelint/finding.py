"""What a check has found: the place, the message, the path that led there, and how to mend it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tapelint.source.document import Document
from tapelint.source.edit import Edit
from tapelint.source.span import Span

Severity = Literal["error", "warning", "info", "off"]
Safety = Literal["safe", "unsafe"]
_LINE_END = re.compile(r"\r\n|\r|\n")

VerdictKind = Literal["confirmed", "refuted", "unreached", "unable"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A span in a file. `cell` is the 1-based notebook cell that the span's lines are counted in."""

    path: Path
    span: Span
    cell: int | None = None

    @classmethod
    def of(cls, document: Document, span: Span) -> "Place":
        """The place in its file of a span of a document's text. Every place that is reported is made here."""
        cell, there = document.locate(span)
        return cls(document.path, there, cell)


@dataclass(frozen=True, slots=True, order=True)
class TrailStep:
    """One station on the way of a value: made here, passed here, lost here."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Fix:
    """Edits that mend a finding together. Safe: the program means the same or does what it plainly meant."""

    title: str
    safety: Safety
    edits: tuple[Edit, ...]

    @classmethod
    def of(
        cls, document: Document, place: Place, title: str, safety: Safety, edits: Iterable[tuple[Span, str]]
    ) -> "Fix | None":
        """The fix of a finding at `place` by edits of the document's text.

        None if they reach out of the notebook cell or the quoted program that the finding is in.
        """
        located = [_located(document, place.cell, span, text) for span, text in edits]
        found = [edit for edit in located if edit is not None]
        return cls(title, safety, tuple(sorted(found))) if len(found) == len(located) else None


@dataclass(frozen=True, slots=True, order=True)
class Verdict:
    """What running the program said about a finding."""

    kind: VerdictKind
    detail: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise of the rulebook that a program breaks."""

    rule: str
    place: Place
    message: str
    severity: Severity
    trail: tuple[TrailStep, ...] = ()
    fix: Fix | None = None
    verdict: Verdict | None = None


def _located(document: Document, cell: int | None, span: Span, text: str) -> Edit | None:
    """The edit of the file, or of its cell, that an edit of the text means; None if it is not in this cell alone."""
    where, there = document.locate(span)
    if where != cell or there.end.line - there.start.line != span.end.line - span.start.line:
        return None
    # What the lines of the file have in front of the program, its new lines get, too.
    margin = document.shifts.get(span.start.line, 0)
    lead = document.lines_of(where)[there.start.line - 1][:margin] if margin else ""
    return Edit(there, _LINE_END.sub("\n" + lead, text))
