"""Findings as SARIF has them: results with code flows, fixes and fingerprints."""

import re
from collections.abc import Mapping
from typing import Any

from tapelint.catalog import named
from tapelint.finding import Finding, Fix
from tapelint.report.sarif.places import Documents, artifact, lines_of, location, region
from tapelint.report.sarif.rules import LEVELS
from tapelint.report.testimony import is_refuted, statement, told, weight
from tapelint.source.edit import Edit
from tapelint.source.lines import Lines
from tapelint.source.span import Position

_FINGERPRINT = "tapelint/v1"
_LINK = re.compile(r"\[(?=[^][]*\]\()")


def result(finding: Finding, fingerprint: str, rules: Mapping[str, int], documents: Documents) -> dict[str, Any]:
    """The finding; `rules` says where in the list of rules its rule is."""
    steps = [location(step.place, documents, step.message) for step in finding.trail]
    return {
        "ruleId": named(finding.rule).code,
        "ruleIndex": rules[finding.rule],
        "level": LEVELS[weight(finding)],
        "message": {"text": _unlinked(statement(finding))},
        "locations": [location(finding.place, documents)],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        **({"codeFlows": [_flow(steps)], "relatedLocations": _numbered(steps)} if steps else {}),
        # An edit of a notebook is one of its cell's text, of which the file has only a spelling in JSON.
        **({"fixes": [_fix(finding.fix, finding, documents)]} if finding.fix and not finding.place.cell else {}),
        **({"suppressions": [_refutation(finding)]} if is_refuted(finding) else {}),
        "properties": _properties(finding),
    }


def _unlinked(text: str) -> str:
    """The text without what SARIF takes for links in it: `[here](there)`."""
    return _LINK.sub(r"\\[", text)


def _flow(steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {"threadFlows": [{"locations": [{"location": step} for step in steps]}]}


def _numbered(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": number, **step} for number, step in enumerate(steps, start=1)]


def _fix(fix: Fix, finding: Finding, documents: Documents) -> dict[str, Any]:
    document = documents.get(finding.place.path)
    end = Lines(document.text).end if document and not document.parts else "\n"
    lines = lines_of(finding.place.path, documents)
    replacements = [_replacement(edit, lines, end) for edit in fix.edits]
    change = {"artifactLocation": artifact(finding.place.path), "replacements": replacements}
    return {
        "description": {"text": f"{fix.title} ({fix.safety})"},
        "artifactChanges": [change],
        "properties": {"safety": fix.safety},
    }


def _replacement(edit: Edit, lines: tuple[str, ...], end: str) -> dict[str, Any]:
    """The edit, whose new lines end as those of the file do."""
    return {
        "deletedRegion": region(edit.span, lines),
        **({"insertedContent": {"text": edit.text.replace("\n", end)}} if edit.text else {}),
    }


def _refutation(finding: Finding) -> dict[str, str]:
    justification = told(finding.verdict) if finding.verdict else ""
    return {"kind": "external", "status": "accepted", "justification": justification}


def _properties(finding: Finding) -> dict[str, Any]:
    verdict, place = finding.verdict, finding.place
    in_cell = {"cell": place.cell, "start": _position(place.span.start), "end": _position(place.span.end)}
    return {
        "confidence": named(finding.rule).precision,
        **({"probe": {"verdict": verdict.kind, "detail": verdict.detail}} if verdict else {}),
        **(in_cell if place.cell else {}),
        **({"fix": finding.fix.title} if finding.fix and place.cell else {}),
    }


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}
