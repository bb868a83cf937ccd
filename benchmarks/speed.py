"""tapelint against flake8 on the same files in the same run: time, memory, and how both grow with the files.

    python -m benchmarks.speed [--files 300] [--jobs 2] [--rounds 5] [--growth]

The files are those of the pinned packages that import tensorflow or keras, in an order that is the same everywhere and
mixes the packages. Both programs are given the same paths, print what they find, and use as many processes. They take
turns, so that a slow minute of the machine strikes both. flake8 lives in an environment of its own.
"""

import argparse
import hashlib
import os
import re
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.packages import Unavailable, cache, pinned, sources, unpacked

PEER = "flake8==7.3.0"
GROWTH = (100, 300, 1000, 3000)
_IMPORTS = re.compile(rb"^\s*(?:import|from)\s+(?:tensorflow|keras|tf_keras)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of a program: seconds on the clock and of the processors, and the memory of its largest process."""

    clock: float
    processor: float
    mebibytes: float


def chosen(count: int, home: Path) -> list[Path]:
    """So many files that import tensorflow or keras."""
    packages = home / "sources"
    found = [
        path
        for path in sources([unpacked(package, home) for package in pinned()])
        if path.suffix == ".py" and _IMPORTS.search(path.read_bytes())
    ]
    if len(found) < count:
        raise Unavailable(f"{count} files were wanted, and the packages have only {len(found)} of the kind")
    mixed = sorted(found, key=lambda path: hashlib.sha256(path.relative_to(packages).as_posix().encode()).hexdigest())
    return sorted(mixed[:count])


def peer(home: Path) -> Path:
    """The flake8 to compare with, installed when it is not there yet."""
    environment = home / "peers" / PEER
    program = environment / "bin" / "flake8"
    if not program.exists():
        venv.create(environment, with_pip=True, clear=True)
        install = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", PEER]
        subprocess.run([*install, "--disable-pip-version-check"], check=True)
    return program


def measured(command: Sequence[str], files: Sequence[Path]) -> Measurement:
    """One run of a program on files. Raises Unavailable when it neither finishes nor finds anything.

    The memory is at least what the process weighs that asks: Linux counts from the fork on.
    """
    started = time.perf_counter()
    # Run directly and waited for by hand: only that tells the memory of this program and its children alone.
    child = os.posix_spawn(
        command[0],
        [*command, *map(str, files)],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(child, 0)
    clock = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise Unavailable(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return Measurement(clock, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compared(files: Sequence[Path], rounds: int, jobs: int, home: Path) -> dict[str, list[Measurement]]:
    """The runs of both programs, which take turns at going first."""
    linting = ["check", "--isolated", "--no-cache", "--quiet", "--output-format=concise", f"--jobs={jobs}"]
    commands = {
        "tapelint": [sys.executable, "-m", "tapelint", *linting],
        "flake8": [str(peer(home)), "--isolated", f"--jobs={jobs}"],
    }
    runs: dict[str, list[Measurement]] = {name: [] for name in commands}
    for number in range(rounds):
        for name in list(commands) if number % 2 == 0 else reversed(list(commands)):
            runs[name].append(measured(commands[name], files))
    return runs


def told(files: Sequence[Path], runs: dict[str, list[Measurement]], jobs: int) -> str:
    """The medians of both programs and the median of the ratios, round by round."""
    lines = sum(path.read_bytes().count(b"\n") for path in files)
    clocks = [[run.clock for run in each] for each in runs.values()]
    work = [[run.processor for run in each] for each in runs.values()]
    rows = [
        f"  {name:9}{statistics.median(run.clock for run in each):8.2f} s"
        f"{statistics.median(run.processor for run in each):12.2f} s of processor"
        f"{max(run.mebibytes for run in each):10.0f} MiB in the largest process"
        for name, each in runs.items()
    ]
    ratio, cost = (statistics.median(a / b for a, b in zip(*each, strict=True)) for each in (clocks, work))
    head = f"{len(files)} files, {lines} lines, {jobs} processes, {len(clocks[0])} rounds"
    return "\n".join([head, *rows, f"  tapelint / flake8: {ratio:.2f} of the time, {cost:.2f} of the processor"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=300, help="how many files (default: 300)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes of each program")
    parser.add_argument("--rounds", type=int, default=5, help="how often each program runs (default: 5)")
    parser.add_argument("--growth", action="store_true", help=f"measure {', '.join(map(str, GROWTH))} files")
    parser.add_argument("--cache", type=Path, default=cache(), help="where packages and flake8 are kept")
    options = parser.parse_args()
    try:
        for count in GROWTH if options.growth else (options.files,):
            files = chosen(count, options.cache)
            print(told(files, compared(files, options.rounds, options.jobs, options.cache), options.jobs), flush=True)
    except Unavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
