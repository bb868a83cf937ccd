"""Fixes that are tried out: what a run showed before, what it shows after, and which of them do not cure."""

import dataclasses
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tapelint.cli.evidence import Trial, gather, runs_of
from tapelint.cli.guard import tell, warn
from tapelint.cli.mending import Wishes, taken_back, where, write
from tapelint.finding import Finding, Place, Verdict
from tapelint.run.fix import Key, Lint, Mending, key
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Outcome
from tapelint.source.disk import ON_DISK
from tapelint.source.formats import decode
from tapelint.source.span import Position, Span

if TYPE_CHECKING:
    from tapelint.record import Record
    from tapelint.report.html.runs import Run

_CURED = "refuted"


@dataclass(frozen=True)
class Effect:
    """What running the program said about a finding before and after it was fixed."""

    finding: Finding
    before: Verdict
    after: Verdict
    collapse: str | None = None
    """The exception that the fixed program ends in, and that it did not end in before."""

    @property
    def fails(self) -> bool:
        """Whether the symptom is still there, or something worse."""
        return self.collapse is not None or (self.before.kind == "confirmed" == self.after.kind)

    def __str__(self) -> str:
        told = f"{where(self.finding)}: `{self.finding.rule}`"
        if self.collapse is not None:
            return f"{told}: the fix is taken back: the fixed program ends in {self.collapse}"
        if self.fails:
            return f"{told}: the fix is taken back: {self.after.detail}, as before"
        if self.before.kind == "confirmed" and self.after.kind == _CURED:
            return f"{told}: the fix works: before, {self.before.detail}; now {self.after.detail}"
        return f"{told}: fixed, and not proved: {self.after.detail}"


def mended_and_proved(
    lint: Lint, wishes: Wishes, trial: Trial, hierarchy: Hierarchy
) -> "tuple[Outcome, Mending, bool, tuple[Run, ...]]":
    """The outcome after every fix that does what it is for; what was made of the files is on the disk.

    The scripts are run as they are, and again when they are fixed. What the run refutes is not fixed, and a fix that
    leaves the symptom as it was, or brings down the program, is taken back. The last values
    are whether somebody has interrupted the runs, for then nothing is changed that has not been proved, and the runs.
    """
    first = gather(lint(ON_DISK), trial)
    judged = first.outcome(hierarchy)
    if first.interrupted:
        return judged, Mending(judged, (), (), {}), True, runs_of(first)
    verdicts = {key(each): each.verdict for each in judged.findings if each.verdict}
    without: set[Key] = {one for one, verdict in verdicts.items() if verdict.kind == "refuted"}
    while True:
        mending = wishes.mended(lint, without=without)
        write(mending.changes)
        try:
            evidence = gather(mending.outcome, trial, first.scripts)
            effects = list(_effects(mending, verdicts, first.records, evidence.records))
        except BaseException:
            taken_back(mending.changes, mending.changes)
            raise
        failing = [effect for effect in effects if effect.fails]
        if evidence.interrupted:
            taken_back(mending.changes, mending.changes)
            return judged, Mending(judged, (), (), {}), True, runs_of(first)
        if not failing:
            break
        taken_back(mending.changes, mending.changes)
        without |= {key(effect.finding) for effect in failing}
        for effect in failing:
            warn(str(effect))
    if not wishes.quiet:
        for effect in effects:
            tell(str(effect))
    return evidence.outcome(hierarchy), mending, False, runs_of(evidence)


def _effects(
    mending: Mending,
    verdicts: dict[Key, Verdict],
    before: "dict[Path, Record]",
    after: "dict[Path, Record]",
) -> Iterator[Effect]:
    from tapelint.probe.verdict import verdict_on

    for finding in mending.applied:
        path, known = finding.place.path, verdicts.get(key(finding))
        if known is None or path not in after:
            continue
        suspicion = dataclasses.replace(finding, place=_moved(mending, finding.place), trail=(), verdict=None)
        verdict = verdict_on(suspicion, after[path])
        if verdict is not None:
            yield Effect(finding, known, verdict, _collapse(before.get(path), after[path]))


def _collapse(before: "Record | None", after: "Record") -> str | None:
    if after.exception is None or (before is not None and before.exception is not None and not _earlier(after, before)):
        return None
    line = f" on {after.exception.where.spot.told}" if after.exception.where else ""
    return f"`{after.exception.kind}`{line}"


def _earlier(after: "Record", before: "Record") -> bool:
    """Whether a run has broken down before it came as far as the other one did."""
    return (len(after.gradients), after.updates) < (len(before.gradients), before.updates)


def _moved(mending: Mending, place: Place) -> Place:
    """Where the lines of a place have gone, with what was put beside them."""
    change = mending.changes[place.path]
    old, new = (decode(place.path, data).lines_of(place.cell) for data in (change.before, change.after))
    first, last = place.span.start.line - 1, place.span.end.line
    lines = [line for block in _blocks(old, new) for line in block.met(range(first, last))]
    start, end = min(lines, default=first), min(max(lines, default=last - 1), len(new) - 1)
    return dataclasses.replace(place, span=Span(Position(start + 1, 1), Position(end + 1, len(new[end]) + 1)))


@dataclass(frozen=True)
class _Block:
    """Lines of the old text, and the lines of the new one that they are, or that stand in their place."""

    same: bool
    old: range
    new: range

    def met(self, lines: range) -> range:
        """The new lines that the old `lines` have become in this block; beside a change, all that was put there."""
        if self.same:
            shift = self.new.start - self.old.start
            return range(max(lines.start, self.old.start) + shift, min(lines.stop, self.old.stop) + shift)
        beside = self.old.start <= lines.stop and lines.start <= self.old.stop
        return self.new if beside else range(0)


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        yield _Block(tag == "equal", range(i1, i2), range(j1, j2))
