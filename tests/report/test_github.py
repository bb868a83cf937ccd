"""Workflow commands that the runner reads as they were meant."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint.finding import Severity, Verdict
from tapelint.report import github
from tapelint.report.ink import defuse
from tapelint.run.outcome import Outcome
from tests.report import specimens
from tests.report.programs import outcome, traced
from tests.report.runner import Command, read

OUTSIDE: dict[str, str] = {}


def commands(run: Outcome, environment: dict[str, str] | None = None) -> list[Command]:
    return [read(line) for line in github.render(run, environment or OUTSIDE).split("\n")[:-1]]


def only(run: Outcome) -> Command:
    (command,) = commands(run)
    return command


def test_an_annotation_says_where_and_what() -> None:
    command = only(outcome("import keras\nx = «grads»\n", path=Path("src/train.py")))
    assert command.name == "error"
    assert command.properties == {
        "file": "src/train.py",
        "line": "2",
        "endLine": "2",
        "col": "5",
        "endColumn": "10",
        "title": "tapelint TL101 gradients-not-applied",
    }
    first, *_, last = command.message.split("\n")
    assert first == "src/train.py:2:5: TL101 `model` is never updated"
    assert last.startswith("help: https://")


@pytest.mark.parametrize(("severity", "name"), [("error", "error"), ("warning", "warning"), ("info", "notice")])
def test_levels_have_commands_of_their_own(severity: Severity, name: str) -> None:
    assert only(outcome("«x»", severity=severity)).name == name


def test_there_are_no_columns_for_several_lines() -> None:
    properties = only(outcome("with «tape:\n    pass»\n")).properties
    assert (properties["line"], properties["endLine"]) == ("1", "2")
    assert not {"col", "endColumn"} & properties.keys()


def test_hostile_text_stays_text() -> None:
    first, second = commands(specimens.hostile())
    assert first.properties["file"] == specimens.HOSTILE.as_posix()
    assert second.message.split("\n")[0].endswith(" TL103 \N{SYMBOL FOR ESCAPE}[31mred\N{SYMBOL FOR NULL}")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_characters="\0/")))
def test_what_the_runner_reads_is_what_was_written(message: str, name: str) -> None:
    path = Path("in", f"x{name}x.py")
    command = only(outcome("«x»", message=message, path=path))
    assert command.properties["file"] == path.as_posix()
    assert command.message.split("\n")[0].endswith(f":1:1: TL101 {defuse(message)}")


def test_paths_count_from_the_checkout() -> None:
    environment = {"GITHUB_WORKSPACE": str(Path.cwd().parent)}
    (command,) = commands(outcome("«x»", path=Path("train.py")), environment)
    assert command.properties["file"] == f"{Path.cwd().name}/train.py"
    assert command.message.startswith("train.py:1:1: ")


def test_a_file_outside_of_the_checkout_is_named_in_full(tmp_path: Path) -> None:
    (command,) = commands(outcome("«x»", path=tmp_path / "train.py"), {"GITHUB_WORKSPACE": str(Path.cwd())})
    assert command.properties["file"] == (tmp_path / "train.py").as_posix()


def test_the_trail_and_the_fix_are_lines_of_the_message() -> None:
    lines = commands(specimens.hostile())[0].message.split("\n")
    assert (
        lines[2] == "2. passed here\N{SYMBOL FOR CARRIAGE RETURN}\N{SYMBOL FOR LINE FEED}and there (lib/steps.py:7:3)"
    )
    assert lines[3] == "fix: apply, with `opt`: 100% (unsafe)"
    assert only(traced("«a» = 1\n«b» = 2\n", "made here")).message.split("\n")[1] == "1. made here (train.py:2:1)"


def test_a_finding_in_a_notebook_is_on_the_lines_of_its_file() -> None:
    command = only(specimens.in_notebook())
    line = int(command.properties["line"])
    assert "tape.gradient(loss, w)" in specimens.BOOK_FILE.splitlines()[line - 1]
    assert "col" not in command.properties
    assert command.message.startswith("study.ipynb:cell 2:3:6: ")


def test_what_running_refutes_is_no_more_than_a_notice() -> None:
    command = only(specimens.judged("refuted"))
    assert command.name == "notice"
    assert command.message.split("\n")[1] == "refuted by running: all 4 variables moved"


def test_the_worst_comes_first_and_of_these_what_is_proved() -> None:
    parts = [
        outcome("«x»", severity="info", message="4"),
        outcome("«x»", severity="warning", message="3"),
        outcome("«x»", message="2"),
        outcome("«x»", message="1", verdict=Verdict("confirmed", "seen"), path=Path("z.py")),
    ]
    run = dataclasses.replace(parts[0], findings=tuple(finding for part in parts for finding in part.findings))
    assert [command.message.split("\n")[0][-1] for command in commands(run)] == ["1", "2", "3", "4"]


def test_a_notice_says_what_the_runner_does_not_show() -> None:
    run = outcome("«x» " * 13)
    told = commands(run)
    assert [command.name for command in told] == ["error"] * 13 + ["notice"]
    assert told[-1].message.startswith("3 errors more in the log of this step")
    assert len(commands(outcome("«x» " * 10))) == 10


def test_the_notice_is_among_the_first_ten() -> None:
    told = commands(outcome("«x» " * 11, severity="info"))
    assert len(told) == 12
    assert told[0].message.startswith("2 notes more in the log")


def test_files_that_were_not_linted_are_errors() -> None:
    crash, failure = commands(specimens.incomplete())
    assert (crash.name, crash.properties["file"]) == ("error", "c.py")
    assert (failure.properties["file"], failure.message) == (specimens.HOSTILE.as_posix(), "permission denied")


def test_nothing_found_is_nothing_to_say() -> None:
    assert github.render(Outcome(files=3), OUTSIDE) == ""
