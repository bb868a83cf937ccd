"""The report for a person at a terminal: each finding with its code, the way of the value, the verdict and the help."""

from collections.abc import Iterator

from tapelint.report import ink, summary
from tapelint.report.ink import Line
from tapelint.run.outcome import Outcome


def render(outcome: Outcome, *, colour: bool = False, width: int | None = None, total: bool = True) -> str:
    """The report, for lines of `width` cells; None is for a file or a pipe, where only code is ever cut."""
    lines = [*_findings(outcome, width), *summary.troubles(outcome), *(summary.total(outcome) if total else ())]
    return (ink.coloured if colour else ink.plain)(lines)


def _findings(outcome: Outcome, width: int | None) -> Iterator[Line]:
    if not outcome.findings:
        return
    from tapelint.report.sheet import Sheet

    for finding in outcome.findings:
        yield from Sheet(outcome, finding, width).draw()
        yield ()
