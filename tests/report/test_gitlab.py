"""GitLab's code quality report, as GitLab documents it."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tapelint.finding import Severity
from tapelint.report import gitlab
from tapelint.run.outcome import Outcome
from tests.report import specimens
from tests.report.programs import outcome

SCHEMA = json.loads((Path(__file__).parent / "gitlab.schema.json").read_text(encoding="utf-8"))


def issues(run: Outcome, environment: dict[str, str] | None = None) -> Any:
    """The parsed report, once it has been held against what GitLab asks for."""
    parsed = json.loads(gitlab.render(run, environment or {}))
    jsonschema.Draft202012Validator(SCHEMA).validate(parsed)
    prints = [issue["fingerprint"] for issue in parsed]
    assert len(set(prints)) == len(prints), "GitLab shows one of those that share a fingerprint"
    return parsed


def only(run: Outcome) -> Any:
    (issue,) = issues(run)
    return issue


def test_an_issue_says_what_and_where() -> None:
    issue = only(outcome("import keras\nx = «grads»\n", path=Path("src/train.py")))
    assert issue["description"] == "TL101: `model` is never updated"
    assert issue["check_name"] == "gradients-not-applied"
    positions = {"begin": {"line": 2, "column": 5}, "end": {"line": 2, "column": 10}}
    assert issue["location"] == {"path": "src/train.py", "positions": positions}


@pytest.mark.parametrize(("severity", "level"), [("error", "major"), ("warning", "minor"), ("info", "info")])
def test_severities_are_levels(severity: Severity, level: str) -> None:
    assert only(outcome("«x»", severity=severity))["severity"] == level


@pytest.mark.parametrize(
    ("kind", "level"), [("confirmed", "critical"), ("refuted", "info"), ("unreached", "major"), ("unable", "major")]
)
def test_what_running_says_counts(kind: str, level: str) -> None:
    issue = only(specimens.judged(kind))
    verdict = specimens.judged(kind).findings[0].verdict
    assert verdict is not None
    assert issue["severity"] == level
    assert issue["description"].endswith(f": {verdict.detail})")


def test_a_finding_in_a_notebook_is_on_the_lines_of_its_file() -> None:
    issue = only(specimens.in_notebook())
    line = issue["location"]["lines"]["begin"]
    assert "tape.gradient(loss, w)" in specimens.BOOK_FILE.splitlines()[line - 1]
    assert issue["description"] == "TL101: cell 2, line 3: `w` is never updated"


def test_findings_that_look_alike_have_fingerprints_of_their_own() -> None:
    assert len(issues(outcome("«f()»\n«f()»\n«f()»\n"))) == 3
    assert len(issues(specimens.everything())) == 5


def test_paths_count_from_the_checkout() -> None:
    (issue,) = issues(outcome("«x»", path=Path("train.py")), {"CI_PROJECT_DIR": str(Path.cwd().parent)})
    assert issue["location"]["path"] == f"{Path.cwd().name}/train.py"


def test_hostile_text_stays_text() -> None:
    first, second = issues(specimens.hostile())
    assert first["location"]["path"] == specimens.HOSTILE.as_posix()
    assert "\n" not in first["description"]
    assert "\x1b" not in second["description"]


def test_a_name_that_is_no_text_does_not_spoil_the_report() -> None:
    issue = only(outcome("«x»", path=Path(os.fsdecode(b"not\xffutf8.py"))))
    assert issue["location"]["path"] == "not\ufffdutf8.py"


def test_nothing_found_is_an_empty_list() -> None:
    assert issues(Outcome(files=3)) == []
