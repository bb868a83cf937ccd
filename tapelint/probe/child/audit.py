"""The guard that speaks: denies, and puts on record, what Python code tries to do outside of the private directory.

It is no boundary, since C++ does not ask it. That is what landlock is for; this one gives the messages and the lines.
"""

import builtins
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tapelint.record import Guard

Deny = Callable[[str, str], None]

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

NETWORK = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
NETWORK |= {"socket.sendto", "socket.sendmsg"}

PROCESSES = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "pty.spawn",
}

PATHS: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.chflags": ((0, None),),
    "os.utime": ((0, 3),),
    "os.setxattr": ((0, None),),
    "os.removexattr": ((0, None),),
    "shutil.rmtree": ((0, 1),),
}
"""The events that change something in the file system: which arguments are paths, and the folder each starts from."""

FOLLOWING = {"os.chmod", "os.chown", "os.truncate", "os.utime", "os.setxattr", "os.removexattr", "os.chflags"}
"""Those that act on what a link points to; the others act on the link itself."""

WRITABLE_DEVICES = ("/dev/null", "/dev/full", "/dev/zero")

DELETING = {"os.remove", "os.rmdir", "shutil.rmtree"}


class Denied(PermissionError):
    """What the program gets when it tries something that the probe does not allow."""


class Audit:
    """The hook. It is asleep until the user's code begins, and when the probe itself is at work."""

    def __init__(self, private: str, record: Deny) -> None:
        self._private = os.path.realpath(private)
        self._record = record
        self._awake = False

    def begin(self) -> Guard:
        """Put the hook up, for good."""
        sys.addaudithook(self._hook)
        _close_side_doors(self._deny)
        builtins.input = _unanswered
        self._awake = True
        return Guard("audit hook", True, "denies network, processes, and writing outside, to Python code")

    def end(self) -> None:
        """Send it to sleep: the program is over."""
        self._awake = False

    def allowed(self, path: object, follow: bool = True, folder: int = -1) -> bool:
        """Whether the program may change what is at `path`, which may start from the open `folder`."""
        real = _real(path, follow, folder)
        return real == self._private or real.startswith((self._private + os.sep, *WRITABLE_DEVICES, "pipe:", "socket:"))

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._awake:
            return
        if event == "open":
            self._open(*arguments)
        elif event in PATHS:
            self._change(event, arguments)
        elif event in PROCESSES:
            self._deny("start a process", _text(arguments[0]) if arguments else event)
        elif event in NETWORK:
            self._network(event, arguments)
        elif event in ("os.kill", "os.killpg") and arguments[0] != os.getpid():
            self._deny("signal another process", str(arguments[0]))

    def _change(self, event: str, arguments: tuple[Any, ...]) -> None:
        for index, folder in PATHS[event]:
            start = arguments[folder] if folder is not None and folder < len(arguments) else -1
            if not self.allowed(arguments[index], event in FOLLOWING, -1 if start is None else start):
                self._deny(f"{'delete' if event in DELETING else 'change'} outside", _name(arguments[index]))

    def _open(self, path: object, mode: object, flags: object) -> None:
        if isinstance(mode, str):
            writes = not set("wax+").isdisjoint(mode)
        else:
            writes = isinstance(flags, int) and bool(flags & WRITE_FLAGS)
        if writes and not isinstance(path, int) and not self.allowed(path):
            self._deny("write outside", _text(path))

    def _network(self, event: str, arguments: tuple[Any, ...]) -> None:
        address = arguments[0] if event.startswith("socket.get") else arguments[-1]
        self._deny("use the network", _text(address))

    def _deny(self, action: str, target: str) -> None:
        self._record(action, target)
        raise Denied(f"the tapelint probe does not let a script {action}: {target}")


def _real(path: object, follow: bool, folder: int) -> str:
    if isinstance(path, int):
        return _open_file(path)
    name = os.fsdecode(os.fspath(path))  # type: ignore[call-overload]
    if folder >= 0:
        name = name if name.startswith("/") else f"{_open_file(folder)}/{name}"
    if follow:
        return os.path.realpath(name)
    parent, last = os.path.split(name.rstrip("/"))
    return f"{os.path.realpath(parent)}/{last}"


def _name(path: object) -> str:
    return _open_file(path) if isinstance(path, int) else _text(path)


def _open_file(descriptor: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return "unknown"


def _unanswered(prompt: object = "") -> str:
    raise EOFError(f"the tapelint probe has no keyboard to answer {prompt!r}")


def _close_side_doors(deny: Deny) -> None:
    # multiprocessing starts processes by this function, which raises no audit event.
    import _posixsubprocess

    def fork_exec(arguments: Any, *_: object) -> int:
        deny("start a process", _text(arguments))
        return -1

    _posixsubprocess.fork_exec = fork_exec


def _text(value: object) -> str:
    if isinstance(value, bytes | os.PathLike):
        value = os.fsdecode(value)
    if isinstance(value, list | tuple):
        value = " ".join(_text(item) for item in value)
    return str(value)[:200]
