"""Paths as a service for continuous integration wants them: from the root of what it has checked out."""

import os
from collections.abc import Mapping
from pathlib import Path

from tapelint.report.address import shown


def root(variable: str, environment: Mapping[str, str]) -> Path:
    """Where the checkout is, which the service says in this variable; elsewhere the working directory."""
    told = environment.get(variable)
    # The working directory has no links in it.
    return Path(os.path.realpath(told)) if told else Path.cwd()


def within(path: Path, root: Path) -> str:
    """The path from the root, if the file lies below it."""
    absolute = Path(os.path.normpath(Path.cwd() / path))
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else shown(path)
