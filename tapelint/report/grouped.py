"""One line a finding under the name of its file, for reading through what there is to do."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from tapelint.catalog import named
from tapelint.finding import Finding
from tapelint.report import ink, summary
from tapelint.report.address import coordinates, shown
from tapelint.report.concise import verdict
from tapelint.report.ink import SEVERITIES, Line
from tapelint.run.outcome import Outcome


def render(outcome: Outcome, *, colour: bool = False, total: bool = True) -> str:
    last = summary.total(outcome) if total else ()
    lines = [*_groups(outcome.findings), *summary.troubles(outcome), *last]
    return (ink.coloured if colour else ink.plain)(lines)


def _groups(findings: Iterable[Finding]) -> Iterator[Line]:
    for path, group in itertools.groupby(findings, key=lambda finding: finding.place.path):
        yield (ink.defuse(shown(path)), "path"), (":", "plain")
        yield from _rows(list(group))
        yield ()


def _rows(findings: Sequence[Finding]) -> Iterator[Line]:
    """The findings in one file, with their codes one below the other."""
    places = [coordinates(finding.place).removeprefix(":") for finding in findings]
    width = max(map(len, places))
    for finding, place in zip(findings, places, strict=True):
        severity = finding.severity
        yield (
            (f"  {place:{width}} ", "gutter"),
            (f"{named(finding.rule).code} [{severity}] ", SEVERITIES[severity]),
            (f"{finding.rule} ", "strong"),
            (ink.defuse(finding.message), "plain"),
            *verdict(finding),
        )
