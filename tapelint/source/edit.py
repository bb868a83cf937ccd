"""Changes to a text."""

from collections.abc import Iterable
from dataclasses import dataclass

from tapelint.source.lines import Lines
from tapelint.source.span import Span


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put `text` where `span` is now. An empty span inserts, an empty text deletes. Its lines end with `\\n`."""

    span: Span
    text: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap, whose spans are those of the text before.

    New lines end as the first line of the text does.
    """
    lines = Lines(text)
    pieces = []
    done = 0
    for edit in sorted(edits):
        pieces += [text[done : lines.offset(edit.span.start)], edit.text.replace("\n", lines.end)]
        done = lines.offset(edit.span.end)
    return "".join((*pieces, text[done:]))
