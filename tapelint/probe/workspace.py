"""The private directory of a run: a working directory that looks like the user's, and a home that is nobody's."""

import os
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tapelint.probe.lodging import lodging, remove

MOST_ENTRIES = 300
MOST_BYTES = 16 << 20
LARGEST_FILE = 1 << 20
LINKED_WHOLE = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True, slots=True)
class Workspace:
    """The places in the private directory."""

    private: Path
    work: Path
    home: Path
    temporary: Path


@contextmanager
def workspace(*sources: Path, at: Path | None = None) -> Iterator[Workspace]:
    """A private directory, `at` this place if one is given, for as long as the context lasts, and gone afterwards.

    Its working directory shows what the `sources` contain, the first one first: small files as copies and small folders
    as folders, so that they can be written to without anybody's loss; everything else as links, which the confinement
    keeps from being written through.
    """
    with lodging() if at is None else _made(at) as private:
        places = Workspace(private, private / "work", private / "home", private / "tmp")
        for place in (places.work, places.home, places.temporary):
            place.mkdir()
        _mirror(sources, places.work)
        yield places


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    try:
        yield folder
    finally:
        remove(folder)


def _mirror(sources: tuple[Path, ...], work: Path) -> None:
    budget = _Budget()
    queue = deque((_entries(source), work) for source in sources)
    while queue:
        entries, target = queue.popleft()
        for entry in entries:
            copy = target / entry.name
            if os.path.lexists(copy):
                continue
            inside = _entries(Path(entry.path)) if _is_folder(entry) else []
            if _is_folder(entry) and budget.take_entries(1 + len(inside)):
                copy.mkdir()
                queue.append((inside, copy))
            elif not (entry.is_file(follow_symlinks=False) and budget.take_file(entry) and _copied(entry, copy)):
                copy.symlink_to(os.path.realpath(entry.path))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and entry.name not in LINKED_WHOLE


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _copied(entry: os.DirEntry[str], copy: Path) -> bool:
    try:
        shutil.copyfile(entry.path, copy)
        times = entry.stat()
        os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
    except OSError:
        copy.unlink(missing_ok=True)
        return False
    return True


class _Budget:
    """How much may be copied; the rest is linked."""

    def __init__(self) -> None:
        self.entries = MOST_ENTRIES
        self.bytes = MOST_BYTES

    def take_entries(self, number: int) -> bool:
        if number > self.entries:
            return False
        self.entries -= number
        return True

    def take_file(self, entry: os.DirEntry[str]) -> bool:
        try:
            size = entry.stat().st_size
        except OSError:
            return False
        if size > min(LARGEST_FILE, self.bytes):
            return False
        self.bytes -= size
        return True
