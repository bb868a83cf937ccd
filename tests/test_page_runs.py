"""The pages are true: what a page says of its program is seen when TensorFlow runs it, and not in the corrected one."""

from pathlib import Path

import pytest

from tapelint.finding import Finding, Place
from tapelint.probe.launch import run
from tapelint.probe.observations import OF_GRAPHS
from tapelint.probe.verdict import judge
from tapelint.record import Record
from tapelint.run.expectations import disagreements, expectations
from tapelint.run.pages import SCRIPT, Program, programs
from tapelint.run.select import runs_only
from tapelint.source.span import Position, Span
from tests.linting import findings, write
from tests.probe.programs import nursery

OBSERVABLE = [program for program in programs() if program.rule.probe]
BROKEN = [program for program in OBSERVABLE if program.part == program.rule.name]
CORRECTED = [program for program in OBSERVABLE if program.part in ("Instead", "Fix")]
# What reading never finds, running has to find in every program of the page, or not.
FOUND_BY_RUNNING = [program for program in OBSERVABLE if runs_only(program.rule)]
BROKEN += [program for program in FOUND_BY_RUNNING if program.part == "Variations"]
CORRECTED += [program for program in FOUND_BY_RUNNING if program.part == "When it is right"]


def observed(program: Program, folder: Path) -> Record:
    write(program.files, folder)
    record = run(folder / SCRIPT, seconds=120, graph=program.rule.probe in OF_GRAPHS, nursery=nursery())
    assert record.end in ("finished", "stopped", "raised"), (record.end, record.detail, record.stderr)
    return record


def suspicions(program: Program, script: Path) -> list[Finding]:
    """Findings of the page's rule on every line of a file, for a run to say which of them are true."""
    lines = enumerate(program.files[script.name].splitlines(), start=1)
    spans = [Span(Position(number, 1), Position(number, len(line) + 1)) for number, line in lines if line.strip()]
    rule = program.rule
    return [Finding(rule.name, Place(script, span), rule.summary, rule.severity) for span in spans]


def confirmed(judged: list[Finding]) -> list[Finding]:
    """The findings that a run has proved, or made by itself."""
    return [each for each in judged if each.verdict is None or each.verdict.kind == "confirmed"]


@pytest.mark.parametrize("program", BROKEN, ids=str)
def test_a_broken_program_does_what_the_page_says(program: Program, tmp_path: Path) -> None:
    record = observed(program, tmp_path)
    rule = program.rule.name
    judged = [each for each in judge(findings(tmp_path).get(SCRIPT, []), record) if each.rule == rule]
    for name, text in program.files.items():
        promised = [each for each in expectations(text, rule) if each.rule == rule]
        here = [each for each in judged if each.place.path.name == name]
        assert disagreements(f"{rule}.md", promised if runs_only(program.rule) or name == SCRIPT else [], here) == []
    assert confirmed(judged) == judged
    # This is what the corrected program is asked below.
    assert any(confirmed(judge(suspicions(program, tmp_path / name), record)) for name in program.files)


@pytest.mark.parametrize("program", CORRECTED, ids=str)
def test_a_corrected_program_does_it_no_more(program: Program, tmp_path: Path) -> None:
    record = observed(program, tmp_path)
    assert record.end in ("finished", "stopped"), record.exception
    for name in program.files:
        assert confirmed(judge(suspicions(program, tmp_path / name), record)) == []
