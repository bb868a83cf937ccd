"""The rules' pages, where the cursor asks for them."""

from collections.abc import Iterator

from tapelint.catalog import named
from tapelint.finding import Finding
from tapelint.report.reference import prose
from tapelint.run.comments import Entry, suppressions
from tapelint.source.document import Document
from tapelint.source.span import Position


def of_findings(findings: list[Finding]) -> str:
    """What was found at a place, with the page of each rule."""
    told = []
    for rule in dict.fromkeys(finding.rule for finding in findings):
        said = [_said(finding) for finding in findings if finding.rule == rule]
        told.append("\n\n".join([*said, prose(named(rule))]))
    return "\n\n---\n\n".join(told)


def entry_at(document: Document, position: Position) -> Entry | None:
    """The rule named by a suppression at a position of a document's text."""
    return next((entry for entry in _entries(document) if entry.span.start <= position <= entry.span.end), None)


def _said(finding: Finding) -> str:
    verdict = finding.verdict
    return f"**{finding.message}**" + (f"\n\n*{verdict.kind} by the probe: {verdict.detail}*" if verdict else "")


def _entries(document: Document) -> Iterator[Entry]:
    for suppression in suppressions(document):
        yield from (entry for entry in suppression.entries if entry.rule is not None)
