"""What running the scripts says about the findings in them."""

import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tapelint.catalog import named
from tapelint.cli.guard import tell
from tapelint.finding import Finding, Place, Verdict
from tapelint.record import Record
from tapelint.report.address import shown
from tapelint.run.admit import admit_more
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import pointed_into
from tapelint.run.outcome import Outcome
from tapelint.run.script import why_not_run
from tapelint.source.disk import load

DECIDED = ("confirmed", "refuted")


def probed(outcome: Outcome, hierarchy: Hierarchy, *, steps: int, seconds: float, quiet: bool) -> Outcome:
    """The outcome after every script with a finding that can be tested has been run for a few steps.

    Findings in files that others import are judged by what the scripts made of those files.
    """
    suspects = dict.fromkeys(finding.place.path for finding in outcome.findings if _can_be_tested(finding))
    reasons = {path: _why_not_run(outcome, path) for path in suspects}
    evidence = Evidence(outcome, reasons)
    for path, reason in reasons.items():
        if reason is None:
            if sys.stderr.isatty() and not quiet:
                tell(f"running {shown(path)} for {steps} steps, at most {seconds:g} seconds")
            evidence.hear(path, run(path, (), steps=steps, seconds=seconds))
    return evidence.outcome(hierarchy)


def run(script: Path, arguments: Sequence[str], *, steps: int, seconds: float) -> Record:
    """The record of a script that was run under observation."""
    from tapelint.probe import launch

    return launch.run(script, arguments=tuple(arguments), steps=steps, seconds=seconds)


class Evidence:
    """The findings of a run of the linter, and what the records of the programs say about each of them.

    `reasons` tells for each file with testable findings why it cannot be run itself, or None if it can.
    """

    def __init__(self, outcome: Outcome, reasons: dict[Path, str | None]) -> None:
        self._outcome = outcome
        self._reasons = reasons
        self._judged = {_key(finding): self._before_any_run(finding) for finding in outcome.findings}
        self._seen_by_running: dict[tuple[str, Place], Finding] = {}

    def hear(self, script: Path, record: Record) -> None:
        """Takes in what happened when a script was run."""
        from tapelint.probe.verdict import judge

        concerned = [finding for finding in self._outcome.findings if self._concerns(finding, script)]
        for finding in judge(concerned, record):
            key = _key(finding)
            if key not in self._judged:
                self._seen_by_running[key] = finding
            elif finding.place.path == script or (finding.verdict and finding.verdict.kind in DECIDED):
                self._judged[key] = finding

    def outcome(self, hierarchy: Hierarchy) -> Outcome:
        """The outcome with the verdicts, and with what only running has shown, as far as the settings admit it."""
        documents = dict(self._outcome.documents)
        added: list[Finding] = []
        suppressed = self._outcome.suppressed
        for path, findings in _by_path(self._seen_by_running.values()):
            document = documents.get(path) or load(path)
            admission = admit_more(path, document, findings, hierarchy.at(path.parent))
            added += admission.findings
            suppressed += admission.suppressed
        every = (*self._judged.values(), *added)
        outcome = dataclasses.replace(self._outcome, suppressed=suppressed, documents=pointed_into(every, documents))
        return outcome.with_findings(every)

    def _concerns(self, finding: Finding, script: Path) -> bool:
        path = finding.place.path
        return path == script or self._reasons.get(path) is not None

    def _before_any_run(self, finding: Finding) -> Finding:
        reason = self._reasons.get(finding.place.path)
        if reason and _can_be_tested(finding):
            return dataclasses.replace(finding, verdict=Verdict("unable", reason))
        return finding


def _key(finding: Finding) -> tuple[str, Place]:
    return finding.rule, finding.place


def _by_path(findings: Iterable[Finding]) -> Iterator[tuple[Path, list[Finding]]]:
    grouped: dict[Path, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.place.path, []).append(finding)
    yield from grouped.items()


def _can_be_tested(finding: Finding) -> bool:
    return named(finding.rule).probe is not None


def _why_not_run(outcome: Outcome, path: Path) -> str | None:
    document = outcome.documents.get(path)
    return why_not_run(document) if document else "this file is not text"
