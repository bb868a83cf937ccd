"""What is left of a comment when a suppression in it goes, or one of the rules that it names."""

import re

from tapelint.run.comments import Entry, Suppression
from tapelint.source.document import Document
from tapelint.source.span import Position, Span

_SEPARATOR = re.compile(r"[\s,]*")


def without_entry(document: Document, suppression: Suppression, entry: Entry) -> tuple[Span, str]:
    """The edit that takes one rule out of a suppression, or the whole of it if it names no other."""
    line, start, end = _stretch(document, entry.span)
    listed = suppression.text[suppression.text.index(":") + 1 :]
    if len(re.findall(r"[\w-]+", listed.partition("[")[2].partition("]")[0] or listed)) == 1:
        return without(document, suppression)
    behind = _SEPARATOR.match(line, end)
    if behind and behind.end() < len(line) and line[behind.end()] not in "]#" and behind[0]:
        end = behind.end()
    else:
        start = len(line[:start].rstrip(" \t,"))
    return _cut(entry.span, start, end)


def without(document: Document, suppression: Suppression) -> tuple[Span, str]:
    """The edit that takes a suppression out of its comment, with the comment and its line if nothing else is there."""
    line, start, end = _stretch(document, suppression.span)
    if line[end:].strip():
        rest = line[end:]
        return _cut(suppression.span, start, end + len(rest) - len(rest.lstrip()))
    before = line[:start].rstrip()
    number = suppression.span.start.line
    if not before and number < len(document.lines):
        return Span(Position(number, 1), Position(number + 1, 1)), ""
    return _cut(suppression.span, len(before), len(line))


def _stretch(document: Document, span: Span) -> tuple[str, int, int]:
    return document.lines[span.start.line - 1], span.start.column - 1, span.end.column - 1


def _cut(span: Span, start: int, end: int) -> tuple[Span, str]:
    line = span.start.line
    return Span(Position(line, start + 1), Position(line, end + 1)), ""
