"""A process that has imported TensorFlow once and runs each program in a fork of itself.

Started as a script it reads one path a line and answers each with one line of JSON. A fork costs milliseconds where a
new process would spend seconds on its imports, and no program sees the variables, seeds or devices of another.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

SECONDS = 180
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONIOENCODING": "utf-8"}


@dataclass(frozen=True)
class Ending:
    """How a program ended, and all that it wrote. The status is negative if a signal ended it."""

    status: int
    output: str


class Forker:
    """The process, seen from the tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **_QUIET},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, program: Path) -> Ending:
        """Runs a program to its end, in a directory of its own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{program}\n")
        self._process.stdin.flush()
        return Ending(**json.loads(self._process.stdout.readline()))


def _serve(questions: TextIO, answers: TextIO) -> None:
    import tensorflow  # noqa: F401 - what every fork starts with

    for line in questions:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            child = os.fork()
            if child == 0:
                os._exit(_play(Path(line.strip()), folder, output))
            _, status = os.waitpid(child, 0)
            output.seek(0)
            answer = {"status": os.waitstatus_to_exitcode(status), "output": output.read()}
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()


def _play(program: Path, folder: str, output: TextIO) -> int:
    signal.alarm(SECONDS)
    os.dup2(output.fileno(), sys.stdout.fileno())
    os.dup2(output.fileno(), sys.stderr.fileno())
    os.chdir(folder)
    sys.argv = [str(program)]
    sys.path[0] = str(program.parent)
    try:
        runpy.run_path(str(program), run_name="__main__")
        status = 0
    except SystemExit as end:
        status = int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    _serve(sys.stdin, os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"))
