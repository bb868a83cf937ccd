"""The first thing the page says: the verdict in one sentence, and the facts of the run below it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tapelint.catalog import find
from tapelint.finding import Finding
from tapelint.record import Record
from tapelint.report.account import ENDS
from tapelint.report.address import shown
from tapelint.report.html.beside_fit import SAME, factor
from tapelint.report.html.norms import Layer, courses, layers
from tapelint.report.html.runs import Run
from tapelint.report.html.wording import count, figure
from tapelint.run.outcome import Outcome

Tone = Literal["bad", "unclear", "good"]

LONG = 48
"""The characters from which on a headline is long."""

_FAILED = ("raised", "crashed", "memory", "unstarted")
_CUT_SHORT = ("timeout", "interrupted")
_SEVERITIES = ("error", "warning")


@dataclass(frozen=True, slots=True)
class Headline:
    """A sentence, and whether it is good news."""

    tone: Tone
    text: str

    @property
    def kind(self) -> str:
        """How it is set: a long sentence in smaller letters."""
        return self.tone + (" long" if len(self.text) > LONG else "")


def headline(outcome: Outcome, runs: Sequence[Run]) -> Headline:
    """The verdict on everything that is on the page."""
    worst = serious(outcome)
    if len(runs) == 1 and runs[0].record.end in _FAILED:
        return Headline("bad", _failure(runs[0].record))
    if len(worst) > 1 and len(runs) != 1:
        return Headline("bad", _together(worst))
    if worst:
        return Headline("bad", _seen(worst, runs) or _begun(worst[0].message))
    if len(runs) == 1 and runs[0].record.end in _CUT_SHORT:
        return Headline("unclear", f"Nothing to report so far: the run was {ENDS[runs[0].record.end][0]}")
    failed = sum(run.record.end in _FAILED for run in runs)
    if failed:
        return Headline("bad", f"{count(failed, 'script')} of {len(runs)} could not be run to where something shows")
    if not outcome.complete:
        return Headline("unclear", "Not every file could be linted")
    updates = sum(_updates(run.record) for run in runs)
    notes = len(outcome.findings)
    told = f"{count(notes, 'note')} and nothing worse" if notes else "Nothing to report"
    return Headline("good", f"{told} in {count(updates, 'update')}" if updates else told)


def serious(outcome: Outcome) -> list[Finding]:
    """The findings that say something is wrong, the worst first: those that the run has confirmed, then the errors."""
    counted = [each for each in outcome.findings if each.severity in _SEVERITIES and _kind(each) != "refuted"]
    return sorted(counted, key=lambda each: (_SEVERITIES.index(each.severity), _kind(each) != "confirmed"))


def facts(outcome: Outcome, runs: Sequence[Run]) -> Iterator[tuple[str, str]]:
    """What there is to know at a glance: names and values."""
    yield "findings", f"{len(outcome.findings):,}"
    if any(each.verdict for each in outcome.findings):
        yield "confirmed", f"{sum(_kind(each) == 'confirmed' for each in outcome.findings):,}"
    for name, number in (("suppressed", outcome.suppressed), ("known before", outcome.known)):
        if number:
            yield name, f"{number:,}"
    if len(runs) > 1:
        yield "scripts run", str(len(runs))
    if len(runs) != 1:
        return
    record = runs[0].record
    yield "updates seen", f"{_updates(record):,}"
    every = layers(record)
    asked = [layer for layer in every if layer.asked]
    if asked:
        yield "layers with gradient", f"{sum(layer.reached for layer in asked)} of {len(asked)}"
    watched = [layer for layer in every if layer.moved is not None]
    if watched:
        yield "layers that moved", f"{sum(layer.moved is True for layer in watched)} of {len(watched)}"
    for _, values in courses(record):
        yield "loss", figure(values[0]) + (f" \u2192 {figure(values[-1])}" if len(values) > 1 else "")
        break
    if record.comparisons:
        yield "beside fit", _beside_fit(record)


def of_one(outcome: Outcome, run: Run) -> Headline:
    """The verdict on one of several scripts, with what was found in itself."""
    script = shown(Path(run.record.script))
    own = tuple(each for each in outcome.findings if shown(each.place.path) == script)
    return headline(Outcome(own), [run])


def _together(worst: Sequence[Finding]) -> str:
    files = len({each.place.path for each in worst})
    confirmed = sum(_kind(each) == "confirmed" for each in worst)
    told = f"{count(len(worst), 'finding')} in {count(files, 'file')}"
    return told + (f", {confirmed:,} confirmed by running" if confirmed else "")


def _updates(record: Record) -> int:
    """The updates that were seen; those of a `fit` and of every optimizer count."""
    return max(record.updates, sum(update.exception is None for update in record.applications))


def _begun(message: str) -> str:
    """A message as a sentence begins."""
    return message[:1].upper() + message[1:]


def _beside_fit(record: Record) -> str:
    verdicts = {each.verdict for each in record.comparisons}
    if "differs" not in verdicts:
        return "the same" if "matches" in verdicts else "not compared"
    times = _factor(record)
    return "different" if times is None else f"{figure(times)} times"


def _failure(record: Record) -> str:
    name = shown(Path(record.script))
    if record.end == "unstarted":
        return f"`{name}` could not be run: {record.detail}"
    if record.exception is not None:
        where = f" on {record.exception.where.spot.told}" if record.exception.where else ""
        return f"`{name}` ends in `{record.exception.kind}`{where}"
    return f"`{name}` {ENDS[record.end][0]}" + (f": {record.detail}" if record.detail else "")


def _seen(worst: Sequence[Finding], runs: Sequence[Run]) -> str:
    """What the run itself shows of the worst finding, in numbers; nothing where only the finding can say it."""
    if len(runs) != 1 or _kind(worst[0]) not in ("confirmed", None):
        return ""
    rule = find(worst[0].rule)
    every = layers(runs[0].record)
    asked = [layer for layer in every if layer.asked]
    match rule.probe if rule else None:
        case "gradients-missing":
            return _share([layer for layer in asked if not layer.reached], asked, "got no gradient")
        case "weights-unchanged":
            watched = [layer for layer in every if layer.moved is not None]
            return _share([layer for layer in watched if not layer.moved], watched, "never moved")
        case "gradients-nonfinite" | "non-finite-values":
            broken = [layer for layer in asked if not layer.finite]
            return _share(broken, asked, "got a gradient that is not a number")
        case "loss-summed" | "target-not-scalar" | "update-differs-from-fit":
            return _times(runs[0].record)
    return ""


def _share(some: Sequence[Layer], every: Sequence[Layer], what: str) -> str:
    if not some:
        return ""
    return f"{len(some)} of {count(len(every), 'layer')} {what}"


def _times(record: Record) -> str:
    times = _factor(record)
    return "" if times is None else f"Every gradient is {figure(times)} times that of `fit`"


def _factor(record: Record) -> float | None:
    """How many times the gradients of `fit` those of the only step are; None where that is not what differs."""
    known = [factor(each) for each in record.comparisons]
    if len(known) != 1 or known[0] is None or not math.isfinite(known[0]) or abs(known[0] - 1) <= SAME:
        return None
    return known[0]


def _kind(finding: Finding) -> str | None:
    return finding.verdict.kind if finding.verdict else None
