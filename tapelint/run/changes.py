"""The lines that have changed since a revision, and which findings they have to do with."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tapelint.finding import Finding, Place
from tapelint.run.revision import Revision
from tapelint.source.document import Document, OtherLanguage, UndecodableSource
from tapelint.source.formats import decode

Line = tuple[int | None, int]
"""A line of a file, or of one of its cells."""


class Changes:
    """The lines that are not as they were at a revision, and those from whose side code has gone.

    Texts are compared as they are read: the text of a notebook are the lines of its code cells, so that outputs, counts
    and the layout of the JSON do not matter, and a cell that has moved down has not changed.
    """

    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._known: dict[Path, tuple[Document, frozenset[Line]]] = {}

    def touch(self, finding: Finding, documents: Mapping[Path, Document]) -> bool:
        """Whether a finding, or a step of its trail, is on a changed line."""
        places = (finding.place, *(step.place for step in finding.trail))
        return any(self._touch(place, documents.get(place.path)) for place in places)

    def _touch(self, place: Place, document: Document | None) -> bool:
        if document is None:
            return not self._revision.has(place.path)
        lines = range(place.span.start.line, place.span.end.line + 1)
        changed = self._changed(document)
        return any((place.cell, line) in changed for line in lines)

    def _changed(self, document: Document) -> frozenset[Line]:
        known = self._known.get(document.path)
        if known is None or known[0] is not document:
            known = document, frozenset(self._compared(document))
            self._known[document.path] = known
        return known[1]

    def _compared(self, document: Document) -> Iterator[Line]:
        now = _lines(document)
        before = self._before(document)
        texts = [text for _, text in now]
        for tag, start, end, first, last in difflib.SequenceMatcher(a=before, b=texts).get_opcodes():
            if tag == "equal":
                continue
            # Where code is gone, what is left beside it is not what it was.
            gone = _has_code(before[start:end]) and not _has_code(texts[first:last])
            yield from (place for place, _ in now[max(0, first - gone) : last + gone])

    def _before(self, document: Document) -> list[str]:
        path = document.path
        # What is linted may be an editor's buffer, or the work of fixes, and not what is on the disk.
        data = path.read_bytes() if self._revision.has(path) else self._revision.contents(path)
        if data is None:
            return []
        try:
            return [text for _, text in _lines(decode(path, data))]
        except (UndecodableSource, OtherLanguage):
            return []


def _has_code(lines: Iterable[str]) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _lines(document: Document) -> list[tuple[Line, str]]:
    texts = document.written or {None: document.lines}
    return [
        ((cell, number), text)
        for cell, lines in sorted(texts.items(), key=lambda item: item[0] or 0)
        for number, text in enumerate(lines, 1)
    ]
