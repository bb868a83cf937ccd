from pathlib import Path

from tapelint.finding import Verdict
from tapelint.report import concise
from tapelint.run.outcome import Outcome
from tests.report.programs import outcome


def test_a_finding_is_one_line() -> None:
    run = outcome("x = 1\nwith «tape»:\n    «pass»\n", message="`model` is never updated", path=Path("src/train.py"))
    assert concise.render(run).splitlines() == [
        "src/train.py:2:6: TL101 [error] gradients-not-applied `model` is never updated",
        "src/train.py:3:5: TL101 [error] gradients-not-applied `model` is never updated",
        "found 2 errors in 1 file",
    ]


def test_the_verdict_ends_the_line() -> None:
    run = outcome("«x»", verdict=Verdict("confirmed", "4 of 4 variables identical"))
    assert concise.render(run).splitlines()[0].endswith("never updated (confirmed: 4 of 4 variables identical)")


def test_a_finding_is_one_line_whatever_its_texts_hold() -> None:
    run = outcome("«x»", message="one\ntwo", path=Path("a\nb.py"), verdict=Verdict("unable", "three\r\nfour"))
    assert len(concise.render(run).splitlines()) == 3


def test_columns_count_characters() -> None:
    assert concise.render(outcome("'漢字\N{ROCKET}', «x»")).startswith("train.py:1:8: ")


def test_colours_are_only_there_on_demand() -> None:
    run = outcome("«x»", severity="warning")
    assert "\x1b" not in concise.render(run)
    assert "\x1b[1;33mTL101 [warning]" in concise.render(run, colour=True)


def test_nothing_found_is_said() -> None:
    assert concise.render(Outcome(files=3)) == "no findings in 3 files\n"


def test_the_total_can_be_left_out() -> None:
    assert len(concise.render(outcome("«x»"), total=False).splitlines()) == 1
