"""Watches over the child: takes in what it says, and ends it, with everything it started, when its time is up."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tapelint.probe.journal import Ledger
from tapelint.record import Record

STARTUP = 180.0
"""The seconds that importing TensorFlow may take, on a slow disk or a busy machine."""

GRACE = 8.0
"""The seconds after the script's time is up in which the child may end by itself, and write its last words."""

TAIL = 8_000
"""The characters of an output that are kept: the last ones."""

REPORTING = 0.2
"""The seconds between two reports to whoever watches."""

MARK = "TAPELINT_PROBE"
"""The environment variable by which processes are known that the child started and that have left its group."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How the process ended, and what it said."""

    ledger: Ledger
    code: int
    overran: bool
    interrupted: bool
    stdout: str
    stderr: str


def supervise(
    command: list[str],
    *,
    environment: dict[str, str],
    directory: Path,
    journal: tuple[int, int],
    seconds: float,
    empty: Record,
    watch: Callable[[Record], None] | None,
) -> Exit:
    """Run the command until it ends, or its time is up, or somebody interrupts."""
    mark = uuid.uuid4().hex
    read, write = journal
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(write,),
            start_new_session=True,
        )
    except OSError as error:
        os.close(read)
        return Exit(Ledger(), 127, False, False, "", f"{command[0]} cannot be started: {error.strerror}")
    finally:
        os.close(write)
    with process, _Ears(process, read) as ears:
        supervisor = _Supervisor(process, ears, seconds, empty, watch)
        interrupted = overran = False
        try:
            overran = not supervisor.wait()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            _end(process, mark)
        ears.drain()
        return Exit(ears.ledger, process.wait(), overran, interrupted, ears.text("stdout"), ears.text("stderr"))


class _Ears:
    """The three pipes that come from the child. Of the outputs only the ends are kept, however long they are."""

    def __init__(self, process: "subprocess.Popen[bytes]", journal: int) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.ledger = Ledger()
        self._tails = {"stdout": b"", "stderr": b""}
        self._journal = journal
        self._selector = selectors.DefaultSelector()
        pipes = (("journal", journal), ("stdout", process.stdout.fileno()), ("stderr", process.stderr.fileno()))
        for name, pipe in pipes:
            os.set_blocking(pipe, False)
            self._selector.register(pipe, selectors.EVENT_READ, name)

    def __enter__(self) -> "_Ears":
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        os.close(self._journal)

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
        process: "subprocess.Popen[bytes]",
        ears: _Ears,
        seconds: float,
        empty: Record,
        watch: Callable[[Record], None] | None,
    ) -> None:
        self._process = process
        self._ears = ears
        self._seconds = seconds
        self._empty = empty
        self._watch = watch
        self._deadline = time.monotonic() + STARTUP
        self._running = False
        self._reported = 0.0

    def wait(self) -> bool:
        """Until the process has ended: True. False if its time was up first."""
        while self._process.poll() is None:
            if time.monotonic() > self._deadline:
                return False
            self._ears.listen(0.05)
            if self._ears.ledger.begun and not self._running:
                self._running = True
                self._deadline = time.monotonic() + self._seconds + GRACE
            self._report()
        return True

    def _report(self) -> None:
        now = time.monotonic()
        if self._watch is not None and now - self._reported > REPORTING:
            self._reported = now
            self._watch(self._ears.ledger.record(self._empty))


def _end(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """End the process and whatever it has started, in its group or out of it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(3):  # A process may start another while we look.
        strays = _marked(mark)
        if not strays:
            return
        for stray in strays:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(stray, signal.SIGKILL)


def _marked(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found
