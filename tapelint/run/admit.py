"""What of the findings in a file reaches the user: rules that are on there, at the levels asked for, not suppressed."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tapelint.finding import Finding, Fix, Severity
from tapelint.run.settings import Settings
from tapelint.run.suppress import Silencer
from tapelint.source.document import Document

UNPARSABLE = "unparsable-source"
# The level of a finding whose rule is off by default, once somebody has turned the rule on.
ASKED_FOR: Severity = "info"


@dataclass(frozen=True, slots=True)
class Admission:
    """The findings of one file that reach the user, and the number of those that its comments suppress."""

    findings: tuple[Finding, ...]
    suppressed: int


def admit(path: Path, document: Document | None, found: Iterable[Finding], settings: Settings) -> Admission:
    """What reaches the user of all that reading the file has found, and of its needless suppressions.

    `document` is None for a file that holds no text, and therefore no comments either.
    """
    found = list(found)
    on = settings.rules_for(path)
    if document is None or settings.ignore_suppressions:
        return Admission(tuple(_adjusted(found, on, settings)), 0)
    silencer = Silencer(document)
    admission = _heard(silencer, _adjusted(found, on, settings))
    # In a file that is not Python no other rule had its say.
    ran = {UNPARSABLE, "unused-suppression"} & on if any(each.rule == UNPARSABLE for each in found) else on
    complaints = _adjusted(silencer.needless(ran), on, settings)
    return Admission((*admission.findings, *complaints), admission.suppressed)


def admit_more(path: Path, document: Document | None, found: Iterable[Finding], settings: Settings) -> Admission:
    """What reaches the user of findings that running the program has added."""
    adjusted = _adjusted(found, settings.rules_for(path), settings)
    if document is None or settings.ignore_suppressions:
        return Admission(tuple(adjusted), 0)
    return _heard(Silencer(document), adjusted)


def _adjusted(found: Iterable[Finding], on: frozenset[str], settings: Settings) -> list[Finding]:
    """The findings of the rules that are on, at the levels and with the fixes that the settings give them."""
    return [
        dataclasses.replace(
            each,
            severity=settings.severities.get(each.rule) or _on_level(each.severity),
            fix=_admitted(each, settings),
        )
        for each in found
        if each.rule in on
    ]


def _admitted(finding: Finding, settings: Settings) -> Fix | None:
    if finding.fix is None or finding.rule in settings.unfixable:
        return None
    return dataclasses.replace(finding.fix, safety=settings.safety.get(finding.rule, finding.fix.safety))


def _on_level(severity: Severity) -> Severity:
    return ASKED_FOR if severity == "off" else severity


def _heard(silencer: Silencer, findings: list[Finding]) -> Admission:
    heard = tuple(each for each in findings if not silencer.silences(each))
    return Admission(heard, len(findings) - len(heard))
