"""The rules' pages, where the cursor asks for them."""

from collections.abc import Iterator

from tapelint.catalog import Rule, named
from tapelint.finding import Finding
from tapelint.report.manual import lesson
from tapelint.run.comments import Entry, suppressions
from tapelint.source.document import Document
from tapelint.source.span import Position


def of_findings(findings: list[Finding]) -> str:
    """The pages of the rules that are broken at a place, each once. The messages are shown by the editor itself."""
    told = [page(named(rule)) for rule in dict.fromkeys(finding.rule for finding in findings)]
    return "\n\n---\n\n".join(told)


def page(rule: Rule) -> str:
    """What the page of a rule teaches, with headings of a size for a small window."""
    lines = [f"### {rule.name} ({rule.code})", ""]
    in_block = False
    for line in lesson(rule).split("\n"):
        in_block ^= line.startswith("```")
        lines.append(f"##{line}" if line.startswith("#") and not in_block else line)
    return "\n".join(lines).rstrip()


def entry_at(document: Document, position: Position) -> Entry | None:
    """The rule named by a suppression at a position of a document's text."""
    return next((entry for entry in _entries(document) if entry.span.start <= position <= entry.span.end), None)


def _entries(document: Document) -> Iterator[Entry]:
    for suppression in suppressions(document):
        yield from (entry for entry in suppression.entries if entry.rule is not None)
