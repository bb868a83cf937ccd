"""The log: one run, with the rules that were broken, the findings, and what could not be linted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tapelint import __version__
from tapelint.catalog import named
from tapelint.report.fingerprint import fingerprints
from tapelint.report.reference import REPOSITORY
from tapelint.report.sarif.places import artifact, bases
from tapelint.report.sarif.results import result
from tapelint.report.sarif.rules import descriptor
from tapelint.run.outcome import Crash, Outcome

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(outcome: Outcome) -> str:
    broken = sorted({finding.rule for finding in outcome.findings}, key=lambda name: named(name).code)
    rules = {name: index for index, name in enumerate(broken)}
    pairs = zip(outcome.findings, fingerprints(outcome), strict=True)
    run = {
        "tool": {
            "driver": {
                "name": "tapelint",
                "version": __version__,
                "informationUri": REPOSITORY,
                "rules": [descriptor(named(name)) for name in broken],
            }
        },
        "invocations": [_invocation(outcome)],
        "originalUriBaseIds": bases(),
        "columnKind": "utf16CodeUnits",
        "results": [result(finding, fingerprint, rules, outcome.documents) for finding, fingerprint in pairs],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _invocation(outcome: Outcome) -> dict[str, Any]:
    notifications = list(_notifications(outcome))
    return {
        "executionSuccessful": outcome.complete,
        **({"toolExecutionNotifications": notifications} if notifications else {}),
    }


def _notifications(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """What is to be said about files that were not linted."""
    for path, reason in outcome.skipped.items():
        yield _notification(path, "note", f"skipped: {reason}")
    for path, reason in outcome.failures.items():
        yield _notification(path, "error", reason)
    for crash in outcome.crashes:
        told = f"{crash.culprit} crashed on this file, please report it: {crash.error}"
        yield {**_notification(crash.path, "error", told), "exception": _exception(crash)}


def _notification(path: Path, level: str, text: str) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": artifact(path)}}
    return {"level": level, "message": {"text": text}, "locations": [place]}


def _exception(crash: Crash) -> dict[str, Any]:
    kind, _, message = crash.error.partition(": ")
    return {"kind": kind, "message": message, "properties": {"traceback": crash.traceback}}
