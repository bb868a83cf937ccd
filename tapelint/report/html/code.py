"""Lines of a program in the page, with numbers beside them and a mark on what is meant."""

from collections.abc import Iterator, Sequence

from tapelint.finding import Place
from tapelint.report.address import coordinates, shown
from tapelint.report.html.markup import Html, joined, markup, tag
from tapelint.report.html.wording import breakable
from tapelint.run.outcome import Outcome

BEFORE, AFTER = 2, 1
"""The lines around the marked ones that are shown with them."""

LONGEST = 8
"""Marked lines that are all shown; of more, the middle is left out."""

WIDEST = 400
"""Characters of a line that are shown."""


def excerpt(
    outcome: Outcome, place: Place, *, before: int = BEFORE, after: int = AFTER, told: Place | None = None
) -> Html:
    """The lines of a place, below the name of the file, unless it is the one that was `told` just before.

    Only the name where the text is unknown.
    """
    document = outcome.documents.get(place.path)
    lines = document.lines_of(place.cell) if document else ()
    name = tag("figcaption", tag("span", breakable(shown(place.path) + coordinates(place)), class_="place"))
    if place.span.start.line > len(lines):
        return tag("figure", name, class_="code")
    drawn = joined(*_drawn(lines, place, before, after))
    known = told is not None and (told.path, told.cell) == (place.path, place.cell)
    return tag("figure", None if known else name, tag("pre", tag("code", drawn), tabindex=0), class_="code")


def _drawn(lines: Sequence[str], place: Place, before: int, after: int) -> Iterator[Html]:
    start, end = place.span.start.line, min(place.span.end.line, len(lines))
    around = range(max(1, start - before), min(len(lines), end + after) + 1)
    filled = [number for number in around if lines[number - 1].strip() or start <= number <= end]
    reach = range(filled[0], filled[-1] + 1)
    margin = min((_indent(lines[number - 1]) for number in reach if lines[number - 1].strip()), default=0)
    for number in reach:
        if end - start >= LONGEST and start + LONGEST // 2 <= number <= end - LONGEST // 2:
            if number == start + LONGEST // 2:
                yield tag("span", "", class_="line left-out", data_number="\u22ef")
            continue
        yield tag("span", *_marked(lines[number - 1], number, place, margin), class_="line", data_number=number)


def _marked(line: str, number: int, place: Place, margin: int) -> Iterator[Html]:
    """The line without its margin, cut into what is before the mark, the mark, and what is behind it."""
    span = place.span
    first = span.start.column - 1 if number == span.start.line else _indent(line)
    last = span.end.column - 1 if number == span.end.line else len(line)
    if not span.start.line <= number <= span.end.line or first >= last:
        first = last = len(line)
    yield markup(_expanded(line[min(margin, first) : first]))
    if first < last:
        yield tag("mark", _expanded(line[first:last]))
    yield markup(_expanded(line[last:]))


def _expanded(text: str) -> str:
    told = text.replace("\t", "    ")
    return told if len(told) <= WIDEST else f"{told[: WIDEST - 1]}\u2026"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
