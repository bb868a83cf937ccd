"""SARIF that the published schema accepts, that an independent reader understands, and that says what was found."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sarif.loader import load_sarif_file

from tapelint import catalog
from tapelint.finding import Fix, Place, Severity
from tapelint.report.sarif import log, places, rules
from tapelint.run.outcome import Outcome
from tapelint.source.document import Document
from tapelint.source.edit import Edit, edited
from tapelint.source.span import Position, Span
from tests.report import specimens
from tests.report.programs import marked, outcome, traced

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def run_of(outcome: Outcome) -> Any:
    """The only run in the report, once the report has been held against the schema."""
    report = json.loads(log.render(outcome))
    VALIDATOR.validate(report)
    (run,) = report["runs"]
    return run


def only(outcome: Outcome) -> Any:
    (result,) = run_of(outcome)["results"]
    return result


def physical(location: Any) -> tuple[str, Any]:
    """The file of a location, its URI resolved by hand, and the region."""
    there = location["physicalLocation"]
    return path_of(there["artifactLocation"]), there["region"]


def path_of(artifact: Any) -> str:
    parts = urlsplit(artifact["uri"])
    assert not (parts.scheme or parts.netloc or parts.query or parts.fragment), "the URI means something else"
    assert artifact["uriBaseId"] == "%SRCROOT%"
    return unquote_to_bytes(parts.path).decode()


def without_snippet(region: Any) -> Any:
    return {key: value for key, value in region.items() if key != "snippet"}


@pytest.mark.parametrize(
    "made", [specimens.hostile, specimens.in_notebook, specimens.incomplete, specimens.everything, Outcome]
)
def test_every_log_is_valid(made: Callable[[], Outcome]) -> None:
    run = run_of(made())
    assert len(run["results"]) == len(made().findings)


def test_the_schema_notices_what_is_wrong() -> None:
    report = json.loads(log.render(specimens.hostile()))
    report["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(report)


def test_a_reader_of_others_finds_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "report.sarif"
    path.write_text(log.render(specimens.everything()), encoding="utf-8")
    read = load_sarif_file(str(path))
    assert read.get_distinct_tool_names() == ["tapelint"]
    records = {
        (record["Location"], record["Line"], record["Severity"], record["Code"]) for record in read.get_records()
    }
    book, line = "study.ipynb", specimens.everything().documents[specimens.BOOK].file_lines[2][2]
    # What is refuted by running is suppressed, and the reader leaves it out or not as its user wants.
    assert (book, line, "error", "TL101") in records
    assert ("train.py", 2, "error", "TL101") in records
    assert {record["Code"] for record in read.get_records()} == {"TL101", "TL103"}
    assert len(read.get_results()) == 5


def test_columns_count_utf_16_code_units() -> None:
    run = run_of(specimens.hostile())
    assert run["columnKind"] == "utf16CodeUnits"
    path, region = physical(run["results"][0]["locations"][0])
    assert path == specimens.HOSTILE.as_posix()
    assert without_snippet(region) == {"startLine": 1, "startColumn": 11, "endLine": 1, "endColumn": 21}
    assert region["snippet"] == {"text": "grad(l, w)"}


def test_a_finding_over_two_lines_is_quoted_as_it_is() -> None:
    _, region = physical(run_of(specimens.hostile())["results"][1]["locations"][0])
    assert without_snippet(region) == {"startLine": 2, "startColumn": 6, "endLine": 3, "endColumn": 9}
    assert region["snippet"] == {"text": "tape:\n    pass"}


def test_paths_count_from_the_working_directory() -> None:
    run = run_of(outcome("«x»", path=Path("src/train.py")))
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": f"{Path.cwd().as_uri()}/"}}
    assert physical(run["results"][0]["locations"][0])[0] == "src/train.py"


def test_a_file_elsewhere_has_an_absolute_uri() -> None:
    location = only(outcome("«x»", path=Path("/else where/train.py")))["locations"][0]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "file:///else%20where/train.py"}


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1))
def test_every_name_comes_back_from_its_uri(name: str) -> None:
    path = Path("in", f"x{name}x", "train.py")
    assert path_of(places.artifact(path)) == path.as_posix()


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")), st.data())
def test_a_region_leads_back_to_its_text(line: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    span = Span(Position(1, start + 1), Position(1, end + 1))
    path = Path("train.py")
    location = places.location(Place(path, span), {path: Document(path, line, written={None: (line,)})})
    _, region = physical(location)
    units = line.encode("utf-16-le", "surrogatepass")
    quoted = units[2 * (region["startColumn"] - 1) : 2 * (region["endColumn"] - 1)]
    assert quoted.decode("utf-16-le", "surrogatepass") == line[start:end]


@pytest.mark.parametrize(("severity", "level"), [("error", "error"), ("warning", "warning"), ("info", "note")])
def test_severities_are_levels(severity: Severity, level: str) -> None:
    assert only(outcome("«x»", severity=severity))["level"] == level


def test_the_trail_is_a_code_flow() -> None:
    result = only(traced("«a» = 1\n«b» = 2\nc = «3»\n", "made here", "read here"))
    ((flow,),) = ([flow["threadFlows"]] for flow in result["codeFlows"])
    steps = [step["location"] for step in flow[0]["locations"]]
    assert [(step["message"]["text"], physical(step)[1]["startLine"]) for step in steps] == [
        ("made here", 2),
        ("read here", 3),
    ]
    assert [place["id"] for place in result["relatedLocations"]] == [1, 2]


def test_a_step_in_another_file_points_there() -> None:
    step = run_of(specimens.hostile())["results"][0]["relatedLocations"][1]
    path, region = physical(step)
    assert (path, region["startLine"], region["startColumn"]) == ("lib/steps.py", 7, 3)


def test_what_looks_like_a_link_is_none() -> None:
    message = run_of(specimens.hostile())["results"][0]["message"]["text"]
    assert message.startswith("`\\[w](x)` stays")


def test_a_fix_is_a_change_of_the_file() -> None:
    (fix,) = run_of(specimens.hostile())["results"][0]["fixes"]
    assert fix["description"]["text"] == "apply, with `opt`: 100% (unsafe)"
    (change,) = fix["artifactChanges"]
    assert path_of(change["artifactLocation"]) == specimens.HOSTILE.as_posix()
    told = [(each["deletedRegion"]["startColumn"], each["insertedContent"]["text"]) for each in change["replacements"]]
    assert told == [(11, "keep("), (21, ")\nopt.apply(g)")]


LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029«»"))


@settings(deadline=None)
@given(st.lists(LINES, min_size=3, max_size=9), st.lists(st.text("ab\n"), min_size=5, max_size=5))
def test_the_changes_do_what_the_edits_do(parts: list[str], new: list[str]) -> None:
    marks = "".join(f"«{part}»" if number % 2 else part for number, part in enumerate(parts))
    run, (text, spans) = outcome(marks), marked(marks)
    edits = tuple(sorted(Edit(span, replaced) for span, replaced in zip(spans, new, strict=False)))
    finding = dataclasses.replace(run.findings[0], fix=Fix("mend it", "safe", edits))
    (fix,) = only(run.with_findings((finding,)))["fixes"]
    (change,) = fix["artifactChanges"]
    assert changed(text, change["replacements"]) == edited(text, edits)


def changed(text: str, replacements: list[Any]) -> str:
    """The text after the replacements, made by somebody who counts UTF-16 code units."""
    rows = text.split("\n")
    starts = [sum(len(units(row)) + 2 for row in rows[:number]) for number in range(len(rows))]
    data = units(text)
    for each in reversed(replacements):
        region = each["deletedRegion"]
        start = starts[region["startLine"] - 1] + 2 * (region["startColumn"] - 1)
        end = starts[region["endLine"] - 1] + 2 * (region["endColumn"] - 1)
        data = data[:start] + units(each.get("insertedContent", {"text": ""})["text"]) + data[end:]
    return data.decode("utf-16-le")


def units(text: str) -> bytes:
    return text.encode("utf-16-le")


def test_new_lines_end_as_those_of_the_file_do() -> None:
    run = specimens.hostile()
    document = run.documents[specimens.HOSTILE]
    crlf = dataclasses.replace(document, text=document.text.replace("\n", "\r\n"))
    (fix,) = run_of(dataclasses.replace(run, documents={specimens.HOSTILE: crlf}))["results"][0]["fixes"]
    assert fix["artifactChanges"][0]["replacements"][1]["insertedContent"]["text"] == ")\r\nopt.apply(g)"


def test_a_finding_in_a_notebook_is_on_the_lines_of_its_file() -> None:
    result = only(specimens.in_notebook())
    (location,) = result["locations"]
    _, region = physical(location)
    line = specimens.BOOK_FILE.splitlines()[region["startLine"] - 1]
    assert "tape.gradient(loss, w)" in line
    assert region == {"startLine": region["startLine"], "endLine": region["startLine"]}
    assert location["logicalLocations"] == [{"name": "cell 2", "kind": "cell"}]
    assert result["properties"]["start"] == {"line": 3, "column": 6}
    assert "fixes" not in result


def test_a_refuted_finding_is_suppressed() -> None:
    result = only(specimens.judged("refuted"))
    assert result["level"] == "note"
    (suppression,) = result["suppressions"]
    assert suppression["status"] == "accepted"
    assert suppression["justification"] == "refuted by running: all 4 variables moved"


@pytest.mark.parametrize("kind", ["confirmed", "unreached", "unable"])
def test_a_verdict_is_told(kind: str) -> None:
    result = only(specimens.judged(kind))
    verdict = specimens.judged(kind).findings[0].verdict
    assert verdict is not None
    assert result["level"] == "error"
    assert "suppressions" not in result
    assert result["properties"]["probe"] == {"verdict": kind, "detail": verdict.detail}
    assert result["message"]["text"].endswith(f": {verdict.detail}")


def test_a_result_leads_to_its_rule() -> None:
    run = run_of(specimens.everything())
    listed = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in listed] == ["TL101", "TL103"]
    for result in run["results"]:
        assert listed[result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize("name", catalog.rules())
def test_github_is_told_what_it_wants_to_know_of_a_rule(name: str) -> None:
    (rule,) = run_of(outcome("«x»", rule=name))["tool"]["driver"]["rules"]
    assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
    assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")
    assert len(rule["properties"]["tags"]) <= 20
    assert 0 < len(rule["shortDescription"]["text"]) <= 1024
    assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    assert rule["helpUri"] in rule["help"]["text"]
    assert rule["helpUri"] in rule["help"]["markdown"]


def test_the_former_names_of_a_rule_are_told() -> None:
    renamed = dataclasses.replace(catalog.named("gradients-not-applied"), aliases=("no-update", "lost-gradients"))
    definition = {"$ref": "#/definitions/reportingDescriptor"} | {"definitions": SCHEMA["definitions"]}
    jsonschema.Draft202012Validator(definition).validate(rules.descriptor(renamed))
    assert rules.descriptor(renamed)["deprecatedNames"] == ["no-update", "lost-gradients"]


def test_fingerprints_tell_alike_findings_apart() -> None:
    results = run_of(outcome("«f()»\n«f()»\n"))["results"]
    assert len({result["partialFingerprints"]["tapelint/v1"] for result in results}) == 2


def test_what_could_not_be_linted_is_a_notification() -> None:
    run = run_of(specimens.incomplete())
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    skipped, unreadable, crash = invocation["toolExecutionNotifications"]
    assert (skipped["level"], unreadable["level"], crash["level"]) == ("note", "error", "error")
    there = unreadable["locations"][0]["physicalLocation"]["artifactLocation"]
    assert path_of(there) == specimens.HOSTILE.as_posix()
    assert crash["exception"] == {"kind": "KeyError", "message": "'x'", "properties": {"traceback": "Traceback …"}}


def test_nothing_found_is_an_empty_list() -> None:
    run = run_of(Outcome(files=3))
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]
