"""The part of the page about the run itself: its warnings, what was kept from it, and what it said."""

from collections.abc import Iterator

from tapelint.record import Exceptional, Record
from tapelint.report.html.markup import Html, joined, markup, prose, tag
from tapelint.report.html.tables import table
from tapelint.report.html.wording import NOTHING, place, times

MOST_OUTPUT = 4000
"""Characters of what the script said that are kept; they are the last ones."""

MOST_ROWS = 100

MOST_WORDS = 300
"""Characters of a warning that are shown."""


def failure(record: Record) -> Html | None:
    """The exception that ended the run."""
    return _exception(record.exception, record.script) if record.exception is not None else None


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


def _exception(exception: Exceptional, script: str) -> Html:
    where = joined(" on ", place(exception.where, script)) if exception.where else None
    told = tag("p", tag("strong", exception.kind), where)
    return tag("div", told, tag("pre", _lines(exception.message), tabindex=0), class_="failure", role="note")


def _tables(record: Record) -> Iterator[Html]:
    if record.warnings:
        rows = [
            [
                prose(" ".join(each.text.split())[:300]),
                each.category,
                place(each.where, record.script),
                times(each.times),
            ]
            for each in record.warnings[:MOST_ROWS]
        ]
        yield table("Warnings", ("warning", "category", "line", "came"), rows)
    if record.denials:
        denied = [[each.target, each.action, place(each.where, record.script)] for each in record.denials[:MOST_ROWS]]
        yield table("What the script tried and was not allowed to do", ("target", "action", "line"), denied)
    if record.replacements:
        replaced = [
            [tag("code", each.what), each.by, place(each.where, record.script)]
            for each in record.replacements[:MOST_ROWS]
        ]
        yield table("What the probe put in the place of something", ("asked for", "given", "line"), replaced)
    guards = [[each.name, "in force" if each.active else "missing", each.detail or NOTHING] for each in record.guards]
    if guards:
        drawn = table("How the script was confined", ("guard", "state", "how"), guards)
        missing = any(not each.active for each in record.guards)
        yield tag("details", tag("summary", "Confinement"), drawn, open="open" if missing else None)


def _output(title: str, text: str) -> Html | None:
    if not text.strip():
        return None
    kept = text[-MOST_OUTPUT:]
    lead = tag("p", f"The last {MOST_OUTPUT:,} characters.", class_="quiet") if len(text) > MOST_OUTPUT else None
    return tag("details", tag("summary", title), lead, tag("pre", _lines(kept), tabindex=0))


def _line(text: str) -> str:
    """The beginning of a text, in one line."""
    return " ".join(text.split())[:MOST_WORDS]


def _lines(text: str) -> Html:
    return Html("\n".join(markup(line) for line in text.rstrip().splitlines()))
