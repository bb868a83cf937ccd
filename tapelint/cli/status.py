"""What the process tells whoever called it."""

from tapelint.cli.guard import FAILED, FOUND
from tapelint.finding import Finding, Severity
from tapelint.run.outcome import Outcome
from tapelint.run.settings import THRESHOLDS


def exit_status(outcome: Outcome, threshold: Severity, *, exit_zero: bool = False) -> int:
    """The exit status of a run. A finding that running the program has refuted does not count."""
    if not outcome.complete:
        return FAILED
    serious = THRESHOLDS[: THRESHOLDS.index(threshold) + 1]
    counts = any(finding.severity in serious and not _refuted(finding) for finding in outcome.findings)
    return FOUND if counts and not exit_zero else 0


def _refuted(finding: Finding) -> bool:
    return finding.verdict is not None and finding.verdict.kind == "refuted"
