"""The part of the page about the run itself: its warnings, what was kept from it, and what it said."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tapelint.finding import Place
from tapelint.record import Exceptional, Record, Site
from tapelint.report.html.code import excerpt
from tapelint.report.html.markup import Content, Html, joined, markup, prose, tag
from tapelint.report.html.tables import more, table
from tapelint.report.html.wording import NOTHING, place, times
from tapelint.run.outcome import Outcome
from tapelint.source.span import Position, Span

MOST_OUTPUT = 4000
"""Characters of what the script said that are kept; they are the last ones."""

MOST_ROWS = 100

MOST_WORDS = 300
"""Characters of a warning that are shown."""


def failure(outcome: Outcome, record: Record) -> Html | None:
    """The exception that ended the run, and the line that it came up on."""
    return _exception(outcome, record.exception, record.script) if record.exception is not None else None


def surroundings(record: Record) -> Html:
    """Warnings, denials, replacements, the confinement, and the output of the script."""
    return joined(
        tag("h3", "Surroundings"),
        *_tables(record),
        *(tag("p", f"The probe did not see everything: {trouble}", class_="quiet") for trouble in record.troubles),
        tag("p", f"There was too much to keep of {', '.join(record.cut)}.", class_="quiet") if record.cut else None,
        _output("What the script said", record.stdout),
        _output("What it said on standard error", record.stderr),
    )


def _exception(outcome: Outcome, exception: Exceptional, script: str) -> Html:
    where = exception.where
    told = tag("p", tag("strong", exception.kind), joined(" on ", place(where, script)) if where else None)
    code = excerpt(outcome, _place(where)) if where else None
    return tag("div", told, tag("pre", _lines(exception.message), tabindex=0), code, class_="failure", role="note")


def _place(where: Site) -> Place:
    span = Span(Position(where.line, where.column), Position(where.end_line, where.end_column))
    return Place(Path(where.path), span, where.cell)


def _tables(record: Record) -> Iterator[Html]:
    if record.warnings:
        rows = [
            [prose(_line(each.text)), each.category, place(each.where, record.script), times(each.times)]
            for each in record.warnings
        ]
        yield _most("Warnings", ("warning", "category", "line", "came"), rows, "warning")
    if record.denials:
        denied = [
            [each.target, each.action, place(each.where, record.script), times(each.times)] for each in record.denials
        ]
        tried = ("target", "action", "line", "tried")
        yield _most("What the script tried and was not allowed to do", tried, denied, "attempt")
    if record.replacements:
        replaced = [[tag("code", each.what), each.by, place(each.where, record.script)] for each in record.replacements]
        given = ("asked for", "given", "line")
        yield _most("What the probe put in the place of something", given, replaced, "replacement")
    guards = [[each.name, "in force" if each.active else "missing", each.detail or NOTHING] for each in record.guards]
    if guards:
        drawn = table("How the script was confined", ("guard", "state", "how"), guards)
        missing = any(not each.active for each in record.guards)
        yield tag("details", tag("summary", "Confinement"), drawn, open="open" if missing else None)


def _most(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Content]], noun: str) -> Html:
    return joined(table(caption, heads, rows[:MOST_ROWS]), more(len(rows) - MOST_ROWS, noun))


def _output(title: str, text: str) -> Html | None:
    if not text.strip():
        return None
    kept = text[-MOST_OUTPUT:]
    lead = tag("p", f"The last {MOST_OUTPUT:,} characters.", class_="quiet") if len(text) > MOST_OUTPUT else None
    return tag("details", tag("summary", title), lead, tag("pre", _lines(kept), tabindex=0))


def _line(text: str) -> str:
    """The beginning of a text, in one line."""
    told = " ".join(text.split())
    return told if len(told) <= MOST_WORDS else f"{told[: MOST_WORDS - 1]}\u2026"


def _lines(text: str) -> Html:
    return Html("\n".join(markup(line) for line in text.rstrip().splitlines()))
