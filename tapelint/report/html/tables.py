"""Tables, each with a caption, in a frame of its own that scrolls where it is wider than the page."""

from collections.abc import Iterable, Sequence

from tapelint.report.html.markup import Content, Html, joined, prose, tag
from tapelint.report.html.wording import count


def table(caption: str, heads: Sequence[Content], rows: Iterable[Sequence[Content]], *, numbers: int = 0) -> Html:
    """A table. The first cell of a row is its head; the last so many columns hold `numbers`."""
    first = len(heads) - numbers
    kinds = ["number" if column >= first else None for column in range(len(heads))]
    top = joined(*(tag("th", head, scope="col", class_=kind) for head, kind in zip(heads, kinds, strict=True)))
    body = joined(*(tag("tr", *_cells(row, kinds)) for row in rows))
    drawn = tag("table", tag("caption", prose(caption)), tag("thead", tag("tr", top)), tag("tbody", body))
    return tag("div", drawn, class_="frame", tabindex=0, role="region", aria_label=caption)


def _cells(row: Sequence[Content], kinds: Sequence[str | None]) -> Iterable[Html]:
    for column, (content, kind) in enumerate(zip(row, kinds, strict=True)):
        yield tag("td", content, class_=kind) if column else tag("th", content, scope="row")


def more(left: int, noun: str) -> Html | None:
    """What is said of rows that a table has no room for."""
    told = f"{count(left, f'more {noun}')}, for which this page has no room."
    return tag("p", told, class_="quiet") if left > 0 else None
