import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lsprotocol import types
from lsprotocol.converters import get_converter

from tapelint.finding import Place, Severity, TrailStep, Verdict
from tapelint.report import lsp
from tapelint.run.outcome import Outcome
from tapelint.source.span import Position, Span
from tests.report import specimens
from tests.report.programs import outcome, traced

SCHEMA = json.loads((Path(__file__).parent / "diagnostics.schema.json").read_text(encoding="utf-8"))


def published(run: Outcome) -> Any:
    """The parsed report, once it has been held against the schema."""
    parsed = json.loads(lsp.render(run))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(SCHEMA, format_checker=checker).validate(parsed)
    return parsed


def only(run: Outcome) -> Any:
    (params,) = published(run)
    (diagnostic,) = params["diagnostics"]
    return diagnostic


def spot(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def test_a_diagnostic_says_what_where_and_why() -> None:
    diagnostic = only(outcome("import keras\nx = «grads»\n"))
    assert diagnostic["range"] == {"start": spot(1, 4), "end": spot(1, 9)}
    assert diagnostic["code"] == "TL101"
    assert diagnostic["source"] == "tapelint"
    assert diagnostic["message"] == "`model` is never updated [gradients-not-applied]"
    assert diagnostic["codeDescription"]["href"].endswith("/rules/gradients-not-applied.html")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("é = «x»", 4, 5),
        ("漢 = «x»", 4, 5),
        ("'\N{ROCKET}', «x»", 6, 7),
        ("«'\N{ROCKET}\N{ROCKET}'»", 0, 6),
        ("\t«x»", 1, 2),
    ],
)
def test_columns_count_utf_16_code_units(text: str, start: int, end: int) -> None:
    assert only(outcome(text))["range"] == {"start": spot(0, start), "end": spot(0, end)}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_the_protocol_says(ending: str) -> None:
    run = outcome("a\nb\n'\N{ROCKET}' + «c»\n")
    (document,) = run.documents.values()
    text = document.text.replace("\n", ending)
    run = dataclasses.replace(run, documents={document.path: dataclasses.replace(document, text=text)})
    assert only(run)["range"]["start"] == spot(2, 7)


@pytest.mark.parametrize(("severity", "number"), [("error", 1), ("warning", 2), ("info", 3)])
def test_severities_are_numbers(severity: Severity, number: int) -> None:
    assert only(outcome("«x»", severity=severity))["severity"] == number


def test_the_trail_is_related_information() -> None:
    related = only(traced("«a» = 1\n'\N{ROCKET}', «b»\n", "made here"))["relatedInformation"]
    (step,) = related
    assert step["message"] == "1. made here"
    assert step["location"]["uri"] == (Path.cwd() / "train.py").as_uri()
    assert step["location"]["range"] == {"start": spot(1, 6), "end": spot(1, 7)}


def test_a_step_in_another_file_points_there() -> None:
    run = outcome("«a»")
    here = Position(7, 3)
    step = TrailStep(Place(Path("my lib/steps.py"), Span(here, here)), "made there")
    (told,) = only(run.with_findings((dataclasses.replace(run.findings[0], trail=(step,)),)))["relatedInformation"]
    assert told["location"]["uri"] == Path.cwd().as_uri() + "/my%20lib/steps.py"
    assert told["location"]["range"]["start"] == spot(6, 2)


def test_the_verdict_is_part_of_the_message() -> None:
    message = only(outcome("«x»", verdict=Verdict("refuted", "it moved")))["message"]
    assert message.splitlines()[1] == "refuted by the probe: it moved"


def test_a_needless_suppression_is_shown_faded() -> None:
    assert only(outcome("«x»", rule="unused-suppression"))["tags"] == [1]
    assert only(outcome("«x»"))["tags"] == []


def test_each_file_has_its_own_set_in_order() -> None:
    first, second = outcome("«x» «y»", path=Path("a.py")), outcome("«x»", path=Path("b.py"))
    run = dataclasses.replace(first, findings=(*first.findings, *second.findings))
    told = published(run)
    assert [Path(params["uri"]).name for params in told] == ["a.py", "b.py"]
    assert [len(params["diagnostics"]) for params in told] == [2, 1]


def test_the_library_of_clients_understands_all_of_it() -> None:
    converter = get_converter()
    run = specimens.everything()
    read = [converter.structure(params, types.PublishDiagnosticsParams) for params in json.loads(lsp.render(run))]
    assert sum(len(params.diagnostics) for params in read) == len(run.findings)
    first = read[0].diagnostics[0]
    assert first.severity is types.DiagnosticSeverity.Error
    assert first.range.start == types.Position(line=0, character=10)
    assert first.related_information is not None
    assert [related.location.range.start.line for related in first.related_information] == [0, 6]


def test_nothing_found_is_an_empty_list() -> None:
    assert published(Outcome(files=3)) == []
