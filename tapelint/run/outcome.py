"""What a run of the linter brought to light, ready for a report."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.source.document import Document


@dataclass(frozen=True, slots=True)
class Crash:
    """A bug that one file brought to light, of tapelint itself or of a plugin; `traceback` is for whoever mends it."""

    path: Path
    error: str
    traceback: str
    culprit: str = "tapelint"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The findings of a run, sorted by place, and what a report needs to print them.

    `documents` holds the text of every file that a finding or its trail points into, so that code frames show what was
    linted and not what has become of the file since. `failures` are files that could not be read, `skipped` those in
    another language, each with the reason, and `linted` all others of those that were asked for. `known` is the number
    of findings that are no news.
    """

    findings: tuple[Finding, ...] = ()
    files: int = 0
    suppressed: int = 0
    documents: Mapping[Path, Document] = field(default_factory=dict)
    crashes: tuple[Crash, ...] = ()
    failures: Mapping[Path, str] = field(default_factory=dict)
    skipped: Mapping[Path, str] = field(default_factory=dict)
    linted: frozenset[Path] = frozenset()
    known: int = 0

    @property
    def complete(self) -> bool:
        """Whether every file was read and analysed."""
        return not self.crashes and not self.failures

    def with_findings(self, findings: tuple[Finding, ...]) -> "Outcome":
        """The same run with other findings, sorted."""
        return dataclasses.replace(self, findings=tuple(sorted(findings, key=order)))


def order(finding: Finding) -> tuple[object, ...]:
    """The key that sorts findings as a reader meets them."""
    place = finding.place
    rule = catalog.find(finding.rule)
    return place.path, place.cell or 0, place.span, rule.code if rule else "", finding.rule, finding.message
