from pathlib import Path

from tapelint.finding import Verdict
from tapelint.report import grouped
from tapelint.run.outcome import Outcome
from tests.report import specimens
from tests.report.programs import outcome


def test_findings_stand_under_their_file_with_their_codes_in_a_column() -> None:
    text = "«x»\n" + "\n" * 9 + "    «x»\n"
    assert grouped.render(outcome(text, path=Path("src/train.py"))).splitlines() == [
        "src/train.py:",
        "  1:1  TL101 [error] gradients-not-applied `model` is never updated",
        "  11:5 TL101 [error] gradients-not-applied `model` is never updated",
        "",
        "found 2 errors in 1 file",
    ]


def test_each_file_has_a_group_of_its_own() -> None:
    lines = grouped.render(specimens.everything(), total=False).splitlines()
    assert [line for line in lines if line.endswith(":")][1:] == ["study.ipynb:", "train.py:"]
    assert "  cell 2:3:6 TL101 [error] gradients-not-applied `w` is never updated" in lines


def test_the_verdict_ends_the_line() -> None:
    run = outcome("«x»", verdict=Verdict("confirmed", "4 of 4 variables identical"))
    assert grouped.render(run).splitlines()[1].endswith("never updated (confirmed: 4 of 4 variables identical)")


def test_a_finding_is_one_line_whatever_its_texts_hold() -> None:
    run = outcome("«x»", message="one\ntwo", path=Path("a\nb.py"), verdict=Verdict("unable", "three\r\nfour"))
    assert len(grouped.render(run, total=False).splitlines()) == 3


def test_colours_are_only_there_on_demand() -> None:
    run = outcome("«x»", severity="warning")
    assert "\x1b" not in grouped.render(run)
    assert "\x1b[1;33mTL101 [warning]" in grouped.render(run, colour=True)


def test_nothing_found_is_said() -> None:
    assert grouped.render(Outcome(files=3)) == "no findings in 3 files\n"
