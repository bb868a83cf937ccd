"""Workflow commands, which GitHub's runner turns into annotations of the changed lines; to be printed in a step.

The runner shows ten annotations of a level for a step. So the worst findings come first, and if there are more, a
notice says so; the log has all of them.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tapelint.catalog import named
from tapelint.finding import Finding, Severity
from tapelint.report.address import coordinates, shown
from tapelint.report.checkout import root, within
from tapelint.report.ink import defuse
from tapelint.report.prose import paragraphs
from tapelint.report.summary import count
from tapelint.report.testimony import weight
from tapelint.report.whereabouts import stretch
from tapelint.run.outcome import Outcome

LIMIT = 10
"""Annotations of one level that are shown for a step."""

_COMMANDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_LEVELS: tuple[Severity, ...] = ("error", "warning", "info")


def render(outcome: Outcome, environment: Mapping[str, str] = os.environ) -> str:
    """The commands, with paths that count from the checkout, which the environment names."""
    return "".join(f"{line}\n" for line in _lines(outcome, root("GITHUB_WORKSPACE", environment)))


def _lines(outcome: Outcome, base: Path) -> Iterator[str]:
    by_level: dict[Severity, list[str]] = {level: [] for level in _LEVELS}
    by_level["error"] += _troubles(outcome, base)
    for finding in sorted(outcome.findings, key=_is_unproved):
        by_level[weight(finding)].append(_annotation(finding, outcome, base))
    yield from by_level["error"]
    yield from by_level["warning"]
    # Before the notes, of which the runner shows ten, too.
    yield from _overflow(*(len(by_level[level]) for level in _LEVELS))
    yield from by_level["info"]


def _is_unproved(finding: Finding) -> bool:
    return finding.verdict is None or finding.verdict.kind != "confirmed"


def _annotation(finding: Finding, outcome: Outcome, base: Path) -> str:
    rule, place = named(finding.rule), finding.place
    there = stretch(place, outcome.documents)
    columns = {}
    # The runner wants no columns for a stretch of several lines.
    if there.span and there.first == there.last:
        columns = {"col": there.span.start.column, "endColumn": there.span.end.column}
    where = {"file": within(place.path, base), "line": there.first, "endLine": there.last, **columns}
    first, *rest = paragraphs(finding)
    message = "\n".join([f"{defuse(shown(place.path))}{coordinates(place)}: {rule.code} {first}", *rest])
    return _command(_COMMANDS[weight(finding)], {**where, "title": f"tapelint {rule.code} {rule.name}"}, message)


def _troubles(outcome: Outcome, base: Path) -> Iterator[str]:
    """The files that were not linted."""
    for crash in outcome.crashes:
        where = {"file": within(crash.path, base), "title": "tapelint"}
        yield _command("error", where, f"{crash.culprit} crashed on this file, please report it: {defuse(crash.error)}")
    for path, reason in outcome.failures.items():
        yield _command("error", {"file": within(path, base), "title": "tapelint"}, defuse(reason))


def _overflow(errors: int, warnings: int, notes: int) -> Iterator[str]:
    """A notice about what the runner will not show, if there is such a thing."""
    if max(errors, warnings, notes) > LIMIT:
        hidden = {"error": errors - LIMIT, "warning": warnings - LIMIT, "note": notes + 1 - LIMIT}
        beyond = [count(number, noun) for noun, number in hidden.items() if number > 0]
        told = f"{' and '.join(beyond)} more in the log of this step: GitHub shows {LIMIT} annotations of a level"
        yield _command("notice", {"title": "tapelint"}, told)


def _command(name: str, properties: Mapping[str, object], message: str) -> str:
    listed = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items())
    return f"::{name} {listed}::{_escaped(message)}"


def _escaped(text: str, more: Iterable[str] = ()) -> str:
    """The text as the runner reads it back; `%` first, which the others are spelled with."""
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text
