"""`tapelint check --watch`: the same run again whenever a file changes."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from tapelint.cli.guard import Refusal, complaint, tell
from tapelint.cli.task import Task
from tapelint.report.address import shown
from tapelint.run.config import FILE_NAMES
from tapelint.source.discover import MissingPath
from tapelint.source.formats import SUFFIXES

# How long a change of a configuration file above the watched directories may go unnoticed.
_MILLISECONDS = 250
_CLEAR = "\033[2J\033[H"
_NAMES = (*FILE_NAMES, ".gitignore")


def watch(task: Task) -> NoReturn:
    """Carries out a task, and again after every change, until somebody interrupts. What goes wrong is told."""
    for contradiction in _contradictions(task):
        raise Refusal(contradiction)
    roots = _roots(task.paths)
    changes = _changes(roots)
    next(changes)  # From here on nothing is missed.
    while True:
        if sys.stdout.isatty():
            print(_CLEAR, end="", flush=True)
        far = _Stamps(_carry_out(task), task, roots)
        where = ", ".join(f"`{shown(root)}`" for root in roots)
        tell(f"watching {where}; Ctrl-C ends it")
        while not next(changes) and not far.changed():
            pass


def _contradictions(task: Task) -> Iterator[str]:
    if task.reads_stdin:
        yield "`--watch` waits for files to change, and standard input is none"
    if task.diff or task.update_baseline or task.add_ignore is not None:
        yield "`--watch` only reports; leave out `--diff`, `--update-baseline` and `--add-ignore`"


def _roots(paths: Sequence[Path]) -> list[Path]:
    """The directories to watch: of a file the one it lies in, for it may import its neighbours. Raises MissingPath."""
    missing = tuple(path for path in paths if not path.exists())
    if missing:
        raise MissingPath(missing)
    asked = [Path.cwd() / path for path in paths] or [Path.cwd()]
    return list(dict.fromkeys(path if path.is_dir() else path.parent for path in asked))


def _carry_out(task: Task) -> frozenset[Path]:
    """Does the task once; returns the files beside the linted ones that it went by, as far as they are known."""
    hierarchy = None
    try:
        hierarchy = task.hierarchy()
        task.carry_out(hierarchy)
        return hierarchy.files | {path for path in (hierarchy.run.baseline,) if path}
    except BrokenPipeError:
        raise
    except Exception as error:  # whatever it is, the next change may mend it
        tell(f"error: {complaint(error)}")
        return hierarchy.files if hierarchy else frozenset()


def _changes(roots: list[Path]) -> Iterator[bool]:
    """Whether something that matters has changed since the last time of asking, which waits a moment for it."""
    try:
        from watchfiles import Change, DefaultFilter
        from watchfiles import watch as changes
    except ImportError:
        raise Refusal("`--watch` needs watchfiles: `python -m pip install 'tapelint[watch]'`") from None

    class Concern(DefaultFilter):
        """What a run may depend on, apart from what lies in directories that are nobody's work."""

        def __call__(self, change: Change, path: str) -> bool:
            return super().__call__(change, path) and (path.endswith(SUFFIXES) or Path(path).name in _NAMES)

    for changed in changes(*roots, watch_filter=Concern(), rust_timeout=_MILLISECONDS, yield_on_timeout=True):
        yield bool(changed)


class _Stamps:
    """The files that decide about a run and need not lie in a directory that is watched, and when they were written."""

    def __init__(self, known: Iterable[Path], task: Task, roots: Iterable[Path]) -> None:
        above = [folder / name for root in roots for folder in root.parents for name in FILE_NAMES]
        named = [Path(text) for text in task.config or () if "=" not in text]
        self._stamps = {path: _stamp(path) for path in (*above, *named, *known)}

    def changed(self) -> bool:
        return any(_stamp(path) != before for path, before in self._stamps.items())


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
