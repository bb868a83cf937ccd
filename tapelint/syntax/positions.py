"""From ids of the compact tree to places in the document."""

from collections.abc import Collection

from tapelint.source.document import Document
from tapelint.source.lines import Lines
from tapelint.source.span import Span
from tapelint.syntax.parse import Parts, part_of


def spans(document: Document, ids: Collection[int]) -> dict[int, Span]:
    """Where the nodes with these ids stand, without the space and comments around them.

    The parts they stand in are parsed once more: lowering numbers the same text in the same way every time, and places
    are wanted of few files. A statement with a body stands for its header (`for … in …:`), which begins behind the
    decorators. Raises Unparsable for a text that `parse` does not take either.
    """
    if not ids:
        return {}
    lines = Lines(document.text)
    parts = Parts(document)
    wanted: dict[int, list[int]] = {0: []}
    for one in ids:
        wanted.setdefault(part_of(one), []).append(one)
    return {
        one: lines.span(parts.offset(number, start), parts.offset(number, end))
        for number, inside in wanted.items()
        for one, (start, end) in parts.stretches(number, inside).items()
    }
