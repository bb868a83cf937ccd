"""A process that has imported TensorFlow once, and from which a child is forked for each script that is run.

A fork costs milliseconds where a new interpreter spends seconds on its imports. No child sees anything of another: each
begins with the memory of a process that has imported TensorFlow and done nothing with it, and confines itself before it
runs the script, as one that is an interpreter of its own does.
"""

import contextlib
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from tapelint.probe.lodging import lodging
from tapelint.probe.offspring import MARK, Pens, kill_group, kill_strays

AVAILABLE = sys.platform == "linux"
"""Elsewhere the libraries beneath TensorFlow do not survive a fork for certain."""

ENDED = b"ended "


class Nursery:
    """Runs one script at a time. The process starts with the first, and ends with the nursery or with its parent."""

    def __init__(self) -> None:
        self._rooms = contextlib.ExitStack()
        self._home = self._rooms.enter_context(lodging())
        self._process: _Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._stop()
        self._rooms.close()

    @property
    def private(self) -> Path:
        """Where the private directory of every run has to be: what was imported before them knows it by this name."""
        return self._home / "run"

    def bear(self, command: list[str], environment: Mapping[str, str], plan: str, pens: Pens) -> "Fork":
        """A child that follows the plan. The command and the environment are those of the process it is forked from."""
        if self._process is None or not self._process.suits(command, environment):
            self._stop()
            self._process = _Process(command, environment, self._home, pens)
        return Fork(self._process, plan, pens)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None


@contextlib.contextmanager
def nursery_for(scripts: int) -> Iterator[Nursery | None]:
    """A nursery, if this system can have one and there are several scripts to run."""
    if not AVAILABLE or scripts < 2:
        yield None
    else:
        with Nursery() as nursery:
            yield nursery


class _Process:
    """The process that children are forked from."""

    def __init__(self, command: list[str], environment: Mapping[str, str], directory: Path, pens: Pens) -> None:
        self._wanted = command, dict(environment)
        self.mark = uuid.uuid4().hex
        self.link, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            # What its imports say is told by the first child, with whose outputs it starts.
            self.popen = subprocess.Popen(
                [*command, str(other.fileno()), str(os.getpid())],
                cwd=directory,
                env={**environment, MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=pens.stdout,
                stderr=pens.stderr,
                pass_fds=(other.fileno(),),
                start_new_session=True,
            )

    def suits(self, command: list[str], environment: Mapping[str, str]) -> bool:
        """Whether it is alive, and what a new one would be."""
        return self._wanted == (command, environment) and self.popen.poll() is None

    def stop(self) -> None:
        """End it, and what it may have left."""
        if self.popen.poll() is None:
            kill_group(self.popen.pid)
            self.popen.wait()
        kill_strays(self.mark)
        self.link.close()


class Fork:
    """A child that is a fork of a process that has imported TensorFlow."""

    def __init__(self, process: _Process, plan: str, pens: Pens) -> None:
        self._process = process
        self._number: int | None = None
        self._code: int | None = None
        socket.send_fds(process.link, [plan.encode()], [pens.journal, pens.stdout, pens.stderr])

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        self._listen(socket.MSG_DONTWAIT)
        return self._code

    def end(self) -> int:
        """End it with everything it has started. Its number stays its own until then."""
        process = self._process
        if self._number is None:  # Still importing.
            process.stop()
        else:
            kill_group(self._number)
        while self._code is None:
            self._listen(0)
        kill_strays(process.mark, but=process.popen.pid)
        with contextlib.suppress(OSError):
            process.link.send(b"bury")
        return self._code

    def _listen(self, flags: int) -> None:
        """Take in what the process says: first the number of the child, and then how it ended."""
        if self._code is not None:
            return
        try:
            message = self._process.link.recv(64, flags)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if message.startswith(ENDED):
            self._code = int(message.removeprefix(ENDED))
        elif message:
            self._number = int(message)
        else:  # The process has died, and its children with it.
            self._code = self._process.popen.wait()
