"""Where a file is, as a reader is told: a short path for people, a URI for editors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tapelint.finding import Place

if TYPE_CHECKING:  # a large module, which linting does without
    from tapelint.record import Caller, Site


def shown(path: Path) -> str:
    """The path relative to the working directory if it lies in there, with forward slashes on every system."""
    absolute = _absolute(path)
    working_directory = Path.cwd()
    if absolute.is_relative_to(working_directory):
        return absolute.relative_to(working_directory).as_posix()
    return absolute.as_posix()


def coordinates(place: Place) -> str:
    """Where a place begins, as one writes it behind the file's name: `:4:9`, in a notebook `:cell 3:4:9`."""
    start = place.span.start
    return (f":cell {place.cell}" if place.cell else "") + f":{start.line}:{start.column}"


def line(where: Site | Caller) -> str:
    """A line, as a reader finds it: `train.py:4`, in a notebook `train.ipynb:cell 3:4`."""
    return shown(Path(where.path)) + (f":cell {where.cell}" if where.cell else "") + f":{where.line}"


def uri(place: Place) -> str:
    """The `file:` URI of the file that a place is in; of a notebook's cell, with a fragment that names it."""
    return _absolute(place.path).as_uri() + (f"#cell{place.cell}" if place.cell else "")


def _absolute(path: Path) -> Path:
    # Not `resolve`: a reader who goes through a symbolic link wants to see the name that he used.
    return Path(os.path.normpath(Path.cwd() / path))
