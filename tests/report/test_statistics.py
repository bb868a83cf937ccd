import dataclasses
import json

from tapelint.report import statistics
from tapelint.run.outcome import Outcome
from tests.report import specimens
from tests.report.programs import outcome


def test_the_rules_are_counted_most_often_first() -> None:
    often = outcome("«x» " * 12, rule="unreduced-loss").findings
    first, second = outcome("«x» «x»", rule="forward-outside-tape"), outcome("«x» «x»", rule="loss-outside-tape")
    run = dataclasses.replace(first, findings=(*second.findings, *first.findings, *often))
    assert statistics.render(run).splitlines() == [
        "12  TL301  unreduced-loss",
        " 2  TL103  forward-outside-tape",
        " 2  TL104  loss-outside-tape",
    ]


def test_rules_with_a_fix_have_a_star() -> None:
    run = specimens.everything()
    assert statistics.render(run).splitlines() == [
        "4  TL101  [*] gradients-not-applied",
        "1  TL103      forward-outside-tape",
    ]


def test_programs_read_the_same() -> None:
    assert json.loads(statistics.for_programs(specimens.everything())) == [
        {"rule": "gradients-not-applied", "code": "TL101", "count": 4, "fixable": 2},
        {"rule": "forward-outside-tape", "code": "TL103", "count": 1, "fixable": 0},
    ]


def test_nothing_found_is_nothing_counted() -> None:
    assert statistics.render(Outcome(files=3)) == ""
    assert json.loads(statistics.for_programs(Outcome(files=3))) == []
