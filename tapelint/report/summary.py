"""The last lines of a report for people: what could not be linted, and how much was found."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tapelint.finding import Severity
from tapelint.report.address import shown
from tapelint.report.ink import VERDICTS, Line, defuse
from tapelint.run.outcome import Outcome

_NOUNS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def troubles(outcome: Outcome) -> Iterator[Line]:
    """A line for every file that was not linted."""
    for path, reason in outcome.skipped.items():
        yield ("skipped", "warning"), (f": {defuse(shown(path))}: {defuse(reason)}", "plain")
    for path, reason in outcome.failures.items():
        yield ("error", "error"), (f": {defuse(shown(path))}: {defuse(reason)}", "plain")
    for crash in outcome.crashes:
        whose = f"{defuse(crash.culprit)} failed on {defuse(shown(crash.path))}, which is a bug of its own"
        told = f": {whose}: {defuse(crash.error)}"
        yield ("error", "error"), (told, "plain")


def total(outcome: Outcome) -> Iterator[Line]:
    """How many findings of which severity, and what running the program said about them."""
    severities = Counter(finding.severity for finding in outcome.findings)
    found = [count(severities[severity], noun) for severity, noun in _NOUNS.items() if severities[severity]]
    left_out = {"suppressed": outcome.suppressed, "known before": outcome.known}
    where = f"in {count(outcome.files, 'file')}" + "".join(f", {n} {why}" for why, n in left_out.items() if n)
    yield (f"found {_listed(found)}" if found else "no findings", "strong"), (f" {where}", "plain")
    yield from _fixable(outcome)
    verdicts = Counter(finding.verdict.kind for finding in outcome.findings if finding.verdict)
    if verdicts:
        told: Line = (("running says", "strong"), (": ", "plain"))
        for kind, role in VERDICTS.items():
            if verdicts[kind]:
                separator: Line = ((", ", "plain"),) * (len(told) > 2)
                told = (*told, *separator, (f"{verdicts[kind]} {kind}", role))
        yield told


def _fixable(outcome: Outcome) -> Iterator[Line]:
    """How many of the findings can be mended, and by what option."""
    kinds = Counter(finding.fix.safety for finding in outcome.findings if finding.fix)
    safe, unsafe = kinds["safe"], kinds["unsafe"]
    if safe:
        more = f", {unsafe} more with `--fix --unsafe-fixes`" if unsafe else ""
        yield (f"{safe}", "strong"), (f" can be fixed with `--fix`{more}", "plain")
    elif unsafe:
        yield (f"{unsafe}", "strong"), (" can be fixed with `--fix --unsafe-fixes`", "plain")


def count(number: int, noun: str) -> str:
    """So many of these, in words."""
    return f"{number} {noun}" + "s" * (number != 1)


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
