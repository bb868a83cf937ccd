"""How often tapelint is right about code that nobody here wrote.

    python -m benchmarks.precision [--jobs N] [PACKAGE …]

Downloads the pinned packages, lints them with all default rules, and holds every warning and error against
adjudicated.toml, where a reader has said whether it is true. A finding without a verdict, a verdict without its finding
and a crash make the exit status 1. A run over all packages writes the figures into the README.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.packages import Package, Unavailable, cache, pinned, sources, unpacked
from benchmarks.verdicts import ROOT, Figures, Judgement, Key, judgements, publish

IMPORTS = re.compile(rb"^\s*(?:import|from)\s+(?:tensorflow|keras|tf_keras)\b", re.MULTILINE)
_LINES_AROUND = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One package as tapelint read it: how much of it deals with TensorFlow, what was found and what crashed."""

    package: Package
    folder: Path
    files: int
    lines: int
    findings: Mapping[Key, dict[str, Any]]
    crashes: Sequence[str]


def read(package: Package, home: Path, jobs: int) -> Reading:
    """Lint one package. Raises Unavailable when it cannot be had."""
    folder = unpacked(package, home)
    texts = [text for path in sources([folder]) if path.suffix == ".py" and IMPORTS.search(text := path.read_bytes())]
    command = [sys.executable, "-m", "tapelint", "check", "--isolated", "--no-cache", "--output-format=json"]
    command += [f"--jobs={jobs}", "."]
    # What is measured is this checkout.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    try:
        told = json.loads(run.stdout)
    except json.JSONDecodeError:
        return Reading(package, folder, len(texts), 0, {}, [f"exit status {run.returncode}: {run.stderr.strip()}"])
    troubles = told["summary"]["crashes"] + told["summary"]["failures"]
    return Reading(
        package,
        folder,
        len(texts),
        sum(text.count(b"\n") for text in texts),
        {_key(package, finding): finding for finding in told["findings"] if finding["severity"] != "info"},
        [f"{each['path']}: {each.get('error') or each['reason']}" for each in troubles],
    )


def _key(package: Package, finding: Mapping[str, Any]) -> Key:
    place = finding["path"], finding["cell"] or 0, finding["start"]["line"]
    return Key(package.name, package.version, *place, finding["rule"])


def shown(reading: Reading, key: Key) -> str:
    """A finding with its code and the entry to fill in, so that a reader can judge it."""
    finding = reading.findings[key]
    entry = "\n".join(
        f"{name} = {json.dumps(value)}"
        for name in Key.__dataclass_fields__
        if (value := getattr(key, name)) or name != "cell"
    )
    return "\n".join(
        [
            f"{key.path}:{key.line} [{finding['severity']}] {key.rule}: {finding['message']}",
            *_code(reading.folder / key.path, finding),
            *(f"    {step.get('path', key.path)}:{step['line']} {step['message']}" for step in finding["trail"]),
            f'[[finding]]\n{entry}\nverdict = ""\nreason = ""\n',
        ]
    )


def _code(path: Path, finding: Mapping[str, Any]) -> list[str]:
    if finding["cell"]:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        lines = "".join(cells[finding["cell"] - 1]["source"]).splitlines()
    else:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    first, last = finding["start"]["line"] - _LINES_AROUND, finding["end"]["line"] + _LINES_AROUND
    return [f"{number:6} {line}" for number, line in enumerate(lines, 1) if first <= number <= last]


def compared(readings: Iterable[Reading], judged: Sequence[Judgement]) -> tuple[list[str], Figures]:
    """What does not agree with what readers have judged, and the figures of what does."""
    verdicts = {judgement.key: judgement.verdict for judgement in judged}
    complaints, packages, files, lines = [], 0, 0, 0
    seen: set[Key] = set()
    for reading in readings:
        packages, files, lines = packages + 1, files + reading.files, lines + reading.lines
        seen |= reading.findings.keys()
        counts = Counter(verdicts.get(key, "new") for key in reading.findings)
        complaints += [f"crash in {reading.package.title}: {crash}" for crash in reading.crashes]
        complaints += [shown(reading, key) for key in sorted(reading.findings) if key not in verdicts]
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        print(
            f"{reading.package.title:42}{reading.files:6} files{reading.lines:9,} lines  {kinds or 'nothing'}",
            flush=True,
        )
    complaints += [
        f"stale verdict: {key.package} {key.version} {key.path}:{key.line} {key.rule} is not found any more"
        for key in sorted(verdicts.keys() - seen)
    ]
    return complaints, Figures.counted(packages, files, lines, (verdicts[key] for key in seen & verdicts.keys()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PACKAGE", help="read only these (default: all)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes of tapelint")
    parser.add_argument("--cache", type=Path, default=cache(), help="where packages are kept")
    options = parser.parse_args()
    chosen = [package for package in pinned() if not options.names or package.name in options.names]
    wanted = {package.name for package in chosen}
    if unknown := set(options.names) - wanted:
        sys.exit(f"not among the pinned packages: {', '.join(sorted(unknown))}")
    judged = [judgement for judgement in judgements() if not options.names or judgement.key.package in wanted]
    try:
        complaints, figures = compared((read(package, options.cache, options.jobs) for package in chosen), judged)
    except Unavailable as error:
        sys.exit(str(error))
    print(f"\n{figures.told()}\n")
    print(*complaints, sep="\n\n")
    if complaints:
        sys.exit(1)
    if not options.names:
        publish(figures)


if __name__ == "__main__":
    main()
