"""What a run would do: the files that it would lint, and the settings that would hold."""

from pathlib import Path

from tapelint.cli.config import told
from tapelint.cli.guard import warn
from tapelint.cli.task import Task
from tapelint.report.address import shown
from tapelint.run.lint import discovered


def list_files(task: Task) -> None:
    """Prints the files that a run would lint, a line each."""
    found = discovered(_paths(task), task.hierarchy())
    for path, reason in found.unreadable.items():
        warn(f"{shown(path)}: {reason}")
    for path in found.files:
        print(shown(path))


def list_settings(task: Task) -> None:
    """Prints the settings that hold for the first path of a run."""
    print(told(Path.cwd() / _paths(task)[0], task.hierarchy()))


def _paths(task: Task) -> list[Path]:
    return list(task.paths) or [Path()]
