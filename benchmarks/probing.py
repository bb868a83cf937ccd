"""What `tapelint check --probe` costs on many scripts, beside what cannot be saved: their steps, and two imports.

    python -m benchmarks.probing [--scripts 20] [--rounds 3]

The scripts are broken ones of the fixtures, in an order that is the same everywhere and mixes their kinds. How long
each of them ran, under observation, is what the report says; an import is that of TensorFlow and Keras in a process of
its own. Imports are timed before and after each round, so that a slow minute of the machine strikes both.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FIXTURES = Path(__file__).parent.parent / "fixtures"

IMPORTS = 2
"""The imports that are nobody's fault: one to run the scripts, and one for good measure."""

GOAL = 1.25
"""How many times that the whole may cost at most."""


class Failed(RuntimeError):
    """A round that measured nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round, in seconds: all of it, the steps of all scripts together, an import alone, and how many runs it had.

    `importing` is what the probe itself has spent on imports.
    """

    whole: float
    steps: float
    alone: float
    importing: float
    runs: int

    @property
    def ratio(self) -> float:
        """How many times the whole is what cannot be saved."""
        return self.whole / (self.steps + IMPORTS * self.alone)


def chosen(count: int) -> list[Path]:
    """So many scripts, whichever they are."""
    found = sorted((FIXTURES / "broken").glob("*.py"))
    if count > len(found):
        raise Failed(f"{count} scripts were wanted, and there are only {len(found)}")
    return sorted(sorted(found, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())[:count])


def imported() -> float:
    """The seconds that an interpreter takes to start and import TensorFlow and Keras."""
    began = time.perf_counter()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, "-c", "import tensorflow, keras"], check=True, env=environment, capture_output=True)
    return time.perf_counter() - began


def measured(scripts: Sequence[Path]) -> Round:
    """One round."""
    before = imported()
    began = time.perf_counter()
    command = [sys.executable, "-m", "tapelint", "check", "--probe", "--isolated", "--output-format=json"]
    told = subprocess.run([*command, *map(str, scripts)], capture_output=True, text=True, check=False)
    whole = time.perf_counter() - began
    after = imported()
    if told.returncode not in (0, 1):
        raise Failed(f"tapelint ended with {told.returncode}: {told.stderr.strip()[-500:]}")
    runs = json.loads(told.stdout).get("runs", [])
    if len({run["path"] for run in runs}) < len(scripts):
        raise Failed(f"only {len({run['path'] for run in runs})} of {len(scripts)} scripts were run")
    steps, importing = (sum(run[name] for run in runs) for name in ("running", "importing"))
    return Round(whole, steps, (before + after) / 2, importing, len(runs))


def told(rounds: Sequence[Round]) -> str:
    """The table of the rounds, and what they come to."""
    lines = ["round   steps   import   whole   whole / (steps + 2 imports)"]
    for number, each in enumerate(rounds, start=1):
        lines.append(f"{number:5}  {each.steps:5.1f}s  {each.alone:6.1f}s  {each.whole:5.1f}s   {each.ratio:.2f}")
    middle = statistics.median(each.ratio for each in rounds)
    words = "at most" if middle <= GOAL else "more than"
    return "\n".join([*lines, f"the median is {middle:.2f}, {words} the {GOAL} that it may be"])


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Time `tapelint check --probe` beside the steps of the scripts.")
    parser.add_argument("--scripts", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        scripts = chosen(options.scripts)
        rounds = []
        for number in range(1, options.rounds + 1):
            print(f"round {number}: {len(scripts)} scripts …", file=sys.stderr)
            rounds.append(measured(scripts))
    except Failed as error:
        sys.exit(f"error: {error}")
    print(f"{len(scripts)} scripts, {rounds[0].runs} runs")
    print(told(rounds))


if __name__ == "__main__":
    main()
