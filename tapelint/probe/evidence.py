"""What running the scripts says about the findings in them."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from tapelint.catalog import named
from tapelint.finding import Finding, Place, Verdict
from tapelint.probe import verdict
from tapelint.probe.observations import LATE, OF_GRAPHS
from tapelint.record import Record
from tapelint.run.admit import admit_more
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import pointed_into
from tapelint.run.outcome import Outcome
from tapelint.run.script import why_not_run
from tapelint.source.disk import Files
from tapelint.source.document import Document

DECIDED = ("confirmed", "refuted")


class Run(Protocol):
    """Runs a script under observation: compiled with `graph`, and for longer with `patient`, if its steps are quick."""

    def __call__(self, script: Path, *, graph: bool, patient: bool) -> Record: ...


class Evidence:
    """The findings of the linter, and what the records of programs say about each of them.

    Findings in files that others import are judged by what the scripts made of those files.
    """

    def __init__(self, outcome: Outcome) -> None:
        suspects = dict.fromkeys(finding.place.path for finding in outcome.findings if _can_be_tested(finding))
        self.interrupted = False
        self.records: dict[Path, Record] = {}
        self.compiled: dict[Path, Record] = {}
        self._outcome = outcome
        self._reasons = {path: _why_not_run(outcome, path) for path in suspects}
        self._judged = {_key(finding): self._before_any_run(finding) for finding in outcome.findings}
        self._seen_by_running: dict[tuple[str, Place], Finding] = {}

    @property
    def scripts(self) -> list[Path]:
        """The files with findings that running them can test."""
        return [path for path, reason in self._reasons.items() if reason is None]

    def hear(self, script: Path, record: Record) -> None:
        """Takes in what happened when a script was run."""
        self.interrupted = record.end == "interrupted"
        self.records[script] = record
        concerned = [finding for finding in self._outcome.findings if self._concerns(finding, script)]
        for finding in verdict.judge(concerned, record):
            key = _key(finding)
            if key not in self._judged:
                self._seen_by_running[key] = finding
            elif finding.place.path == script or (finding.verdict and finding.verdict.kind in DECIDED):
                self._judged[key] = finding

    def gather(self, script: Path, run: Run, *, thorough: bool = False) -> None:
        """Runs a script and hears what happened.

        What compiles anything is run a second time, compiled, where a finding shows only then; if `thorough`, always.
        """
        patient = self.wants_patience(script)
        record = run(script, graph=False, patient=patient)
        self.hear(script, record)
        again = self.wants_graphs(script) or (thorough and record.functions)
        if again and not self.interrupted:
            self.hear_compiled(script, run(script, graph=True, patient=patient))

    def wants_graphs(self, script: Path) -> bool:
        """Whether some finding that the script concerns shows only where functions are compiled."""
        return any(_shows_in_graphs(finding) for finding in self._outcome.findings if self._concerns(finding, script))

    def wants_patience(self, script: Path) -> bool:
        """Whether some finding that the script concerns shows only after many steps."""
        return any(_shows_late(finding) for finding in self._outcome.findings if self._concerns(finding, script))

    def hear_compiled(self, script: Path, record: Record) -> None:
        """Takes in what happened when a script was run once more, with its functions compiled."""
        self.interrupted = record.end == "interrupted"
        self.compiled[script] = record
        concerned = [finding for finding in self._outcome.findings if self._concerns(finding, script)]
        for finding in verdict.judge([finding for finding in concerned if _shows_in_graphs(finding)], record):
            if _key(finding) in self._judged and _shows_in_graphs(finding):
                self._judged[_key(finding)] = finding

    def outcome(self, hierarchy: Hierarchy) -> Outcome:
        """The outcome with the verdicts, and with what only running has shown, as far as the settings admit it."""
        documents = dict(self._outcome.documents)
        added: list[Finding] = []
        suppressed = self._outcome.suppressed
        for path, findings in _by_path(self._seen_by_running.values()):
            document = documents.get(path) or Files().load(path)
            admission = admit_more(path, document, findings, hierarchy.at(path.parent))
            added += admission.findings
            suppressed += admission.suppressed
        every = (*self._judged.values(), *added)
        shown = {**pointed_into(every, documents), **self._broken(documents)}
        outcome = dataclasses.replace(self._outcome, suppressed=suppressed, documents=shown)
        return outcome.with_findings(every)

    def _broken(self, documents: Mapping[Path, Document]) -> dict[Path, Document]:
        """The files in which an exception ended a run."""
        errors = [record.exception for record in self.records.values() if record.exception is not None]
        paths = {Path(error.where.path) for error in errors if error.where is not None}
        known = {path: documents.get(path) or Files().load(path) for path in sorted(paths)}
        return {path: document for path, document in known.items() if document is not None}

    def _concerns(self, finding: Finding, script: Path) -> bool:
        path = finding.place.path
        return path == script or self._reasons.get(path) is not None

    def _before_any_run(self, finding: Finding) -> Finding:
        if not _can_be_tested(finding):
            return finding
        reason = self._reasons[finding.place.path] or "the script was not run: somebody interrupted the probe"
        return dataclasses.replace(finding, verdict=Verdict("unable", reason))


def _key(finding: Finding) -> tuple[str, Place]:
    return finding.rule, finding.place


def _by_path(findings: Iterable[Finding]) -> Iterator[tuple[Path, list[Finding]]]:
    grouped: dict[Path, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.place.path, []).append(finding)
    yield from grouped.items()


def _can_be_tested(finding: Finding) -> bool:
    return named(finding.rule).probe is not None


def _shows_in_graphs(finding: Finding) -> bool:
    return named(finding.rule).probe in OF_GRAPHS


def _shows_late(finding: Finding) -> bool:
    return named(finding.rule).probe in LATE


def _why_not_run(outcome: Outcome, path: Path) -> str | None:
    document = outcome.documents.get(path)
    return why_not_run(document) if document else "this file is not text"
