"""reviewdog's format, read as reviewdog reads it."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseError
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint.finding import Fix, Severity
from tapelint.report import rdjson
from tapelint.run.outcome import Outcome
from tapelint.source.edit import Edit, edited
from tests.report import specimens
from tests.report.programs import marked, outcome
from tests.report.reviewdog import read

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029«»"))


def diagnostics(run: Outcome) -> list[Any]:
    return list(read(rdjson.render(run)).diagnostics)


def only(run: Outcome) -> Any:
    (diagnostic,) = diagnostics(run)
    return diagnostic


def columns(range: Any) -> tuple[int, int, int, int]:
    return range.start.line, range.start.column, range.end.line, range.end.column


@pytest.mark.parametrize("made", [specimens.hostile, specimens.in_notebook, specimens.everything, Outcome])
def test_every_report_is_read(made: Callable[[], Outcome]) -> None:
    result = read(rdjson.render(made()))
    assert result.source.name == "tapelint"
    assert len(result.diagnostics) == len(made().findings)


def test_the_reader_notices_what_it_does_not_know() -> None:
    with pytest.raises(ParseError):
        read('{"diagnostics": [{"text": "no such field"}]}')


def test_a_diagnostic_says_what_and_where() -> None:
    diagnostic = only(outcome("import keras\nx = «grads»\n", path=Path("src/train.py")))
    assert diagnostic.message == "`model` is never updated"
    assert diagnostic.location.path == "src/train.py"
    assert columns(diagnostic.location.range) == (2, 5, 2, 10)
    assert diagnostic.code.value == "TL101"
    assert diagnostic.code.url.startswith("https://")


@pytest.mark.parametrize(("severity", "number"), [("error", 1), ("warning", 2), ("info", 3)])
def test_severities_are_those_of_reviewdog(severity: Severity, number: int) -> None:
    assert only(outcome("«x»", severity=severity)).severity == number


def test_columns_count_bytes() -> None:
    assert columns(diagnostics(specimens.hostile())[0].location.range) == (1, 13, 1, 23)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_a_range_leads_back_to_its_text(before: str, inside: str) -> None:
    text = f"{before}«{inside}»"
    start, column, end, last = columns(only(outcome(text)).location.range)
    rows = marked(text)[0].encode().split(b"\n")
    rows = [rows[start - 1][column - 1 :], *rows[start:]] if end > start else [rows[start - 1][column - 1 : last - 1]]
    covered = rows[: end - start + 1]
    if end > start:
        covered[-1] = covered[-1][: last - 1]
    assert b"\n".join(covered).decode() == inside


def test_a_fix_of_several_edits_is_one_suggestion() -> None:
    (suggestion,) = diagnostics(specimens.hostile())[0].suggestions
    assert columns(suggestion.range) == (1, 13, 1, 23)
    assert suggestion.text == "keep(grad(l, w))\nopt.apply(g)"


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=3, max_size=9), st.lists(st.text("ab\n"), min_size=5, max_size=5))
def test_the_suggestion_does_what_the_edits_do(parts: list[str], new: list[str]) -> None:
    text = "".join(f"«{part}»" if number % 2 else part for number, part in enumerate(parts))
    run, plain = outcome(text), marked(text)[0]
    edits = tuple(Edit(span, replaced) for span, replaced in zip(marked(text)[1], new, strict=False))
    (finding, *_) = run.findings
    fixed = dataclasses.replace(finding, fix=Fix("mend it", "safe", edits))
    (suggestion,) = only(run.with_findings((fixed,))).suggestions
    assert replaced(plain, suggestion) == edited(plain, edits)


def replaced(text: str, suggestion: Any) -> str:
    """The text with a suggestion taken, as somebody does it who counts bytes."""
    data = text.encode()
    starts = [0, *(offset + 1 for offset, byte in enumerate(data) if byte == ord("\n"))]
    first, column, last, end = columns(suggestion.range)
    new = str(suggestion.text).encode()
    return (data[: starts[first - 1] + column - 1] + new + data[starts[last - 1] + end - 1 :]).decode()


def test_a_name_that_is_no_text_does_not_spoil_the_report() -> None:
    diagnostic = only(outcome("«x»", path=Path(os.fsdecode(b"not\xffutf8.py"))))
    assert diagnostic.location.path == "not\ufffdutf8.py"


def test_a_notebook_has_whole_lines_of_its_file_and_no_suggestion() -> None:
    diagnostic = only(specimens.in_notebook())
    line, column, *_ = columns(diagnostic.location.range)
    assert "tape.gradient(loss, w)" in specimens.BOOK_FILE.splitlines()[line - 1]
    assert column == 0
    assert not diagnostic.suggestions
    assert "fix: forget it (safe)" in diagnostic.message


@pytest.mark.parametrize(("kind", "number"), [("confirmed", 1), ("refuted", 3), ("unable", 1)])
def test_the_verdict_is_told_and_counts(kind: str, number: int) -> None:
    diagnostic = only(specimens.judged(kind))
    verdict = specimens.judged(kind).findings[0].verdict
    assert verdict is not None
    assert diagnostic.severity == number
    assert verdict.detail in diagnostic.message
