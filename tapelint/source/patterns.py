"""Patterns that name files, written as in `.gitignore`."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class BadPattern(ValueError):
    """A pattern that means nothing; the message quotes it."""


@dataclass(frozen=True)
class Patterns:
    """Patterns that count from the directory `root`; among those that match, the last one decides.

    A pattern without a slash names a file or directory at any depth, one with a slash counts from `root`, `!` takes
    back, and what lies below a matching directory matches too. Absolute paths below `root` are understood.
    """

    root: Path
    lines: tuple[str, ...]

    @classmethod
    def lenient(cls, root: Path, lines: Iterable[str]) -> "Patterns":
        """The patterns of a file that is not ours to complain about: bad ones are left out, as git does."""
        return cls(root, tuple(line for line in lines if _is_good(line)))

    def check(self) -> None:
        """Raises BadPattern for the first pattern that means nothing."""
        for line in self.lines:
            if not _is_good(line):
                raise BadPattern(f"`{line}` is not a valid pattern")

    def verdict(self, path: str, *, directory: bool = False) -> bool | None:
        """True: `path` is named. False: it is taken back with `!`. None: no pattern speaks of it."""
        include = None
        if self._spec is not None:
            relative = self._relative(path)
            include = self._spec.check_file(relative + "/" if directory else relative).include
        if include is None and not self._names.isdisjoint(self._relative(path).split("/")):
            return True
        return include

    def matches(self, path: str, *, directory: bool = False) -> bool:
        """Whether `path` is named and not taken back."""
        return self.verdict(path, directory=directory) is True

    def apart_from(self, directory: str) -> "Patterns":
        """The patterns that do not already name `directory`: those which still count below it once it was asked for."""
        if not self._contains(directory) or not self.matches(directory, directory=True):
            return self
        kept = (line for line in self.lines if not Patterns(self.root, (line,)).matches(directory, directory=True))
        return Patterns(self.root, tuple(kept))

    @cached_property
    def _names(self) -> frozenset[str]:
        """The patterns that are plain names: the usual case, which needs no pattern engine."""
        return frozenset(filter(_is_plain, self.lines))

    @cached_property
    def _spec(self) -> "GitIgnoreSpec | None":
        rest = [_anchored(line, self.root) for line in self.lines if not _is_plain(line)]
        return _compile(rest) if rest else None

    @cached_property
    def _prefix(self) -> str:
        return str(self.root).rstrip(os.sep) + os.sep

    def _contains(self, path: str) -> bool:
        return path.startswith(self._prefix)

    def _relative(self, path: str) -> str:
        # Outside the root only patterns for any depth make sense; they see the whole path.
        relative = path[len(self._prefix) :] if self._contains(path) else path.lstrip(os.sep)
        return relative.replace(os.sep, "/")


def _is_plain(line: str) -> bool:
    return not any(character in "*?[]!#/\\ " for character in line)


def _anchored(line: str, root: Path) -> str:
    """The pattern as git would write it: absolute paths and a leading `./` become patterns that count from the root."""
    sign, pattern = ("!", line[1:]) if line.startswith("!") else ("", line)
    home = root.as_posix().rstrip("/") + "/"
    if pattern.startswith(home):
        return sign + "/" + pattern[len(home) :]
    return sign + "/" + pattern[2:] if pattern.startswith("./") else line


def _compile(lines: Iterable[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def _is_good(line: str) -> bool:
    if _is_plain(line):
        return True
    try:
        _compile([line])
    except ValueError:
        return False
    return True
