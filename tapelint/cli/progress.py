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


@contextmanager
def watching(script: Path, steps: int, *, quiet: bool) -> "Iterator[Callable[[Record], None] | None]":
    """Shows on a terminal how far a script has come. Gives whom to tell, or None if nobody wants to know."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape

    name = escape(shown(script))
    with Console(stderr=True).status(f"running {name}") as status:
        yield lambda record: status.update(f"running {name}: {record.updates} of {steps} updates")
