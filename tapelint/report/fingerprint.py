"""What a finding is recognized by when the lines around it have moved."""

import hashlib
from collections import Counter
from collections.abc import Iterator

from tapelint.report.address import shown
from tapelint.run import likeness
from tapelint.run.outcome import Outcome


def fingerprints(outcome: Outcome) -> Iterator[str]:
    """One for each finding, from its rule, file and code and its number among those alike; no line number."""
    seen: Counter[tuple[str, ...]] = Counter()
    for finding in outcome.findings:
        code = likeness.code(finding, outcome.documents.get(finding.place.path))
        alike = (finding.rule, shown(finding.place.path), code)
        seen[alike] += 1
        yield hashlib.sha256("\0".join((*alike, str(seen[alike]))).encode(errors="surrogatepass")).hexdigest()[:32]
