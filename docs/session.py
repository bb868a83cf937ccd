"""A session on a terminal, as a page shows it: the files that the page gives, the commands, and what they print.

A block after a line such as `` `train.py`: `` is that file. In a `console` block a line that begins with `$ ` is a
command, and what follows it was printed. What Python itself writes to standard error is left out: there TensorFlow
speaks. `make tutorial` types all of it again and writes down what is printed today, on both pages that have sessions.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tapelint.source.markdown import Fence, fences

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.md"
FORMATS = ROOT / "docs" / "output-formats.md"
SILENCING = ROOT / "docs" / "suppressions.md"
PROMPT = "$ "
# The names under which a reader calls them, and what they are here.
_PROGRAMS = {"python": (), "tapelint": ("-m", "tapelint")}


def written(page: str) -> str:
    """The page with what its commands print today."""
    lines = page.splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        room = _Room(Path(folder))
        for fence, text in [(fence, room.told(fence)) for fence in fences(page)][::-1]:
            start = fence.line - 1
            lines[start : start + fence.text.count("\n")] = [text]
    return "".join(lines)


class _Room:
    """A folder to work in, where `tapelint` is the one of this checkout."""

    def __init__(self, folder: Path) -> None:
        self.desk = folder / "project"
        self.desk.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        for name, arguments in _PROGRAMS.items():
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *arguments])} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAPELINT", "PYTEST"))}
        kept.pop("FORCE_COLOR", None)
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        self.surroundings = kept | {
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "110",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }

    def told(self, fence: Fence) -> str:
        """What the block says once the work in it has been done."""
        if fence.language == "console":
            return "".join(self._typed(command) for command in _commands(fence))
        if fence.file:
            (self.desk / fence.file).write_text(fence.text, encoding="utf-8")
        return fence.text

    def _typed(self, command: str) -> str:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.desk,
            env=self.surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        told = done.stdout if command.startswith("python ") else done.stdout + done.stderr
        return f"{PROMPT}{command}\n{told}"


def _commands(fence: Fence) -> Iterator[str]:
    return (line.removeprefix(PROMPT) for line in fence.text.splitlines() if line.startswith(PROMPT))


def steady(page: str) -> str:
    """The page without the numbers that depend on how fast the machine is: how many steps a probe had the time for."""
    return re.sub(r".*\(confirmed: .*", lambda line: re.sub(r"[\d.]+", "…", line[0]), page)


if __name__ == "__main__":
    for page in (TUTORIAL, FORMATS, SILENCING):
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
