"""Which files to lint: the walk below what was named on the command line."""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.source.formats import SUFFIXES
from tapelint.source.gitignore import GitIgnores
from tapelint.source.patterns import Patterns

Exclusions = tuple[Patterns, ...]


class MissingPath(LookupError):
    """Paths that do not exist, though they were asked for."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        super().__init__("no such file or directory: " + ", ".join(f"`{path}`" for path in paths))
        self.paths = paths


@dataclass
class Discovery:
    """The files to lint, absolute and in order, and the directories that could not be read."""

    files: list[Path] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Which files are read wherever they are found: those whose names end so, and those that patterns name."""

    suffixes: tuple[str, ...] = SUFFIXES
    patterns: tuple[Patterns, ...] = ()

    def has(self, name: str, path: str) -> bool:
        """Whether the file at `path` is one of them."""
        return name.endswith(self.suffixes) or any(each.matches(path) for each in self.patterns)


USUAL = Wanted()


@dataclass(frozen=True)
class Limits:
    """What discovery leaves out, and what it is after: `excluded_in` and `wanted_in` tell it for each directory."""

    excluded_in: Callable[[Path], Exclusions]
    respect_gitignore: bool = True
    force_exclude: bool = False
    wanted_in: Callable[[Path], Wanted] = lambda _: USUAL


def discover(paths: Sequence[Path], limits: Limits) -> Discovery:
    """The files with Python in them below `paths`, each once. A file that is named itself counts whatever it is called.

    Links to directories are not followed, so that a link to a parent does no harm; links to files are.
    Raises MissingPath.
    """
    # Not resolve(): a file keeps the name by which it was asked for, links and all.
    asked = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100
    missing = tuple(path for path, place in zip(paths, asked, strict=True) if not os.path.lexists(place))
    if missing:
        raise MissingPath(missing)
    found = Discovery()
    files: set[Path] = set()
    for path in dict.fromkeys(asked):
        if limits.force_exclude and excluded(path, limits.excluded_in):
            continue
        if path.is_dir():
            files.update(_walk(str(path), limits, found))
        else:
            files.add(path)
    found.files = sorted(files)
    return found


def excluded(path: Path, excluded_in: Callable[[Path], Exclusions]) -> bool:
    """Whether `path`, or a directory above it, is excluded: what `--force-exclude` asks of files that are named."""
    return any(each.matches(str(path), directory=path.is_dir()) for each in excluded_in(path.parent))


def _walk(asked: str, limits: Limits, found: Discovery) -> Iterator[Path]:
    git = GitIgnores(asked) if limits.respect_gitignore else None
    still_counting = functools.cache(lambda exclusions: tuple(each.apart_from(asked) for each in exclusions))
    waiting = [asked]
    while waiting:
        directory = waiting.pop()
        exclusions = still_counting(limits.excluded_in(Path(directory)))
        wanted = limits.wanted_in(Path(directory))
        try:
            with os.scandir(directory) as entries:
                inside = list(entries)
        except OSError as error:
            found.unreadable[Path(directory)] = error.strerror or str(error)
            continue
        for entry in inside:
            is_directory = entry.is_dir(follow_symlinks=False)
            if not is_directory and not wanted.has(entry.name, entry.path):
                continue
            if any(each.matches(entry.path, directory=is_directory) for each in exclusions):
                continue
            if git is not None and git.ignores(entry.path, directory=is_directory):
                continue
            if is_directory:
                waiting.append(entry.path)
            elif _is_regular(entry):
                yield Path(entry.path)


def _is_regular(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself
        return False
