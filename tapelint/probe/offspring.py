"""The process that runs a script, as whoever supervises it knows it: told what to write to, watched, and ended."""

import contextlib
import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

MARK = "TAPELINT_PROBE"
"""The environment variable by which processes are known that a child started and that have left its group."""


@dataclass(frozen=True, slots=True)
class Pens:
    """The descriptors that a child writes to."""

    journal: int
    stdout: int
    stderr: int


class Child(Protocol):
    """A process that runs a script."""

    def poll(self) -> int | None:
        """How it ended, or None while it runs. The number of a signal that ended it is negative."""

    def end(self) -> int:
        """End it and whatever it has started, in its group or out of it. Says how it ended."""


Start = Callable[[Pens], Child]
"""Starts a child that writes to these. Raises OSError if that is not possible."""


class Interpreter:
    """A child that is an interpreter of its own."""

    def __init__(self, command: list[str], environment: Mapping[str, str], directory: Path, pens: Pens) -> None:
        self._mark = uuid.uuid4().hex
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env={**environment, MARK: self._mark},
            stdin=subprocess.DEVNULL,
            stdout=pens.stdout,
            stderr=pens.stderr,
            pass_fds=(pens.journal,),
            start_new_session=True,
        )

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    def end(self) -> int:
        """End it with everything it has started."""
        kill_group(self._process.pid)
        code = self._process.wait()
        kill_strays(self._mark)
        return code


def kill_group(leader: int) -> None:
    """Kill a process, and its group, which it leads or is about to."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(leader, signal.SIGKILL)


def kill_strays(mark: str, but: int | None = None) -> None:
    """Kill the processes that carry this mark, all but one."""
    for _ in range(3):  # A process may start another while we look.
        strays = [process for process in _marked(mark) if process != but]
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
