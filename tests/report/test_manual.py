"""The page of a rule, for whoever has just met a finding."""

import dataclasses
import re

import pytest

from tapelint import catalog
from tapelint.report.manual import lesson, opening

RULES = catalog.rules()


@pytest.mark.parametrize("name", RULES)
def test_a_lesson_has_what_goes_wrong_and_the_cure_and_nothing_for_tests(name: str) -> None:
    text = lesson(RULES[name])
    assert opening(RULES[name]).split()[0] in text
    assert "```toml\ncode" not in text
    assert not re.search(r"# (error|missed)\b", text)
    assert ("## Instead" in text) is ("\n## Instead\n" in RULES[name].text)
    assert "## When it is right" not in text
    assert not re.search(r"\]\([a-z-]+\.md", text), "a link that leads nowhere"
    assert text.count("```") % 2 == 0


def test_the_opening_is_a_paragraph_in_one_line() -> None:
    told = opening(RULES["gradients-not-applied"])
    assert told.startswith("`tape.gradient` only computes. ")
    assert told.endswith("did all the work of training.")
    assert "\n" not in told


def test_a_lesson_shows_where_the_rule_is_broken_and_not_where_others_are() -> None:
    assert lesson(RULES["gradients-not-applied"]).count("# <- here") == 1
    page = (
        """# x\n\n```toml\ncode = "TL999"\n```\n\nWords.\n\n```python\na()  # error\nb()  # error: [other] "b"\n```\n"""
    )
    told = lesson(dataclasses.replace(RULES["gradients-not-applied"], text=page))
    assert "a()  # <- here\nb()\n" in told


def test_a_page_without_words_opens_with_its_summary() -> None:
    rule = RULES["gradients-not-applied"]
    assert opening(dataclasses.replace(rule, text="# x\n\n```toml\ncode = 1\n```\n\n## Instead\n")) == rule.summary
