"""The private directory of a run: a working directory that looks like the user's, and a home that is nobody's."""

import os
import shutil
import stat
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_ENTRIES = 2_000
MOST_BYTES = 32 << 20
LARGEST_FILE = 4 << 20
LINKED_WHOLE = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True, slots=True)
class Workspace:
    """The places in the private directory."""

    private: Path
    work: Path
    home: Path
    temporary: Path


@contextmanager
def workspace(*sources: Path) -> Iterator[Workspace]:
    """A private directory for as long as the context lasts, and gone afterwards.

    Its working directory shows what the `sources` contain, the first one first: small files as copies and folders as
    folders, so that they can be written to without anybody's loss; large files as links, which the confinement keeps
    from being written through.
    """
    private = Path(os.path.realpath(tempfile.mkdtemp(prefix="tapelint-probe-")))
    try:
        places = Workspace(private, private / "work", private / "home", private / "tmp")
        for place in (places.work, places.home, places.temporary):
            place.mkdir()
        _mirror(sources, places.work)
        yield places
    finally:
        _remove(private)


def _mirror(sources: tuple[Path, ...], work: Path) -> None:
    budget = _Budget()
    queue = deque((source, work) for source in sources)
    while queue:
        source, target = queue.popleft()
        for entry in _entries(source):
            copy = target / entry.name
            if os.path.lexists(copy):
                continue
            if entry.is_dir(follow_symlinks=False) and entry.name not in LINKED_WHOLE and budget.take_entry():
                copy.mkdir()
                queue.append((Path(entry.path), copy))
            elif not (entry.is_file(follow_symlinks=False) and budget.take_file(entry) and _copied(entry, copy)):
                copy.symlink_to(os.path.realpath(entry.path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _copied(entry: os.DirEntry[str], copy: Path) -> bool:
    try:
        shutil.copy2(entry.path, copy)
        copy.chmod(copy.stat().st_mode | stat.S_IWUSR)
    except OSError:
        copy.unlink(missing_ok=True)
        return False
    return True


class _Budget:
    """How much may be copied; the rest is linked."""

    def __init__(self) -> None:
        self.entries = MOST_ENTRIES
        self.bytes = MOST_BYTES

    def take_entry(self) -> bool:
        self.entries -= 1
        return self.entries >= 0

    def take_file(self, entry: os.DirEntry[str]) -> bool:
        try:
            size = entry.stat().st_size
        except OSError:
            return False
        if size > min(LARGEST_FILE, self.bytes):
            return False
        self.bytes -= size
        return self.take_entry()


def _remove(private: Path) -> None:
    def unlock(_function: object, path: str, _error: object) -> None:
        # The program may have taken its own rights away from a directory.
        for place in (Path(path).parent, Path(path)):
            if not place.is_symlink():
                place.chmod(stat.S_IRWXU)
        if Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)

    shutil.rmtree(private, onerror=unlock)
