"""GitLab's code quality report, which merge requests show what is new of."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tapelint.catalog import named
from tapelint.finding import Finding, Place, Severity
from tapelint.report.checkout import root, within
from tapelint.report.fingerprint import fingerprints
from tapelint.report.ink import defuse, whole
from tapelint.report.testimony import told, weight
from tapelint.report.whereabouts import stretch
from tapelint.run.outcome import Outcome
from tapelint.source.span import Position

_SEVERITIES: Mapping[Severity, str] = {"error": "major", "warning": "minor", "info": "info", "off": "info"}
_PROVED = "critical"


def render(outcome: Outcome, environment: Mapping[str, str] = os.environ) -> str:
    """The report, with paths that count from the checkout, which the environment names."""
    base = root("CI_PROJECT_DIR", environment)
    pairs = zip(outcome.findings, fingerprints(outcome), strict=True)
    issues = [_issue(finding, fingerprint, outcome, base) for finding, fingerprint in pairs]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issue(finding: Finding, fingerprint: str, outcome: Outcome, base: Path) -> dict[str, Any]:
    where = {"path": whole(within(finding.place.path, base)), **_lines(finding.place, outcome)}
    return {
        "description": _description(finding),
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": _severity(finding),
        "location": where,
    }


def _description(finding: Finding) -> str:
    """All that GitLab shows of a finding, in one line."""
    where = f"cell {finding.place.cell}, line {finding.place.span.start.line}: " if finding.place.cell else ""
    verdict = f" ({told(finding.verdict)})" if finding.verdict else ""
    return defuse(f"{named(finding.rule).code}: {where}{finding.message}{verdict}")


def _severity(finding: Finding) -> str:
    """GitLab has two levels more: an error that running has confirmed is worse than one that may never be met."""
    level = weight(finding)
    proved = finding.verdict is not None and finding.verdict.kind == "confirmed"
    return _PROVED if level == "error" and proved else _SEVERITIES[level]


def _lines(place: Place, outcome: Outcome) -> dict[str, Any]:
    there = stretch(place, outcome.documents)
    if there.span is None:
        return {"lines": {"begin": there.first, "end": there.last}}
    return {"positions": {"begin": _position(there.span.start), "end": _position(there.span.end)}}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}
