"""Living with what is there already: the baseline, and only the lines that have changed."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tapelint.cli.guard import Refusal, tell, warn
from tapelint.cli.intake import STDIN, Intake
from tapelint.report.address import shown
from tapelint.run.baseline import BadBaseline, Baseline, Known
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.news import Sieve, renewed, stale
from tapelint.run.outcome import Outcome

if TYPE_CHECKING:
    from tapelint.run.changes import Changes

_MOST_TOLD = 5


class Adoption:
    """What one run lets pass of the findings, and what it does about the baseline."""

    def __init__(self, baseline: Path | None, *, update: bool, diff_base: str | None) -> None:
        if update and baseline is None:
            raise Refusal("`--update-baseline` needs `--baseline FILE`, or `baseline` in the configuration")
        self._baseline = _read(baseline, must_exist=not update) if baseline else None
        self._update = update
        self._sieve = Sieve(self._baseline, _changes(diff_base) if diff_base is not None else None)

    def news_of(self, intake: Intake) -> Intake:
        """The same to lint, of which nothing is seen but what is news."""
        if self._update and intake.stdin == STDIN:
            raise Refusal("`--update-baseline` needs the name of what it reads: `--stdin-filename`")
        return dataclasses.replace(intake, lint=lambda files: self._sieve.news(intake.lint(files)))

    def news_of_running(self, outcome: Outcome) -> Outcome:
        """What is news once scripts were run."""
        return self._sieve.news_of_running(outcome)

    def settle(self, outcome: Outcome, hierarchy: Hierarchy, *, ran: Collection[Path], quiet: bool) -> Outcome:
        """What is left to report when the run is over, in which scripts `ran`.

        The baseline is written, or what is stale in it is told.
        Raises Refusal if it cannot be written.
        """
        if self._baseline is None:
            return outcome
        whole = self._sieve.whole
        gone = stale(self._baseline, whole, hierarchy, ran=ran)
        if not self._update:
            if gone:
                _tell_stale(self._baseline, gone)
            return outcome
        fresh = renewed(self._baseline, whole, hierarchy, ran=ran)
        try:
            fresh.write()
        except OSError as error:
            raise Refusal(f"cannot write `{shown(fresh.file)}`: {error.strerror}") from None
        if not quiet:
            added = _total(fresh.counts) - (_total(self._baseline.counts) - _total(gone))
            tell(f"{shown(fresh.file)}: {_total(fresh.counts)} known, {added} of them new; {_total(gone)} removed")
        return dataclasses.replace(outcome, findings=(), known=len(whole.findings))


def _read(file: Path, *, must_exist: bool) -> Baseline:
    try:
        return Baseline.read(file)
    except FileNotFoundError:
        if must_exist:
            raise Refusal(f"{shown(file)}: there is no such baseline; `--update-baseline` writes it") from None
        return Baseline(file)
    except BadBaseline as error:
        raise Refusal(f"{shown(file)}: {error}") from None


def _changes(revision: str) -> "Changes":
    from tapelint.run.changes import Changes
    from tapelint.run.revision import NoRevision, Revision

    try:
        return Changes(Revision.since(revision, Path.cwd()))
    except NoRevision as error:
        raise Refusal(f"`--diff-base {revision}`: {error}") from None


def _tell_stale(baseline: Baseline, gone: Counter[Known]) -> None:
    number = _total(gone)
    what = "a known finding is" if number == 1 else f"{number} known findings are"
    warn(f"{shown(baseline.file)}: {what} no longer there; `--update-baseline` takes that out")
    for known in sorted(gone)[:_MOST_TOLD]:
        tell(f"  {shown(baseline.path(known))}: {known.rule}: {known.code}")
    if len(gone) > _MOST_TOLD:
        tell(f"  and {len(gone) - _MOST_TOLD} more")


def _total(counts: Mapping[Known, int]) -> int:
    return sum(counts.values())
