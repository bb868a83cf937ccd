"""What a finding is recognized by when the lines around it have moved."""

import hashlib
from collections import Counter
from collections.abc import Iterator

from tapelint.report.address import shown
from tapelint.run.outcome import Outcome


def fingerprints(outcome: Outcome) -> Iterator[str]:
    """One for each finding, from its rule, file and code and its number among those alike; no line number."""
    seen: Counter[tuple[str, ...]] = Counter()
    for finding in outcome.findings:
        document = outcome.documents.get(finding.place.path)
        line = finding.place.span.start.line
        lines = document.lines_of(finding.place.cell) if document else ()
        code = lines[line - 1] if line <= len(lines) else ""
        likeness = (finding.rule, shown(finding.place.path), " ".join(code.split()))
        seen[likeness] += 1
        yield hashlib.sha256("\0".join((*likeness, str(seen[likeness]))).encode()).hexdigest()[:32]
