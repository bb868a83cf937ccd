"""Where a file is, as a reader is told: a short path for people, a URI for editors."""

import os
from pathlib import Path


def shown(path: Path) -> str:
    """The path relative to the working directory if it lies in there, with forward slashes on every system."""
    absolute = _absolute(path)
    working_directory = Path.cwd()
    if absolute.is_relative_to(working_directory):
        return absolute.relative_to(working_directory).as_posix()
    return absolute.as_posix()


def uri(path: Path) -> str:
    """The `file:` URI of the path."""
    return _absolute(path).as_uri()


def _absolute(path: Path) -> Path:
    # Not `resolve`: a reader who goes through a symbolic link wants to see the name that he used.
    return Path(os.path.normpath(Path.cwd() / path))
