"""The directories that runs have for themselves, and their end: by who made them, or, if that was killed, by the next.

Whoever made one holds a lock on it for as long as it lives, so that nobody else takes it for a thing left behind.
"""

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "tapelint-run-"

YOUNG = 60.0
"""The seconds in which a directory may be without a lock, because it has only just been made."""


@contextmanager
def lodging() -> Iterator[Path]:
    """A directory for as long as the context lasts, by its real name. What killed processes have left behind, goes."""
    _sweep()
    made = Path(os.path.realpath(tempfile.mkdtemp(prefix=PREFIX)))
    with _locked(made):
        try:
            yield made
        finally:
            remove(made)


def remove(folder: Path) -> None:
    """Remove a directory, even if a program has taken its own rights away from parts of it."""

    def unlock(_function: object, path: str, _error: object) -> None:
        for place in (Path(path).parent, Path(path)):
            if not place.is_symlink():
                place.chmod(stat.S_IRWXU)
        if Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)

    shutil.rmtree(folder, onerror=unlock)


def _sweep() -> None:
    for folder in Path(os.path.realpath(tempfile.gettempdir())).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            known = folder.lstat()
            if stat.S_ISDIR(known.st_mode) and known.st_uid == os.getuid() and time.time() - known.st_mtime > YOUNG:
                with _locked(folder):
                    remove(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a directory. Raises BlockingIOError if somebody else does."""
    import fcntl  # Not everywhere, and neither is the probe.

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
