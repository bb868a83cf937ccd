"""One line a finding, for logs, greps and editors that read the output of compilers."""

from tapelint.catalog import named
from tapelint.finding import Finding
from tapelint.report import ink, summary
from tapelint.report.address import coordinates, shown
from tapelint.report.ink import SEVERITIES, VERDICTS, Line
from tapelint.run.outcome import Outcome


def render(outcome: Outcome, *, colour: bool = False, total: bool = True) -> str:
    last = summary.total(outcome) if total else ()
    lines = [*map(_line, outcome.findings), *summary.troubles(outcome), *last]
    return (ink.coloured if colour else ink.plain)(lines)


def _line(finding: Finding) -> Line:
    severity = finding.severity
    return (
        (ink.defuse(shown(finding.place.path)), "strong"),
        (f"{coordinates(finding.place)}: ", "gutter"),
        (f"{named(finding.rule).code} [{severity}] ", SEVERITIES[severity]),
        (f"{finding.rule} ", "strong"),
        (ink.defuse(finding.message), "plain"),
        *verdict(finding),
    )


def verdict(finding: Finding) -> Line:
    """What running has said, to be put behind the message."""
    if finding.verdict is None:
        return ()
    kind = finding.verdict.kind
    return (" (", "plain"), (kind, VERDICTS[kind]), (f": {ink.defuse(finding.verdict.detail)})", "plain")
