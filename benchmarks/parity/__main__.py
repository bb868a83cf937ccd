"""Whether the probe names what was planted in training programs, and leaves correct ones alone.

    python -m benchmarks.parity [--keep FOLDER] [NAME …]

A NAME is that of a program, such as conv_digits or conv_digits+no-logits, or conv_digits+ for a program with all its
twins. Every program is run for a few steps. A correct one whose updates are not said to match those of `fit`, and less
than 95 % of the others named right, make the exit status 1. A run over all of them writes docs/parity.md.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.parity.bank import Program, bank, chosen
from benchmarks.parity.measure import Outcome, measured
from benchmarks.parity.table import PAGE, Figures, written
from tapelint.probe.nursery import nursery_for


def told(outcome: Outcome, seconds: float) -> str:
    """An outcome in a line, and in more of them where it is not what it should be."""
    said = ", ".join(sorted(outcome.named)) or outcome.verdict
    line = f"{'ok   ' if outcome.right else 'WRONG'} {outcome.program.name:52} {said:40} {seconds:5.1f} s"
    if outcome.right:
        return line
    planted = ", ".join(sorted(outcome.program.planted)) or "nothing"
    more = [f"planted: {planted}", *outcome.messages, *([outcome.trouble] if outcome.trouble else [])]
    return "\n".join([line, *(f"      {each}" for each in more)])


def measure(programs: Sequence[Program]) -> list[Outcome]:
    """Run all of them, one after the other, and say of each how it went."""
    outcomes = []
    with nursery_for(len(programs)) as nursery:
        for program in programs:
            started = time.monotonic()
            outcomes.append(measured(program, nursery))
            print(told(outcomes[-1], time.monotonic() - started), flush=True)
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only these (default: all)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the programs there, and run none")
    options = parser.parse_args(arguments)
    try:
        programs = chosen(bank(), options.names)
    except LookupError as error:
        parser.error(str(error))
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for program in programs:
            (options.keep / f"{program.name}.py").write_text(program.text, encoding="utf-8")
        return 0
    outcomes = measure(programs)
    figures = Figures.counted(outcomes)
    print(f"\n{figures.told()}")
    if not options.names:
        PAGE.write_text(written(outcomes), encoding="utf-8")
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main())
