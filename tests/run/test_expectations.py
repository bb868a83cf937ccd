"""The comments of pages and fixtures are read and compared as they are meant."""

from pathlib import Path

import pytest

from tapelint.finding import Finding, Place
from tapelint.run.expectations import Expectation, disagreements, expectations
from tapelint.source.span import Position, Span


def finding(rule: str, line: int, message: str) -> Finding:
    return Finding(rule, Place(Path("train.py"), Span(Position(line, 1), Position(line, 2))), message, "error")


def test_a_rule_and_words() -> None:
    assert list(expectations('x = 1\ny = 2  # error: [unreduced-loss] "`loss`"')) == [
        Expectation(2, "unreduced-loss", "`loss`", missed=False)
    ]


def test_the_rule_of_the_page_is_meant_where_none_is_named() -> None:
    text = 'a  # error\nb  # error: "w"\nc  # error:'
    assert [(each.line, each.rule, each.words) for each in expectations(text, "r")] == [
        (1, "r", None),
        (2, "r", "w"),
        (3, "r", None),
    ]


def test_several_on_a_line() -> None:
    text = 'x  # tapelint: ignore[a]  # error: [b] "w"  # missed: [c]'
    assert [(each.rule, each.missed) for each in expectations(text)] == [("b", False), ("c", True)]


def test_a_comment_that_only_begins_so_is_none() -> None:
    assert list(expectations("x = 1  # error handling comes later\ny = 2  # errors: many")) == []


@pytest.mark.parametrize("comment", ["# error: [unclosed", '# error: "unclosed', "# error: words", "# missed: [a] [b]"])
def test_a_comment_that_cannot_be_read_is_refused(comment: str) -> None:
    with pytest.raises(ValueError, match="line 1: cannot read"):
        list(expectations(f"x = 1  {comment}", "rule"))


def test_a_program_without_a_rule_of_its_own_must_name_it() -> None:
    with pytest.raises(ValueError, match="must name a rule"):
        list(expectations("x = 1  # error"))


def test_agreement() -> None:
    promised = expectations('x  # error: [a] "`loss`"\ny  # missed: [b]')
    assert disagreements("page.md", promised, [finding("a", 1, "`loss` is a vector")]) == []


def test_a_broken_promise_and_an_unexpected_finding() -> None:
    promised = expectations('\nx  # error: [a] "`loss`"')
    assert disagreements("page.md", promised, [finding("a", 2, "other words"), finding("b", 1, "too much")]) == [
        "page.md:1: found, not promised: b too much",
        "page.md:2: found, not promised: a other words",
        'page.md:2: promised, not found: a "`loss`"',
    ]


def test_one_finding_keeps_one_promise() -> None:
    promised = expectations("x  # error: [a]  # error: [a]")
    assert disagreements("page.md", promised, [finding("a", 1, "once")]) == ["page.md:1: promised, not found: a"]


def test_a_closed_gap_must_be_promoted() -> None:
    promised = expectations("x  # missed: [a]")
    assert disagreements("page.md", promised, [finding("a", 1, "found")]) == ["page.md:1: gap closed, promote it: a"]
