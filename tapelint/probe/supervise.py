"""Watches over the child: takes in what it says, and ends it, with everything it started, when its time is up."""

import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass

from tapelint.probe.journal import Ledger
from tapelint.probe.offspring import Child, Pens, Start
from tapelint.record import Record

STARTUP = 180.0
"""The seconds that importing TensorFlow may take, on a slow disk or a busy machine."""

GRACE = 8.0
"""The seconds after the script's time is up in which the child may end by itself, and write its last words."""

TAIL = 8_000
"""The characters of an output that are kept: the last ones."""

REPORTING = 0.2
"""The seconds between two reports to whoever watches."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How the process ended, what it said, and for how long the script was running, as seen from here."""

    ledger: Ledger
    code: int
    overran: bool
    interrupted: bool
    stdout: str
    stderr: str
    running: float = 0.0


def supervise(
    start: Start,
    *,
    seconds: float,
    empty: Record,
    watch: Callable[[Record], None] | None,
) -> Exit:
    """Start a child, and wait until it ends, or its time is up, or somebody interrupts."""
    with _Ears() as ears:
        try:
            child = start(ears.pens)
        except OSError as error:
            return Exit(
                Ledger(), 127, False, False, "", f"{error.filename or 'the child'} cannot be started: {error.strerror}"
            )
        finally:
            ears.listen_only()
        supervisor = _Supervisor(child, ears, seconds, empty, watch)
        interrupted = overran = False
        try:
            overran = not supervisor.wait()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            code = child.end()
        ears.drain()
        said = ears.text("stdout"), ears.text("stderr")
        return Exit(ears.ledger, code, overran, interrupted, *said, supervisor.running)


class _Ears:
    """The three pipes that come from the child. Of the outputs only the ends are kept, however long they are."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._tails = {"stdout": b"", "stderr": b""}
        self._selector = selectors.DefaultSelector()
        pipes = {name: os.pipe() for name in ("journal", "stdout", "stderr")}
        self._reading = [read for read, _ in pipes.values()]
        self.pens = Pens(**{name: write for name, (_, write) in pipes.items()})
        for name, (read, _) in pipes.items():
            os.set_blocking(read, False)
            self._selector.register(read, selectors.EVENT_READ, name)

    def __enter__(self) -> "_Ears":
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for pipe in self._reading:
            os.close(pipe)

    def listen_only(self) -> None:
        """The child has its own ends of the pipes by now."""
        for pen in (self.pens.journal, self.pens.stdout, self.pens.stderr):
            os.close(pen)

    @property
    def open(self) -> bool:
        """Whether anybody could still say something."""
        return bool(self._selector.get_map())

    def listen(self, timeout: float) -> bool:
        """Take in what has come, waiting for it at most so long. Says whether anything has."""
        events = self._selector.select(timeout)
        for key, _ in events:
            self._take(key)
        return bool(events)

    def drain(self) -> None:
        """Take in what is left. Somebody may still hold the other ends, so nobody waits."""
        while self.open and self.listen(0):
            pass

    def text(self, name: str) -> str:
        """The end of an output."""
        return self._tails[name].decode(errors="replace")[-TAIL:]

    def _take(self, key: selectors.SelectorKey) -> None:
        try:
            data = os.read(key.fd, 1 << 20)
        except BlockingIOError:
            return
        if not data:
            self._selector.unregister(key.fd)
        elif key.data == "journal":
            self.ledger.feed(data)
        else:
            self._tails[key.data] = (self._tails[key.data] + data)[-4 * TAIL :]


class _Supervisor:
    """The clock beside the ears."""

    def __init__(
        self,
        child: Child,
        ears: _Ears,
        seconds: float,
        empty: Record,
        watch: Callable[[Record], None] | None,
    ) -> None:
        self._child = child
        self._ears = ears
        self._seconds = seconds
        self._empty = empty
        self._watch = watch
        self._deadline = time.monotonic() + STARTUP
        self._begun = 0.0
        self._reported = 0.0

    def wait(self) -> bool:
        """Until the child has ended: True. False if its time was up first."""
        while self._child.poll() is None:
            if time.monotonic() > self._deadline:
                return False
            self._ears.listen(0.05)
            if self._ears.ledger.begun and not self._begun:
                self._begun = time.monotonic()
                self._deadline = time.monotonic() + self._seconds + GRACE
            self._report()
        return True

    @property
    def running(self) -> float:
        """For how many seconds the script has been running."""
        return time.monotonic() - self._begun if self._begun else 0.0

    def _report(self) -> None:
        now = time.monotonic()
        if self._watch is not None and now - self._reported > REPORTING:
            self._reported = now
            self._watch(self._ears.ledger.record(self._empty))
