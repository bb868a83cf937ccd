"""What running the scripts says about the findings in them."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tapelint.catalog import named
from tapelint.cli.progress import Screen, screening
from tapelint.finding import Finding, Place, Verdict
from tapelint.run.admit import admit_more
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import pointed_into
from tapelint.run.outcome import Outcome
from tapelint.run.script import why_not_run
from tapelint.source.disk import Files

if TYPE_CHECKING:
    from tapelint.probe.nursery import Nursery
    from tapelint.record import Record
    from tapelint.report.html.runs import Run

DECIDED = ("confirmed", "refuted")


@dataclasses.dataclass(frozen=True)
class Trial:
    """How scripts are run: until so many updates, at most so many seconds, with or without a sign of life.

    `loss` names the one that their steps are meant to have, where they compute one of their own.
    """

    steps: int
    seconds: float
    quiet: bool = False
    loss: str = ""

    def run(
        self,
        script: Path,
        arguments: Iterable[str],
        nursery: "Nursery | None",
        screen: Screen | None,
        *,
        graph: bool = False,
        patient: bool = False,
    ) -> "Record":
        """What happened when the script was run under observation; with `graph`, what it compiles is compiled.

        With `patient`, it is run for longer, if its steps are quick.
        """
        from tapelint.probe import launch

        return launch.run(
            script,
            arguments=tuple(arguments),
            steps=self.steps,
            seconds=self.seconds,
            graph=graph,
            patient=patient,
            loss=self.loss,
            watch=screen.watch(script, graph=graph) if screen else None,
            nursery=nursery,
        )


def gather(outcome: Outcome, trial: Trial, others: Iterable[Path] = ()) -> "Evidence":
    """What running every script says that has a finding which can be tested, and `others`, until it is interrupted."""
    evidence = Evidence(outcome)
    scripts = list(dict.fromkeys((*evidence.scripts, *others)))
    try_out(evidence, scripts, trial)
    return evidence


def try_out(
    evidence: "Evidence", scripts: list[Path], trial: Trial, arguments: Iterable[str] = (), *, thorough: bool = False
) -> None:
    """Run the scripts, and let the evidence hear what happened, until somebody interrupts.

    What compiles anything is run a second time, compiled, where a finding shows only then; if `thorough`, always.
    """
    from tapelint.probe.nursery import nursery_for

    runs = sum(2 if thorough or evidence.wants_graphs(script) else 1 for script in scripts)
    with nursery_for(runs) as nursery, screening(runs, trial.steps, quiet=trial.quiet) as screen:
        for script in scripts:
            patient = evidence.wants_patience(script)
            record = trial.run(script, arguments, nursery, screen, patient=patient)
            evidence.hear(script, record)
            again = evidence.wants_graphs(script) or (thorough and record.functions)
            if again and not evidence.interrupted:
                compiled = trial.run(script, arguments, nursery, screen, graph=True, patient=patient)
                evidence.hear_compiled(script, compiled)
            if evidence.interrupted:
                break


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

    @property
    def runs(self) -> "tuple[Run, ...]":
        """What was seen of each script that was run."""
        from tapelint.report.html.runs import Run

        return tuple(Run(record, self.compiled.get(script)) for script, record in self.records.items())

    def hear(self, script: Path, record: "Record") -> None:
        """Takes in what happened when a script was run."""
        from tapelint.probe.verdict import judge

        self.interrupted = record.end == "interrupted"
        self.records[script] = record
        concerned = [finding for finding in self._outcome.findings if self._concerns(finding, script)]
        for finding in judge(concerned, record):
            key = _key(finding)
            if key not in self._judged:
                self._seen_by_running[key] = finding
            elif finding.place.path == script or (finding.verdict and finding.verdict.kind in DECIDED):
                self._judged[key] = finding

    def wants_graphs(self, script: Path) -> bool:
        """Whether some finding that the script concerns shows only where functions are compiled."""
        return any(_shows_in_graphs(finding) for finding in self._outcome.findings if self._concerns(finding, script))

    def wants_patience(self, script: Path) -> bool:
        """Whether some finding that the script concerns shows only after many steps."""
        return any(_shows_late(finding) for finding in self._outcome.findings if self._concerns(finding, script))

    def hear_compiled(self, script: Path, record: "Record") -> None:
        """Takes in what happened when a script was run once more, with its functions compiled."""
        from tapelint.probe.verdict import judge

        self.interrupted = record.end == "interrupted"
        self.compiled[script] = record
        concerned = [finding for finding in self._outcome.findings if self._concerns(finding, script)]
        for finding in judge([finding for finding in concerned if _shows_in_graphs(finding)], record):
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
        outcome = dataclasses.replace(self._outcome, suppressed=suppressed, documents=pointed_into(every, documents))
        return outcome.with_findings(every)

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
    from tapelint.probe.observations import OF_GRAPHS

    return named(finding.rule).probe in OF_GRAPHS


def _shows_late(finding: Finding) -> bool:
    from tapelint.probe.observations import LATE

    return named(finding.rule).probe in LATE


def _why_not_run(outcome: Outcome, path: Path) -> str | None:
    document = outcome.documents.get(path)
    return why_not_run(document) if document else "this file is not text"
