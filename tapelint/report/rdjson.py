"""The diagnostic format of reviewdog, which makes review comments of it, and of fixes suggestions to accept."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tapelint.catalog import named
from tapelint.finding import Finding, Severity
from tapelint.report.address import shown
from tapelint.report.columns import units_before
from tapelint.report.ink import whole
from tapelint.report.prose import paragraphs
from tapelint.report.reference import REPOSITORY, page
from tapelint.report.suggestion import single
from tapelint.report.testimony import weight
from tapelint.report.whereabouts import stretch
from tapelint.run.outcome import Outcome
from tapelint.source.span import Position, Span

_SEVERITIES: Mapping[Severity, str] = {
    "error": "ERROR",
    "warning": "WARNING",
    "info": "INFO",
    "off": "UNKNOWN_SEVERITY",
}


def render(outcome: Outcome) -> str:
    result = {
        "source": {"name": "tapelint", "url": REPOSITORY},
        "diagnostics": [_diagnostic(finding, outcome) for finding in outcome.findings],
    }
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(finding: Finding, outcome: Outcome) -> dict[str, Any]:
    rule, place = named(finding.rule), finding.place
    document = outcome.documents.get(place.path)
    lines = document.lines_of(place.cell) if document else ()
    there = stretch(place, outcome.documents)
    *told, _ = paragraphs(finding)
    # Without columns, lines are meant as a whole.
    where = _range(there.span, lines) if there.span else {"start": {"line": there.first}, "end": {"line": there.last}}
    return {
        "message": "\n".join(told),
        "location": {"path": whole(shown(place.path)), "range": where},
        "severity": _SEVERITIES[weight(finding)],
        "code": {"value": rule.code, "url": page(rule)},
        **_suggestions(finding, lines),
    }


def _suggestions(finding: Finding, lines: Sequence[str]) -> dict[str, Any]:
    """The fix, which for a cell of a notebook is none of the file."""
    edit = single(finding.fix, lines) if finding.fix and not finding.place.cell else None
    return {"suggestions": [{"range": _range(edit.span, lines), "text": edit.text}]} if edit else {}


def _range(span: Span, lines: Sequence[str]) -> dict[str, Any]:
    return {"start": _position(span.start, lines), "end": _position(span.end, lines)}


def _position(position: Position, lines: Sequence[str]) -> dict[str, int]:
    """The position, whose column counts bytes."""
    return {"line": position.line, "column": units_before(lines, position, "utf-8") + 1}
