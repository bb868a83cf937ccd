"""How often each rule was broken, most often first, and how often a fix is known."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from tapelint.catalog import named
from tapelint.run.outcome import Outcome


@dataclass(frozen=True)
class Row:
    """One rule that was broken."""

    rule: str
    code: str
    count: int
    fixable: int


def render(outcome: Outcome) -> str:
    """A line for each rule; a star marks those of which something can be fixed."""
    rows = list(_rows(outcome))
    digits = max((len(str(row.count)) for row in rows), default=0)
    codes = max((len(row.code) for row in rows), default=0)
    mark = {True: "[*] ", False: "    "} if any(row.fixable for row in rows) else {False: ""}
    return "".join(f"{row.count:>{digits}}  {row.code:{codes}}  {mark[row.fixable > 0]}{row.rule}\n" for row in rows)


def for_programs(outcome: Outcome) -> str:
    """The same as JSON."""
    return json.dumps([asdict(row) for row in _rows(outcome)], indent=2) + "\n"


def _rows(outcome: Outcome) -> Iterator[Row]:
    counts = Counter(finding.rule for finding in outcome.findings)
    fixable = Counter(finding.rule for finding in outcome.findings if finding.fix)
    for name in sorted(counts, key=lambda name: (-counts[name], named(name).code)):
        yield Row(name, named(name).code, counts[name], fixable[name])
