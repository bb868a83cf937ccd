"""`tapelint check --watch`: the same run again whenever a file changes."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from tapelint.cli.guard import Refusal, complaint, tell
from tapelint.cli.task import Task
from tapelint.report.address import shown
from tapelint.run.config import FILE_NAMES, ConfigError
from tapelint.run.hierarchy import Hierarchy
from tapelint.source.discover import USUAL, MissingPath

# How long a change of a configuration file above the watched directories may go unnoticed.
_MILLISECONDS = 250
_CLEAR = "\033[2J\033[H"
_NAMES = (*FILE_NAMES, ".gitignore")

Stamp = tuple[int, int] | None
"""When a file was written and how long it is; None if it is not there."""


def watch(task: Task) -> NoReturn:
    """Carries out a task, and again after every change, until somebody interrupts. What goes wrong is told."""
    for contradiction in _contradictions(task):
        raise Refusal(contradiction)
    interest = _Interest(task)
    changes = _changes(interest)
    next(changes)  # From here on nothing is missed.
    where = ", ".join(f"`{shown(root)}`" for root in interest.roots)
    while True:
        if sys.stdout.isatty():
            print(_CLEAR, end="", flush=True)
        before = interest.stamps()
        _carry_out(task, interest)
        before = interest.stamps() | before
        tell(f"watching {where}; Ctrl-C ends it")
        while not next(changes) and all(_stamp(path) == then for path, then in before.items()):
            pass


def _contradictions(task: Task) -> Iterator[str]:
    if task.reads_stdin:
        yield "`--watch` waits for files to change, and standard input is none"
    if task.diff or task.update_baseline or task.add_ignore is not None:
        yield "`--watch` only reports; leave out `--diff`, `--update-baseline` and `--add-ignore`"


def _carry_out(task: Task, interest: "_Interest") -> None:
    try:
        interest.hierarchy = task.hierarchy()
        task.carry_out(interest.hierarchy)
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever it is, the next change may mend it
        tell(f"error: {complaint(error)}")


def _changes(interest: "_Interest") -> Iterator[bool]:
    """Whether something that matters has changed since the last time of asking, which waits a moment for it."""
    try:
        from watchfiles import Change, DefaultFilter
        from watchfiles import watch as changes
    except ImportError:
        raise Refusal("`--watch` needs watchfiles: `python -m pip install 'tapelint[watch]'`") from None
    somebodys_work = DefaultFilter()

    def matters(change: Change, path: str) -> bool:
        # What is in a new directory before anybody looks there is not told one by one.
        is_new_directory = change == Change.added and Path(path).is_dir()
        return somebodys_work(change, path) and (is_new_directory or interest.has(Path(path)))

    for changed in changes(
        *interest.roots, watch_filter=matters, rust_timeout=_MILLISECONDS, yield_on_timeout=True, debounce=400
    ):
        yield bool(changed)


class _Interest:
    """The files that a run depends on. `hierarchy` are the settings that the last one went by.

    Raises MissingPath when it is made.
    """

    def __init__(self, task: Task) -> None:
        self.hierarchy: Hierarchy | None = None
        self.roots = _roots(task.paths)
        self._asked = frozenset(Path.cwd() / path for path in task.paths)
        above = (folder / name for root in self.roots for folder in root.parents for name in FILE_NAMES)
        self._apart = (*above, *(Path(text) for text in task.config or () if "=" not in text))

    def has(self, path: Path) -> bool:
        """Whether a file in one of the directories that are watched is linted, or says how to."""
        return path.name in _NAMES or path in self._asked or self._is_wanted(path)

    def stamps(self) -> dict[Path, Stamp]:
        """The files that matter and need not lie in a directory that is watched."""
        known = self.hierarchy.files if self.hierarchy else ()
        return {path: _stamp(path) for path in (*self._apart, *known, *self._baseline())}

    def _is_wanted(self, path: Path) -> bool:
        try:
            wanted = self.hierarchy.at(path.parent).wanted if self.hierarchy else USUAL
        except ConfigError:
            wanted = USUAL
        return wanted.has(path.name, str(path)) or USUAL.has(path.name, str(path))

    def _baseline(self) -> Iterator[Path]:
        try:
            file = self.hierarchy.run.baseline if self.hierarchy else None
        except ConfigError:
            return
        if file is not None:
            yield file


def _roots(paths: Sequence[Path]) -> list[Path]:
    """The directories to watch: of a file the one it lies in, for it may import its neighbours."""
    missing = tuple(path for path in paths if not path.exists())
    if missing:
        raise MissingPath(missing)
    asked = [Path.cwd() / path for path in paths] or [Path.cwd()]
    return list(dict.fromkeys(path if path.is_dir() else path.parent for path in asked))


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
