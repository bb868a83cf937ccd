"""What the `.gitignore` files of a repository say about a path."""

from pathlib import Path

from tapelint.source.patterns import Patterns


class GitIgnores:
    """The `.gitignore` files that count below one directory that was asked for, read as they are met.

    As in git they count inside a repository only, the file nearest to a path decides first, and nothing above the
    repository's root counts. Patterns which name the directory itself do not count: whoever asks for an ignored
    directory means it.
    """

    def __init__(self, asked: str) -> None:
        self._asked = asked
        self._known: dict[Path, tuple[Patterns, ...] | None] = {}

    def ignores(self, path: str, *, directory: bool) -> bool:
        """Whether git ignores `path`, which lies below the directory that was asked for."""
        for patterns in self._around(Path(path).parent) or ():
            verdict = patterns.verdict(path, directory=directory)
            if verdict is not None:
                return verdict
        return False

    def _around(self, directory: Path) -> tuple[Patterns, ...] | None:
        """The patterns that count in a directory, the nearest first; None outside any repository."""
        if directory not in self._known:
            self._known[directory] = self._collect(directory)
        return self._known[directory]

    def _collect(self, directory: Path) -> tuple[Patterns, ...] | None:
        above: tuple[Patterns, ...] | None = ()
        if not (directory / ".git").exists():
            above = self._around(directory.parent) if directory != directory.parent else None
        if above is None:
            return None
        own = Patterns.lenient(directory, _lines(directory / ".gitignore")).apart_from(self._asked)
        return (own, *above) if own.lines else above


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []
