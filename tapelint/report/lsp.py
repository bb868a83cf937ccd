"""The report for editors that run a command: what a language server would publish, a set of diagnostics for each file.

Each set is a `PublishDiagnosticsParams` of the Language Server Protocol. Lines are 0-based and columns count UTF-16
code units, as a client expects that negotiated nothing else. To the protocol every cell of a notebook is a document by
itself: its set has the notebook's URI with a fragment such as `cell3`.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tapelint.catalog import Rule, named
from tapelint.finding import Finding, Place, Severity
from tapelint.report.address import uri
from tapelint.report.fingerprint import fingerprints
from tapelint.report.reference import page
from tapelint.run.outcome import Outcome
from tapelint.source.document import Document
from tapelint.source.span import Position

_SEVERITIES: dict[Severity, int] = {"error": 1, "warning": 2, "info": 3, "off": 4}
_UNNECESSARY, _DEPRECATED = 1, 2
_NEEDLESS = frozenset({"unused-suppression"})


def utf16(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Convention:
    """What a client and whoever tells it something have agreed on: how columns count, and how a document is named."""

    length: Callable[[str], int] = utf16
    address: Callable[[Place], str] = uri


def render(outcome: Outcome) -> str:
    params = [
        {"uri": address, "diagnostics": [diagnostic for _, diagnostic in group]}
        for address, group in itertools.groupby(diagnostics(outcome), key=lambda pair: uri(pair[0].place))
    ]
    return json.dumps(params, indent=2, ensure_ascii=False) + "\n"


def diagnostics(outcome: Outcome, convention: Convention | None = None) -> Iterator[tuple[Finding, dict[str, Any]]]:
    """The findings, in order, and with each of them the `Diagnostic` of the protocol that tells it."""
    agreed = convention or Convention()
    for finding, fingerprint in zip(outcome.findings, fingerprints(outcome), strict=True):
        yield finding, _diagnostic(outcome, finding, fingerprint, agreed)


def _diagnostic(outcome: Outcome, finding: Finding, fingerprint: str, convention: Convention) -> dict[str, Any]:
    rule = named(finding.rule)
    return {
        "range": extent(outcome.documents.get(finding.place.path), finding.place, convention),
        "severity": _SEVERITIES[finding.severity],
        "code": rule.code,
        "codeDescription": {"href": page(rule)},
        "source": "tapelint",
        "message": _message(finding),
        "tags": _tags(rule),
        "relatedInformation": [
            {
                "location": {
                    "uri": convention.address(step.place),
                    "range": extent(outcome.documents.get(step.place.path), step.place, convention),
                },
                "message": f"{number}. {step.message}",
            }
            for number, step in enumerate(finding.trail, start=1)
        ],
        "data": {"rule": rule.name, "fingerprint": fingerprint},
    }


def _message(finding: Finding) -> str:
    told = f"{finding.message} [{finding.rule}]"
    if finding.verdict:
        told += f"\n{finding.verdict.kind} by the probe: {finding.verdict.detail}"
    return told


def _tags(rule: Rule) -> list[int]:
    if rule.name in _NEEDLESS:
        return [_UNNECESSARY]
    return [_DEPRECATED] if rule.category == "migration" else []


def extent(document: Document | None, place: Place, convention: Convention) -> dict[str, Any]:
    """The `Range` of the protocol that a place in a document is."""
    lines = document.lines_of(place.cell) if document else ()
    span = place.span
    return {"start": _position(lines, span.start, convention), "end": _position(lines, span.end, convention)}


def _position(lines: Sequence[str], position: Position, convention: Convention) -> dict[str, int]:
    before = position.column - 1
    if position.line <= len(lines):
        before = convention.length(lines[position.line - 1][:before])
    return {"line": position.line - 1, "character": before}
