"""What running the scripts says about the findings in them."""

import dataclasses
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tapelint.cli.progress import Screen, screening
from tapelint.run.outcome import Outcome

if TYPE_CHECKING:
    from tapelint.probe.evidence import Evidence
    from tapelint.probe.nursery import Nursery
    from tapelint.record import Record
    from tapelint.report.html.runs import Run

ORDERS = ("SIGTERM", "SIGHUP")


@dataclasses.dataclass(frozen=True)
class Trial:
    """How scripts are run: until so many updates, at most so many seconds, with or without a sign of life.

    `loss` names the one that their steps are meant to have, where they compute one of their own. `unconfined`: they are
    run even if this system cannot confine them.
    """

    steps: int
    seconds: float
    quiet: bool = False
    loss: str = ""
    unconfined: bool = False

    def run(
        self,
        arguments: Iterable[str],
        nursery: "Nursery | None",
        screen: Screen | None,
        script: Path,
        *,
        graph: bool = False,
        patient: bool = False,
    ) -> "Record":
        """What happened when the script was run under observation; with `graph`, what it compiles is compiled.

        With `patient`, it is run for longer, if its steps are quick.
        """
        from tapelint.probe import launch

        return launch.run(
            script,
            arguments=tuple(arguments),
            steps=self.steps,
            seconds=self.seconds,
            graph=graph,
            patient=patient,
            loss=self.loss,
            unconfined=self.unconfined,
            watch=screen.watch(script, graph=graph) if screen else None,
            nursery=nursery,
        )


def gather(outcome: Outcome, trial: Trial, others: Iterable[Path] = ()) -> "Evidence":
    """What running every script says that has a finding which can be tested, and `others`, until it is interrupted."""
    from tapelint.probe.evidence import Evidence

    evidence = Evidence(outcome)
    scripts = list(dict.fromkeys((*evidence.scripts, *others)))
    try_out(evidence, scripts, trial)
    return evidence


def try_out(
    evidence: "Evidence", scripts: list[Path], trial: Trial, arguments: Iterable[str] = (), *, thorough: bool = False
) -> None:
    """Run the scripts, and let the evidence hear what happened, until somebody interrupts."""
    from tapelint.probe.nursery import nursery_for

    runs = sum(2 if thorough or evidence.wants_graphs(script) else 1 for script in scripts)
    with _orders(), nursery_for(runs) as nursery, screening(runs, trial.steps, quiet=trial.quiet) as screen:
        try:
            for script in scripts:
                evidence.gather(script, partial(trial.run, arguments, nursery, screen), thorough=thorough)
                if evidence.interrupted:
                    break
        except KeyboardInterrupt:  # Between two runs.
            evidence.interrupted = True


@contextmanager
def _orders() -> Iterator[None]:
    """Ends in good order, as at a Ctrl-C, when this process is told to end or its terminal is closed."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    orders = [getattr(signal, name) for name in ORDERS if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupt) for number in orders}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def runs_of(evidence: "Evidence") -> "tuple[Run, ...]":
    """What was seen of each script that was run, as a report shows it."""
    from tapelint.report.html.runs import Run

    return tuple(Run(record, evidence.compiled.get(script)) for script, record in evidence.records.items())
