"""Where a place is in the file as it lies on the disk, for readers who open that file and know nothing of cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tapelint.finding import Place
from tapelint.source.document import Document
from tapelint.source.span import Span


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of a file. `span` says where in them; in a notebook, whose lines are JSON, nothing does."""

    first: int
    last: int
    span: Span | None = None


def stretch(place: Place, documents: Mapping[Path, Document]) -> Stretch:
    """The lines of the file that a place is on. A notebook whose text is gone has its first line."""
    start, end = place.span.start.line, place.span.end.line
    if place.cell is None:
        return Stretch(start, end, place.span)
    document = documents.get(place.path)
    lines = document.file_lines.get(place.cell, ()) if document else ()
    if not lines:
        return Stretch(1, 1)
    first, last = (lines[min(line, len(lines)) - 1] for line in (start, end))
    return Stretch(first, last)
