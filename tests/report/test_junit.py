"""JUnit's XML, as Jenkins demands it and as another library reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from lxml import etree

from tapelint.report import junit
from tapelint.run.outcome import Outcome
from tests.report import specimens
from tests.report.programs import outcome, traced

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "junit-10.xsd"))


def suites(run: Outcome) -> list[TestSuite]:
    """What junitparser reads, once the report has been held against the schema."""
    report = junit.render(run).encode()
    SCHEMA.assertValid(etree.fromstring(report))
    return list(JUnitXml.fromstring(report))


def only(run: Outcome) -> TestCase:
    (suite,) = suites(run)
    (case,) = suite
    return case


@pytest.mark.parametrize(
    "made", [specimens.hostile, specimens.in_notebook, specimens.incomplete, specimens.everything, Outcome]
)
def test_every_report_is_valid_and_adds_up(made: Callable[[], Outcome]) -> None:
    read = JUnitXml.fromstring(junit.render(made()).encode())
    assert suites(made())
    assert (read.tests, read.failures, read.errors) == (
        sum(suite.tests for suite in read),
        sum(suite.failures for suite in read),
        sum(suite.errors for suite in read),
    )
    for suite in read:
        results = [type(result) for case in suite for result in case.result]
        assert suite.tests == len(list(suite))
        assert (suite.failures, suite.errors, suite.skipped) == tuple(map(results.count, (Failure, Error, Skipped)))


def test_a_finding_is_a_test_that_failed() -> None:
    case = only(traced("«a» = 1\n«b» = 2\n", "made here", path=Path("src/lib/train.py")))
    assert (case.name, case.classname) == ("TL101 gradients-not-applied at 1:1", "src.lib.train")
    (result,) = case.result
    assert isinstance(result, Failure)
    assert (result.type, result.message) == ("error", "`model` is never updated")
    where, message, step, address = result.text.split("\n")
    assert (where, message) == ("src/lib/train.py:1:1", "`model` is never updated")
    assert step == "1. made here (src/lib/train.py:2:1)"
    assert address.startswith("help: https://")


def test_each_file_is_a_suite() -> None:
    read = suites(specimens.everything())
    assert [suite.name for suite in read][1:] == ["study.ipynb", "train.py", "files that were not linted"]


def test_a_notebook_is_no_class_of_the_script_beside_it() -> None:
    case = only(specimens.in_notebook())
    assert (case.name, case.classname) == ("TL101 gradients-not-applied at cell 2:3:6", "study_ipynb")


@pytest.mark.parametrize(("kind", "result"), [("confirmed", Failure), ("refuted", Skipped), ("unable", Failure)])
def test_what_running_refutes_is_skipped(kind: str, result: type) -> None:
    (told,) = only(specimens.judged(kind)).result
    assert type(told) is result
    verdict = specimens.judged(kind).findings[0].verdict
    assert verdict is not None
    assert verdict.detail in told.text


def test_what_was_not_linted_is_an_error_or_skipped() -> None:
    (suite,) = suites(specimens.incomplete())
    assert [type(case.result[0]) for case in suite] == [Skipped, Error, Error]


def test_nothing_found_is_a_test_that_passed() -> None:
    case = only(Outcome(files=3))
    assert case.is_passed
    assert case.name == "no findings in 3 files"


@settings(deadline=None)
@given(st.text(min_size=1))
def test_xml_lets_every_text_in(text: str) -> None:
    case = only(outcome("«x»", message=text, path=Path("in", text.replace("\0", "").replace("/", "") or "x", "a.py")))
    (result,) = case.result
    if text.isprintable():
        assert result.message == text
