"""The bank of programs for the comparison with `fit`: it is whole, its page agrees with it, and a few of them run."""

import ast
import dataclasses
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from benchmarks.parity import __main__ as command
from benchmarks.parity.bank import PROGRAMS, Misfit, Program, bank, chosen
from benchmarks.parity.measure import Outcome, judged, measured
from benchmarks.parity.table import GOAL, OPTIMIZERS, PAGE, Figures, rows, written
from tapelint.record import CauseName
from tests.probe.programs import nursery
from tests.probe.test_verdict import record

BANK = bank()
BROKEN = [program for program in BANK if program.planted]
CORRECT = [program for program in BANK if not program.planted]
# One for each stage of the comparison, under different optimizers, and the correct program of one of them.
TRIED = (
    "conv_digits",
    "conv_digits+no-reduction+no-training",
    "ratings_two_inputs+summed+no-penalties+no-training",
    "dense_flat+shifted-pairs",
    "train_step_override+no-penalties+adam",
)

SMALL = '"""A program."""\nrate = 1\n'
TWINS = """
optimizer = "SGD"
twins = [["faster"], ["faster", "adam"], ["adam"]]
[edits.faster]
causes = ["scaled-gradients"]
changes = [["rate = 1", "rate = 2"]]
[edits.adam]
optimizer = "Adam"
changes = [["A program", "Another program"]]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bank of one program and its twins."""
    (tmp_path / "small.py").write_text(SMALL)
    (tmp_path / "small.toml").write_text(TWINS)
    return tmp_path


class TestBank:
    def test_a_twin_is_its_program_with_edits(self, folder: Path) -> None:
        small, faster, both, adam = bank(folder)
        assert (small.name, small.text, small.planted, small.optimizer) == ("small", SMALL, frozenset(), "SGD")
        assert (both.name, both.optimizer, both.title) == ("small+faster+adam", "Adam", "A program")
        assert both.text == '"""Another program."""\nrate = 2\n'
        assert both.planted == faster.planted == {"scaled-gradients"}
        assert adam.planted == frozenset()

    @pytest.mark.parametrize(("found", "times"), [("rate = 3", 0), ("a", 2)])
    def test_an_edit_has_one_place(self, folder: Path, found: str, times: int) -> None:
        (folder / "small.toml").write_text(TWINS.replace("A program", found))
        with pytest.raises(Misfit, match=f"small, adam: '{found}' stands there {times} times"):
            bank(folder)

    def test_programs_are_chosen_by_name_or_with_their_twins(self, folder: Path) -> None:
        programs = bank(folder)
        assert chosen(programs, []) == chosen(programs, ["small+"]) == programs
        assert [each.name for each in chosen(programs, ["small", "small+adam"])] == ["small", "small+adam"]
        with pytest.raises(LookupError, match="no such program: large"):
            chosen(programs, ["small", "large"])

    def test_it_is_as_large_as_was_asked_for(self) -> None:
        assert len(BROKEN) >= 60
        assert len({program.base for program in CORRECT}) >= 20
        assert sum(len(program.planted) > 1 for program in BROKEN) >= 20
        for name in OPTIMIZERS:
            assert any(program.optimizer == name for program in BROKEN)
            assert any(program.optimizer == name for program in CORRECT)

    def test_all_programs_are_different_and_parse(self) -> None:
        assert len({program.name for program in BANK}) == len({program.text for program in BANK}) == len(BANK)
        for program in BANK:
            ast.parse(program.text)

    def test_every_file_and_every_edit_is_used(self) -> None:
        bases = {program.base for program in BANK}
        assert {path.stem for path in PROGRAMS.iterdir() if path.is_file()} == bases
        for base in bases:
            declared = tomllib.loads((PROGRAMS / f"{base}.toml").read_text(encoding="utf-8"))
            assert declared["edits"].keys() == {edit for names in declared["twins"] for edit in names}

    def test_what_is_planted_has_the_names_that_the_probe_uses(self) -> None:
        assert {cause for program in BANK for cause in program.planted} <= set(get_args(CauseName))


def outcome(program: Program, *causes: str, also: frozenset[str] = frozenset(), verdict: str = "differs") -> Outcome:
    return Outcome(program, verdict, frozenset(causes), also, ("because",))  # type: ignore[arg-type]


class TestMeasure:
    PLANTED = dataclasses.replace(BROKEN[0], planted=frozenset({"ascent", "clipped"}))

    @pytest.mark.parametrize(
        ("causes", "also", "right"),
        [
            (("ascent", "clipped"), frozenset(), True),
            (("ascent",), frozenset(), False),
            (("ascent", "clipped", "left-out"), frozenset(), False),
            (("ascent", "left-out"), frozenset({"clipped"}), True),
            (("ascent",), frozenset({"clipped"}), False),
            (("ascent", "clipped", "left-out"), frozenset({"clipped"}), False),
        ],
    )
    def test_what_is_named_right(self, causes: tuple[str, ...], also: frozenset[str], right: bool) -> None:
        assert outcome(self.PLANTED, *causes, also=also).right is right

    @pytest.mark.parametrize("verdict", ["matches", "differs", "unable"])
    def test_a_correct_program_has_to_match(self, verdict: str) -> None:
        assert outcome(CORRECT[0], verdict=verdict).right is (verdict == "matches")

    def test_one_update_that_differs_is_enough(self, folder: Path) -> None:
        program = bank(folder)[1]
        assert judged(program, record()).verdict == "unable"
        assert judged(program, record(end="raised", detail="of itself")).trouble == "raised: of itself"

    @pytest.mark.parametrize("name", TRIED)
    def test_a_program_of_the_bank_is_understood(self, name: str) -> None:
        (program,) = chosen(BANK, [name])
        found = measured(program, nursery())
        assert found.right, command.told(found, 0.0)


class TestPage:
    def test_it_tells_what_came_out(self) -> None:
        right, wrong = BROKEN[:2]
        outcomes = [outcome(right, *right.planted), outcome(wrong), outcome(CORRECT[0], verdict="matches")]
        figures = Figures.counted(outcomes)
        assert figures == Figures(planted=2, named=1, correct=1, matching=1, alarms=0)
        assert not figures.good
        page = written(outcomes)
        assert figures.told() in page
        assert [(row.name, row.right) for row in rows(page)] == [
            (CORRECT[0].name, True),
            (right.name, True),
            (wrong.name, False),
        ]

    def test_one_false_alarm_is_too_many(self) -> None:
        outcomes = [outcome(each, *each.planted) for each in BROKEN]
        assert Figures.counted(outcomes).good
        assert not Figures.counted([*outcomes, outcome(CORRECT[0])]).good

    def test_it_is_about_this_bank_and_counts_right(self) -> None:
        page = PAGE.read_text(encoding="utf-8")
        told = {row.name: row for row in rows(page)}
        assert list(told) == [program.name for program in (*CORRECT, *BROKEN)]
        for program in BANK:
            assert told[program.name].planted == program.planted
            assert told[program.name].optimizer == program.optimizer
        correct = [told[program.name] for program in CORRECT]
        broken = [told[program.name] for program in BROKEN]
        figures = Figures(
            planted=len(broken),
            named=sum(row.right for row in broken),
            correct=len(correct),
            matching=sum(row.right for row in correct),
            alarms=sum(row.said == "differs" for row in correct),
        )
        assert figures.told() in page
        assert figures.good, f"{GOAL:.0%} were to be named"


class TestCommand:
    def test_the_programs_can_be_had(self, tmp_path: Path) -> None:
        assert command.main(["--keep", str(tmp_path / "kept"), "dense_flat+"]) == 0
        kept = {path.stem: path.read_text() for path in (tmp_path / "kept").iterdir()}
        assert kept == {program.name: program.text for program in BANK if program.base == "dense_flat"}

    def test_a_stranger_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            command.main(["nobody"])
        assert "no such program: nobody" in capsys.readouterr().err

    def test_what_is_not_right_is_told_with_its_reason(self) -> None:
        text = command.told(Outcome(BROKEN[0], "unable", frozenset(), messages=("no loss was seen",)), 1.25)
        assert text.startswith("WRONG ")
        assert "no loss was seen" in text
