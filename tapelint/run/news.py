"""What of the findings is news: neither known from the baseline, nor about lines that were there before."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.run.admit import UNPARSABLE
from tapelint.run.baseline import Baseline, Known
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Outcome
from tapelint.run.select import runs_only

if TYPE_CHECKING:
    from tapelint.run.changes import Changes


class Sieve:
    """Lets through what is news, and remembers the rest: a run reports, mends and proves only what comes through."""

    def __init__(self, baseline: Baseline | None = None, changes: "Changes | None" = None) -> None:
        self._baseline = baseline
        self._changes = changes
        self._whole = Outcome()
        self._hidden: tuple[Finding, ...] = ()

    def news(self, outcome: Outcome) -> Outcome:
        """What is news of all that reading has found."""
        if self._baseline is None and self._changes is None:
            return outcome
        kept = set(self._changed(self._unknown(outcome), outcome))
        self._whole = outcome
        self._hidden = tuple(finding for finding in outcome.findings if finding not in kept)
        news = tuple(finding for finding in outcome.findings if finding in kept)
        return dataclasses.replace(outcome, findings=news, known=len(self._hidden))

    def news_of_running(self, outcome: Outcome) -> Outcome:
        """What is news once scripts were run, of what came through before and what running has added."""
        documents = {**self._whole.documents, **outcome.documents}
        whole = dataclasses.replace(outcome, documents=documents)
        return self.news(whole.with_findings((*self._hidden, *outcome.findings)))

    def _unknown(self, outcome: Outcome) -> Iterable[Finding]:
        return unknown(self._baseline, outcome) if self._baseline else outcome.findings

    def _changed(self, findings: Iterable[Finding], outcome: Outcome) -> Iterator[Finding]:
        for finding in findings:
            if self._changes is None or self._changes.touch(finding, outcome.documents):
                yield finding

    @property
    def whole(self) -> Outcome:
        """The last outcome with all that was found, news or not."""
        return self._whole


def unknown(baseline: Baseline, outcome: Outcome) -> Iterator[Finding]:
    """The findings that the baseline does not know; of those alike, the last."""
    left = Counter(baseline.counts)
    for finding, known in _entries(baseline, outcome):
        if left[known]:
            left[known] -= 1
        else:
            yield finding


def renewed(baseline: Baseline, outcome: Outcome, hierarchy: Hierarchy, *, ran: Collection[Path]) -> Baseline:
    """The baseline that knows what was found, and of what could not be found in this run, all that it knew before.

    `ran` are the scripts that were run.
    """
    found = Counter(known for _, known in _entries(baseline, outcome))
    could_be_found = _competence(baseline, outcome, hierarchy, ran=ran)
    unseen = {known: count for known, count in baseline.counts.items() if not could_be_found(known)}
    return dataclasses.replace(baseline, counts=Counter(unseen) | found)


def stale(baseline: Baseline, outcome: Outcome, hierarchy: Hierarchy, *, ran: Collection[Path]) -> Counter[Known]:
    """What the baseline knows and the run would have found if it were still there."""
    return Counter(baseline.counts) - Counter(renewed(baseline, outcome, hierarchy, ran=ran).counts)


def _entries(baseline: Baseline, outcome: Outcome) -> Iterator[tuple[Finding, Known]]:
    for finding in outcome.findings:
        yield finding, baseline.entry(finding, outcome.documents.get(finding.place.path))


def _competence(
    baseline: Baseline, outcome: Outcome, hierarchy: Hierarchy, *, ran: Collection[Path]
) -> Callable[[Known], bool]:
    """Tells of a known finding whether the run would have found it."""
    unparsable = {finding.place.path for finding in outcome.findings if finding.rule == UNPARSABLE}

    def could_be_found(known: Known) -> bool:
        path = baseline.path(known)
        rule = catalog.find(known.rule)
        if path not in outcome.linted:
            return not path.exists()
        if rule is None:
            return True
        if path in unparsable and rule.name != UNPARSABLE:
            return False
        return (path in ran or not runs_only(rule)) and rule.name in hierarchy.at(path.parent).rules_for(path)

    return could_be_found
