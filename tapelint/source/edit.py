"""Changes to a text."""

from dataclasses import dataclass

from tapelint.source.span import Span


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put `text` where `span` is now. An empty span inserts, an empty text deletes."""

    span: Span
    text: str
