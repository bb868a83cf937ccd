import dataclasses
import json as parser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tapelint.catalog import rules
from tapelint.finding import Fix, Place, TrailStep, Verdict
from tapelint.report import json
from tapelint.report.html.runs import Run
from tapelint.run.outcome import Crash, Outcome
from tapelint.run.select import runs_only
from tapelint.source.edit import Edit
from tapelint.source.span import Position, Span
from tests.report.programs import outcome, traced
from tests.report.runs import compiled, right

SCHEMA = parser.loads((Path(__file__).parent / "report.schema.json").read_text(encoding="utf-8"))


def report(run: Outcome) -> Any:
    """The parsed report, once it has been held against the schema."""
    parsed = parser.loads(json.render(run))
    jsonschema.validate(parsed, SCHEMA, cls=jsonschema.Draft202012Validator)
    return parsed


def only(run: Outcome) -> Any:
    (finding,) = report(run)["findings"]
    return finding


def test_a_finding_is_told_with_its_rule_and_its_place() -> None:
    finding = only(outcome("x = '漢\N{ROCKET}', «grads»", path=Path("src/train.py")))
    del finding["fingerprint"]
    assert finding == {
        "rule": "gradients-not-applied",
        "code": "TL101",
        "severity": "error",
        "confidence": rules()["gradients-not-applied"].precision,
        "message": "`model` is never updated",
        "path": "src/train.py",
        "cell": None,
        "start": {"line": 1, "column": 11},
        "end": {"line": 1, "column": 16},
        "trail": [],
        "evidence": {"static": True, "probe": None},
        "fix": None,
        "url": "https://tapelint.github.io/tapelint/rules/gradients-not-applied.html",
    }


def test_the_trail_is_told_step_by_step() -> None:
    finding = only(traced("«a» = 1\n«b» = 2\nc = «3»\n", "made here", "read here"))
    assert finding["trail"] == [
        {"line": 2, "column": 1, "message": "made here"},
        {"line": 3, "column": 5, "message": "read here"},
    ]


def test_a_step_in_another_file_names_it() -> None:
    run = outcome("«a»")
    here = Position(7, 3)
    step = TrailStep(Place(Path("lib/steps.py"), Span(here, here)), "made there")
    finding = only(run.with_findings((dataclasses.replace(run.findings[0], trail=(step,)),)))
    assert finding["trail"] == [{"path": "lib/steps.py", "line": 7, "column": 3, "message": "made there"}]


def test_the_verdict_is_evidence() -> None:
    finding = only(outcome("«x»", verdict=Verdict("confirmed", "4 of 4 variables identical")))
    assert finding["evidence"] == {
        "static": True,
        "probe": {"verdict": "confirmed", "detail": "4 of 4 variables identical"},
    }


@pytest.mark.parametrize("name", rules())
def test_only_what_a_run_finds_is_not_found_by_reading(name: str) -> None:
    finding = only(outcome("«x»", rule=name))
    assert finding["evidence"]["static"] is not runs_only(rules()[name])
    assert finding["code"] == rules()[name].code


def test_a_fix_is_told_as_edits() -> None:
    run = outcome("«x»")
    edit = Edit(Span(Position(1, 2), Position(1, 2)), ".y")
    fix = Fix("read `y`", "unsafe", (edit,))
    finding = only(run.with_findings((dataclasses.replace(run.findings[0], fix=fix),)))
    place = {"line": 1, "column": 2}
    assert finding["fix"] == {
        "title": "read `y`",
        "safety": "unsafe",
        "edits": [{"start": place, "end": place, "text": ".y"}],
    }


def test_the_cell_of_a_notebook_is_told() -> None:
    run = outcome("«x»", path=Path("train.ipynb"))
    place = dataclasses.replace(run.findings[0].place, cell=3)
    assert only(run.with_findings((dataclasses.replace(run.findings[0], place=place),)))["cell"] == 3


def test_the_summary_counts() -> None:
    run = outcome("«a» «b»")
    run = dataclasses.replace(
        run,
        findings=(*run.findings, *outcome("«a»", severity="warning", path=Path("b.py")).findings),
        files=9,
        suppressed=4,
        known=5,
        crashes=(Crash(Path("c.py"), "KeyError: 1", "Traceback …"),),
        failures={Path("d.py"): "no permission"},
        skipped={Path("e.ipynb"): "a notebook"},
    )
    assert report(run)["summary"] == {
        "files": 9,
        "errors": 2,
        "warnings": 1,
        "infos": 0,
        "suppressed": 4,
        "known": 5,
        "skipped": [{"path": "e.ipynb", "reason": "a notebook"}],
        "failures": [{"path": "d.py", "reason": "no permission"}],
        "crashes": [{"path": "c.py", "error": "KeyError: 1", "traceback": "Traceback …", "culprit": "tapelint"}],
    }


def test_runs_are_named_with_what_they_took() -> None:
    record = dataclasses.replace(right(), importing=1.5, running=2.5)
    parsed = parser.loads(json.render(outcome("«x»"), [Run(record, compiled())]))
    jsonschema.validate(parsed, SCHEMA, cls=jsonschema.Draft202012Validator)
    first, second = parsed["runs"]
    assert first == {
        "path": "train.py",
        "graph": False,
        "end": record.end,
        "detail": record.detail,
        "updates": record.updates,
        "seconds": record.seconds,
        "importing": 1.5,
        "running": 2.5,
    }
    assert second["graph"] is True


def fingerprints(run: Outcome) -> list[str]:
    return [finding["fingerprint"] for finding in report(run)["findings"]]


def test_a_fingerprint_outlives_moved_and_reindented_lines() -> None:
    before = fingerprints(outcome("«grads» = tape.gradient(loss, w)\n"))
    after = fingerprints(outcome("import os\n\nif os:\n    «grads»  =  tape.gradient(loss, w)\n"))
    assert before == after


def test_a_fingerprint_tells_rule_file_code_and_occurrence_apart() -> None:
    alike = fingerprints(outcome("«f()»\n«f()»\n«f()»\n"))
    others = [
        *fingerprints(outcome("«g()»\n")),
        *fingerprints(outcome("«f()»\n", rule="unreduced-loss")),
        *fingerprints(outcome("«f()»\n", path=Path("other.py"))),
    ]
    assert len({*alike, *others}) == 6


def test_a_new_finding_elsewhere_changes_no_fingerprint() -> None:
    assert fingerprints(outcome("«f()»\n")) == fingerprints(outcome("«g()»\n«f()»\n"))[1:]


def test_a_finding_whose_text_is_gone_is_still_told() -> None:
    run = dataclasses.replace(outcome("«x»"), documents={})
    assert only(run)["start"] == {"line": 1, "column": 1}
