"""Following a run on a terminal: a bar for long runs, details for the curious."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tapelint.cli.guard import tell
from tapelint.report.address import shown
from tapelint.run.audience import Audience

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from tapelint.record import Record

# Seconds after which a run counts as long.
PATIENCE = 1.0


class Onlooker(Audience):
    """The person at the terminal, who wants to know that something happens when it takes long.

    Use it as a context: when it ends, the bar goes away.
    """

    def __init__(self, *, bar: bool, details: bool) -> None:
        self._bar = bar
        self._details = details
        self._files = self._done = 0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._shown: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> "Onlooker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._bar = False
            if self._timer:
                self._timer.cancel()
            if self._shown:
                self._shown[0].stop()

    def note(self, message: str) -> None:
        if self._details:
            tell(message)

    def begin(self, files: int) -> None:
        self._files = files
        if self._bar and files:
            self._timer = threading.Timer(PATIENCE, self._show)
            self._timer.daemon = True
            self._timer.start()

    def advance(self, files: int) -> None:
        with self._lock:
            self._done += files
            if self._shown:
                progress, task = self._shown
                progress.update(task, completed=self._done)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            if not self._bar:
                return
            progress = Progress(
                TextColumn("linting"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._shown = progress, progress.add_task("linting", total=self._files, completed=self._done)
            progress.start()


def onlooker(*, quiet: bool, verbose: bool) -> Onlooker:
    """Who follows this run: somebody at a terminal who did not ask for silence sees the bar."""
    return Onlooker(bar=sys.stderr.isatty() and not quiet and not verbose, details=verbose)


class Screen:
    """The bar over the runs of scripts, each as long as the updates it is to show."""

    def __init__(self, progress: "Progress", runs: int, steps: int) -> None:
        self._progress = progress
        self._task = progress.add_task("running", total=runs * steps, run=0, runs=runs)
        self._steps = steps
        self._done = 0

    def watch(self, script: Path, *, graph: bool) -> "Callable[[Record], None]":
        """Whom to tell how far the next run is."""
        from rich.markup import escape

        before, self._done = self._done, self._done + 1
        name = escape(shown(script)) + (" once more, compiled" if graph else "")
        self._progress.update(
            self._task, completed=before * self._steps, run=self._done, description=f"running {name}: starting"
        )

        def tell(record: "Record") -> None:
            made = min(record.updates, self._steps)
            what = _what_is_happening(record, self._steps)
            self._progress.update(
                self._task, completed=before * self._steps + made, description=f"running {name}: {what}"
            )

        return tell


def _what_is_happening(record: "Record", steps: int) -> str:
    if record.updates:
        return f"{record.updates} of {steps} updates" if record.updates <= steps else f"{record.updates} updates"
    return "no update yet" if "keras" in dict(record.versions) else "importing TensorFlow"


@contextmanager
def screening(runs: int, steps: int, *, quiet: bool) -> Iterator[Screen | None]:
    """Shows on a terminal how far the runs have come; None if nobody wants to know."""
    if quiet or not sys.stderr.isatty() or not runs:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(20),
        TextColumn("{task.fields[run]}/{task.fields[runs]}"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Screen(progress, runs, steps)
