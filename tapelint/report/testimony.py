"""What running the program has said about a finding, for reports that have no place of their own for it."""

from collections.abc import Mapping

from tapelint.finding import Finding, Severity, Verdict, VerdictKind

_WORDS: Mapping[VerdictKind, str] = {
    "confirmed": "confirmed by running",
    "refuted": "refuted by running",
    "unreached": "not reached by running",
    "unable": "not put to the test",
}


def told(verdict: Verdict) -> str:
    """The verdict in one line."""
    return f"{_WORDS[verdict.kind]}: {verdict.detail}"


def statement(finding: Finding) -> str:
    """The message, and on a line of its own the verdict if there is one."""
    return f"{finding.message}\n{told(finding.verdict)}" if finding.verdict else finding.message


def weight(finding: Finding) -> Severity:
    """The level for programs that act on levels: what running has refuted is no more than a note."""
    return "info" if is_refuted(finding) else finding.severity


def is_refuted(finding: Finding) -> bool:
    """Whether running has shown that the finding is none."""
    return finding.verdict is not None and finding.verdict.kind == "refuted"
