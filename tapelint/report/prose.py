"""A finding in a few lines of plain text, for reports whose readers show a text and nothing else."""

from collections.abc import Iterator

from tapelint.catalog import named
from tapelint.finding import Finding
from tapelint.report.address import coordinates, shown
from tapelint.report.ink import defuse
from tapelint.report.reference import page
from tapelint.report.testimony import told


def paragraphs(finding: Finding) -> Iterator[str]:
    """The message, what running has said, the trail step by step, the fix, and where to read on: a line each."""
    yield defuse(finding.message)
    if finding.verdict:
        yield defuse(told(finding.verdict))
    for number, step in enumerate(finding.trail, start=1):
        yield defuse(f"{number}. {step.message} ({shown(step.place.path)}{coordinates(step.place)})")
    if finding.fix:
        yield defuse(f"fix: {finding.fix.title} ({finding.fix.safety})")
    yield f"help: {page(named(finding.rule))}"
