"""What a check has found: the place, the message, the path that led there, and how to mend it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tapelint.source.document import Document
from tapelint.source.edit import Edit
from tapelint.source.span import Span

Severity = Literal["error", "warning", "info", "off"]
Safety = Literal["safe", "unsafe"]
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
