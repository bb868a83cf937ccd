"""The report for editors that run a command: what a language server would publish, a set of diagnostics for each file.

Each set is a `PublishDiagnosticsParams` of the Language Server Protocol. Lines are 0-based and columns count UTF-16
code units, as a client expects that negotiated nothing else. To the protocol every cell of a notebook is a document by
itself: its set has the notebook's URI with a fragment such as `cell3`.
"""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from tapelint.catalog import Rule, named
from tapelint.finding import Finding, Place, Severity
from tapelint.report.address import uri
from tapelint.report.fingerprint import fingerprints
from tapelint.report.reference import page
from tapelint.run.outcome import Outcome
from tapelint.source.span import Position

_SEVERITIES: dict[Severity, int] = {"error": 1, "warning": 2, "info": 3, "off": 4}
_UNNECESSARY, _DEPRECATED = 1, 2
_NEEDLESS = frozenset({"unused-suppression"})


def render(outcome: Outcome) -> str:
    pairs = zip(outcome.findings, fingerprints(outcome), strict=True)
    params = [
        {"uri": address, "diagnostics": [_diagnostic(outcome, *pair) for pair in group]}
        for address, group in itertools.groupby(pairs, key=lambda pair: uri(pair[0].place))
    ]
    return json.dumps(params, indent=2, ensure_ascii=False) + "\n"


def _diagnostic(outcome: Outcome, finding: Finding, fingerprint: str) -> dict[str, Any]:
    rule = named(finding.rule)
    return {
        "range": _range(outcome, finding.place),
        "severity": _SEVERITIES[finding.severity],
        "code": rule.code,
        "codeDescription": {"href": page(rule)},
        "source": "tapelint",
        "message": _message(finding),
        "tags": _tags(rule),
        "relatedInformation": [
            {
                "location": {"uri": uri(step.place), "range": _range(outcome, step.place)},
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


def _range(outcome: Outcome, place: Place) -> dict[str, Any]:
    document = outcome.documents.get(place.path)
    lines = document.lines_of(place.cell) if document else ()
    return {"start": _position(lines, place.span.start), "end": _position(lines, place.span.end)}


def _position(lines: Sequence[str], position: Position) -> dict[str, int]:
    before = position.column - 1
    if position.line <= len(lines):
        before = len(lines[position.line - 1][:before].encode("utf-16-le", "surrogatepass")) // 2
    return {"line": position.line - 1, "character": before}
