"""The report for programs: JSON of a stable shape, versioned, with 1-based lines and columns in code points."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tapelint.catalog import named
from tapelint.finding import Finding, Fix, TrailStep
from tapelint.record import Record
from tapelint.report.address import shown
from tapelint.report.fingerprint import fingerprints
from tapelint.report.html.runs import Run
from tapelint.report.reference import is_static, page
from tapelint.run.outcome import Outcome
from tapelint.source.span import Position

VERSION = 1


def render(outcome: Outcome, runs: Sequence[Run] = ()) -> str:
    """The report; the runs that findings were put to the test in are named with how they ended, and what they took."""
    report = {
        "version": VERSION,
        "findings": list(findings(outcome)),
        "summary": _summary(outcome),
        **({"runs": [_run(record) for run in runs for record in run.records]} if runs else {}),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def findings(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The findings, each as the object that stands for it in JSON."""
    return map(_finding, outcome.findings, fingerprints(outcome))


def _finding(finding: Finding, fingerprint: str) -> dict[str, Any]:
    rule = named(finding.rule)
    verdict = finding.verdict
    return {
        "rule": rule.name,
        "code": rule.code,
        "severity": finding.severity,
        "confidence": rule.precision,
        "message": finding.message,
        "path": shown(finding.place.path),
        "cell": finding.place.cell,
        "start": _position(finding.place.span.start),
        "end": _position(finding.place.span.end),
        "trail": [_step(step, finding) for step in finding.trail],
        "evidence": {
            "static": is_static(rule),
            "probe": {"verdict": verdict.kind, "detail": verdict.detail} if verdict else None,
        },
        "fix": _fix(finding.fix) if finding.fix else None,
        "url": page(rule),
        "fingerprint": fingerprint,
    }


def _step(step: TrailStep, finding: Finding) -> dict[str, Any]:
    """A step; the file is named only where it is not the finding's own, the cell in every notebook."""
    elsewhere = step.place.path != finding.place.path
    return {
        **({"path": shown(step.place.path)} if elsewhere else {}),
        **({"cell": step.place.cell} if step.place.cell else {}),
        **_position(step.place.span.start),
        "message": step.message,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [
        {"start": _position(edit.span.start), "end": _position(edit.span.end), "text": edit.text} for edit in fix.edits
    ]
    return {"title": fix.title, "safety": fix.safety, "edits": edits}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}


def _reasons(files: Mapping[Path, str]) -> list[dict[str, str]]:
    return [{"path": shown(path), "reason": reason} for path, reason in files.items()]


def _run(record: Record) -> dict[str, Any]:
    return {
        "path": shown(Path(record.script)),
        "graph": record.graph,
        "end": record.end,
        "detail": record.detail,
        "updates": record.updates,
        "seconds": record.seconds,
        "importing": record.importing,
        "running": record.running,
    }


def _summary(outcome: Outcome) -> dict[str, Any]:
    severities = Counter(finding.severity for finding in outcome.findings)
    return {
        "files": outcome.files,
        "errors": severities["error"],
        "warnings": severities["warning"],
        "infos": severities["info"],
        "suppressed": outcome.suppressed,
        "known": outcome.known,
        "skipped": _reasons(outcome.skipped),
        "failures": _reasons(outcome.failures),
        "crashes": [
            {
                "path": shown(crash.path),
                "error": crash.error,
                "traceback": crash.traceback,
                "culprit": crash.culprit,
            }
            for crash in outcome.crashes
        ],
    }
