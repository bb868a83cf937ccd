"""What the probe says of a program, beside what was planted in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.parity.bank import Program
from tapelint.probe.launch import run
from tapelint.probe.nursery import Nursery
from tapelint.record import Comparison, ParityVerdict, Record

SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the probe said of the updates of a program; `also` are the causes it could not tell from those it named."""

    program: Program
    verdict: ParityVerdict
    named: frozenset[str]
    also: frozenset[str] = frozenset()
    messages: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def right(self) -> bool:
        """Whether a correct program matches, and of a broken one exactly what was planted is named.

        One cause that the run cannot tell from another may stand for it, because both have the same effect.
        """
        planted = self.program.planted
        if not planted:
            return self.verdict == "matches"
        if self.verdict != "differs":
            return False
        return self.named == planted or (len(self.named) == len(planted) and planted <= self.named | self.also)


def measured(program: Program, nursery: Nursery | None) -> Outcome:
    """Run a program under the probe, in a directory of its own."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / f"{program.base}.py"
        script.write_text(program.text, encoding="utf-8")
        return judged(program, run(script, seconds=SECONDS, nursery=nursery))


def judged(program: Program, record: Record) -> Outcome:
    """What a record says of the program, in all places where it updates something."""
    comparisons = record.comparisons
    differing = [each for each in comparisons if each.verdict == "differs"]
    return Outcome(
        program,
        _verdict(comparisons),
        named=frozenset(cause for each in differing for cause in each.causes),
        also=frozenset(cause for each in differing for cause in each.also),
        messages=tuple(each.message for each in differing or comparisons if each.message),
        trouble=_trouble(record),
    )


def _verdict(comparisons: Sequence[Comparison]) -> ParityVerdict:
    """One update that differs is enough; one that matches is enough where none differs."""
    told = {each.verdict for each in comparisons}
    if "differs" in told:
        return "differs"
    return "matches" if "matches" in told else "unable"


def _trouble(record: Record) -> str:
    """Why the run says less than it should."""
    if record.end not in ("finished", "stopped"):
        said = record.exception.message if record.exception else record.detail
        return f"{record.end}: {said}"
    return "; ".join(record.troubles)
