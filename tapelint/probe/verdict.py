"""Where findings and a Record meet: each finding gets its verdict, and what only the run has shown is added."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from tapelint.catalog import find
from tapelint.finding import Finding, Verdict
from tapelint.probe.discoveries import discoveries
from tapelint.probe.observations import OBSERVATIONS, OF_GRAPHS
from tapelint.probe.scene import Scene
from tapelint.record import Record


def judge(findings: Sequence[Finding], record: Record, script: Path | None = None) -> list[Finding]:
    """The findings with what the run says about each, and the findings of the run itself.

    `script` is the path by which findings name the script, if not as the record does. What the run contradicts is
    lowered to info. A finding whose rule names no observation is left as it is.
    """
    judged = [_judged(finding, record) for finding in findings]
    return [*judged, *discoveries(judged, record, script or Path(record.script))]


def _judged(finding: Finding, record: Record) -> Finding:
    verdict = verdict_on(finding, record)
    if verdict is None:
        return finding
    if verdict.kind != "refuted" or finding.severity in ("info", "off"):
        return dataclasses.replace(finding, verdict=verdict)
    lowered = Verdict("refuted", f"{verdict.detail}; lowered to info")
    return dataclasses.replace(finding, verdict=lowered, severity="info")


def verdict_on(finding: Finding, record: Record) -> Verdict | None:
    """What the run says about a finding; None where its rule names nothing that could be observed."""
    rule = find(finding.rule)
    if rule is None or rule.probe is None:
        return None
    if record.end == "unstarted":
        return Verdict("unable", f"the script did not run: {record.detail}")
    observe = OBSERVATIONS.get(rule.probe)
    if observe is None:
        return Verdict("unable", f"this tapelint knows no observation `{rule.probe}`")
    if rule.probe in OF_GRAPHS and not record.graph:
        return Verdict("unable", "it shows only where functions are compiled, and here they ran eagerly")
    return observe(Scene(finding, record))
