"""What a program's comments say must be found in it.

`# error: [rule-name] "words"` promises a finding that starts on this line and whose message contains the words. The
words may be left out, and so may the rule where the program has one by default (a rule's page). Several may stand on a
line. `# missed: [rule-name]` is a known gap: a finding that ought to be there and is not, written down until it is.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tapelint.finding import Finding

_COMMENT = re.compile(r"#\s*(?P<kind>error|missed)(?=\s*(?:[:#]|$))(?P<terms>[^#]*)")
_TERMS = re.compile(r'(?::\s*(?:\[(?P<rule>[a-z0-9-]+)\])?\s*(?:"(?P<words>[^"]+)")?)?\s*')


@dataclass(frozen=True)
class Expectation:
    """One such comment."""

    line: int
    rule: str
    words: str | None
    missed: bool

    def meets(self, finding: Finding) -> bool:
        """Whether the finding is the one the comment speaks of."""
        return (
            finding.rule == self.rule
            and finding.place.span.start.line == self.line
            and (self.words is None or self.words in finding.message)
        )

    def __str__(self) -> str:
        return self.rule + (f' "{self.words}"' if self.words else "")


def expectations(text: str, rule: str | None = None) -> Iterator[Expectation]:
    """The expectations in a program's comments. A comment that names no rule means `rule`."""
    for number, line in enumerate(text.splitlines(), start=1):
        for comment in _COMMENT.finditer(line):
            terms = _TERMS.fullmatch(comment["terms"])
            if terms is None:
                raise ValueError(f"line {number}: cannot read the expectation `{comment[0].strip()}`")
            meant = terms["rule"] or rule
            if meant is None:
                raise ValueError(f"line {number}: `{comment[0].strip()}` must name a rule")
            yield Expectation(number, meant, terms["words"], missed=comment["kind"] == "missed")


def disagreements(name: str, expected: Iterable[Expectation], found: Iterable[Finding]) -> list[str]:
    """Where the findings in one file differ from what its comments promise; empty when both say the same."""
    complaints: list[tuple[int, str]] = []
    unexplained = list(found)
    for expectation in expected:
        finding = next(filter(expectation.meets, unexplained), None)
        if finding is not None:
            unexplained.remove(finding)
        if expectation.missed and finding is not None:
            complaints.append((expectation.line, f"gap closed, promote it: {expectation}"))
        elif not expectation.missed and finding is None:
            complaints.append((expectation.line, f"promised, not found: {expectation}"))
    complaints.extend(
        (finding.place.span.start.line, f"found, not promised: {finding.rule} {finding.message}")
        for finding in unexplained
    )
    return [f"{name}:{line}: {complaint}" for line, complaint in sorted(complaints)]
