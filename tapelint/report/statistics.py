"""How often each rule was broken, most often first."""

from collections import Counter

from tapelint.catalog import named
from tapelint.run.outcome import Outcome


def render(outcome: Outcome) -> str:
    counts = Counter(finding.rule for finding in outcome.findings)
    rows = sorted((-count, named(name).code, name) for name, count in counts.items())
    digits = max((len(str(count)) for count in counts.values()), default=0)
    return "".join(f"{-count:>{digits}}  {code}  {name}\n" for count, code, name in rows)
