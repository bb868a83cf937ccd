"""What only running can find: weights that nothing moves, variables that no gradient reaches, and the sights of a run.

Both are facts about this run, and said only where they mean that something is wrong. A network that is not meant to
learn, a rate of zero, a script that only evaluates: none of them is reported.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from tapelint.catalog import find
from tapelint.finding import Finding, Place, Severity
from tapelint.probe.observations.gradients import missing_sources
from tapelint.probe.observations.sights import seen
from tapelint.probe.observations.wording import counted, listed
from tapelint.probe.scene import Scene, same_file
from tapelint.record import Fit, GradientCall, Record, Site, Source
from tapelint.source.span import Position, Span

WEIGHTS_UNCHANGED = "weights-unchanged"
MISSING_GRADIENTS = "missing-gradients"
UPDATE_DIFFERS = "update-differs-from-fit"
EXPLAINING = ("unreduced-loss", "summed-loss", "dropped-regularization", "training-flag-missing")
"""The rules that say why a step is not the one of `fit`, and that were found by reading."""

RULES = (WEIGHTS_UNCHANGED, MISSING_GRADIENTS)

FEWEST_CALLS = 3
"""The gradient calls between which the weights must have stayed the same: one may be for show."""

PATIENCE = 16
"""The gradient calls without any update after which a run that was stopped counts as one that never updates."""


def discoveries(findings: Sequence[Finding], record: Record, script: Path) -> Iterator[Finding]:
    """The findings of running alone, but for what a confirmed finding already says at the same place."""
    told = [_told(finding, record) for finding in findings if finding.verdict and finding.verdict.kind == "confirmed"]
    for calls in _by_place(record):
        missing = _missing(calls, record)
        if missing and not _is_told(told, MISSING_GRADIENTS, calls):
            yield _finding(MISSING_GRADIENTS, calls[0].where, script, _missing_message(missing, calls))
        elif _stands_still(calls, record) and not _is_told(told, WEIGHTS_UNCHANGED, calls):
            names = [source.name for source in _trainable(calls[0])]
            message = f"{listed(names)} never change: identical after {counted(len(calls) - 1, 'step')}"
            yield _finding(WEIGHTS_UNCHANGED, calls[0].where, script, message)
    for fit in record.fits:
        calls = [call for call in record.gradients if call.fit == fit.number]
        if _learns_nothing(fit, calls) and not any(_is_told(told, rule, calls) for rule in RULES):
            message = f"`fit` changes nothing: {fit.trainable} of {fit.trainable} variables identical after "
            yield _finding(WEIGHTS_UNCHANGED, fit.where, script, message + counted(fit.steps, "step"))
    explained = any(each.verdict and each.verdict.kind == "confirmed" and each.rule in EXPLAINING for each in findings)
    for rule, sight in seen(record):
        if rule == UPDATE_DIFFERS and explained:
            continue
        yield _finding(rule, sight.where, script, sight.what)


Told = tuple[str | None, set[int]]


def _told(finding: Finding, record: Record) -> Told:
    """The observation that a confirmed finding rests on, and the gradient calls it is about."""
    rule = find(finding.rule)
    return rule.probe if rule else None, {call.number for call in Scene(finding, record).near(record.gradients)}


def _is_told(told: list[Told], rule: str, calls: list[GradientCall]) -> bool:
    """Whether a confirmed finding rests on the observation that this rule is about, at one of these calls."""
    known = find(rule)
    numbers = {call.number for call in calls}
    return any(known and about == known.probe and not numbers.isdisjoint(which) for about, which in told)


def _by_place(record: Record) -> list[list[GradientCall]]:
    """The gradient calls of the user's own, by the place they stand at."""
    places: dict[Site, list[GradientCall]] = {}
    for call in record.gradients:
        if call.direct and call.where is not None:
            places.setdefault(_spot(call.where), []).append(call)
    return list(places.values())


def _spot(where: Site) -> Site:
    """The place, whoever called it."""
    return dataclasses.replace(where, callers=())


def _trainable(call: GradientCall) -> list[Source]:
    return [source for source in call.sources if source.trainable]


def _missing(calls: list[GradientCall], record: Record) -> list[str]:
    """The trainable variables that no gradient reaches, here or anywhere, and that nobody changes by hand."""
    wanted = {source.variable for call in calls for source in _trainable(call)}
    reached = {source.variable for call in record.gradients for source in call.sources if source.gradient != "none"}
    by_hand = {entry.variable for entry in record.assignments}
    left = wanted - reached - by_hand
    return [name for variable, name in missing_sources(calls).items() if variable in left]


def _missing_message(missing: list[str], calls: list[GradientCall]) -> str:
    total = len(_trainable(calls[0]))
    steps = counted(len(calls), "step")
    if len(missing) == total:
        return f"nothing here is ever trained: the gradients of all {total} variables are `None` in {steps}"
    return f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} never trained: gradient `None` in {steps}"


def _stands_still(calls: list[GradientCall], record: Record) -> bool:
    """Whether variables that are meant to learn stay as they are, and no update is in sight.

    An optimizer that was made and never used says that they are meant to learn; without one, the gradients may be for
    looking at.
    """
    sources = [source for call in calls for source in _trainable(call)]
    compared = [source for source in sources if source.unchanged is not None]
    idle = any(optimizer.own and not optimizer.applied for optimizer in record.optimizers)
    if len(calls) < FEWEST_CALLS or not idle or any(call.weighted or call.symbolic for call in calls):
        return False
    if not compared or not all(source.unchanged for source in compared) or any(call.held for call in calls):
        return False
    if not any(source.gradient == "finite" for source in sources) or not _is_over(calls, record):
        return False
    numbers = {source.variable for source in sources}
    touched = {pair.variable for update in record.applications for pair in update.pairs}
    touched |= {entry.variable for entry in record.assignments}
    return numbers.isdisjoint(touched)


def _is_over(calls: list[GradientCall], record: Record) -> bool:
    """Whether the update is not just still to come: gradients may be collected over several steps."""
    if record.end in ("finished", "exited"):
        return True
    return len(calls) >= PATIENCE or any(update.exception is None for update in record.applications)


def _learns_nothing(fit: Fit, calls: list[GradientCall]) -> bool:
    """Whether a fit took steps and left every variable as it was, although the rate is not zero."""
    if fit.exception is not None or fit.accumulates or fit.steps < FEWEST_CALLS - 1:
        return False
    if not fit.trainable or fit.changed != 0 or any(epoch.rate == 0 for epoch in fit.epochs):
        return False
    # A scaled loss whose gradients overflow makes the optimizer skip the step, on purpose.
    return not any(source.gradient == "nonfinite" for call in calls for source in call.sources)


def _finding(rule: str, where: Site | None, script: Path, message: str) -> Finding:
    known = find(rule)
    severity: Severity = known.severity if known is not None else "error"
    if where is None:
        return Finding(rule, Place(script, Span(Position(1, 1), Position(1, 1))), message, severity)
    path = script if same_file(where.path, script) else Path(where.path)
    span = Span(Position(where.line, where.column), Position(where.end_line, where.end_column))
    return Finding(rule, Place(path, span, where.cell), message, severity)
