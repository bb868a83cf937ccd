"""What is found, and what is not, in programs about losses and what they are given: losses.md has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint.checks import CHECKS, examine
from tapelint.program.build import build
from tapelint.source.document import Document
from tapelint.source.markdown import fences
from tests.expectations import disagreements, expectations

_PAGE = Path(__file__).with_name("losses.md")
_PLACE = Path("/project/train.py")


def programs() -> Iterator[tuple[str, str]]:
    for fence in fences(_PAGE.read_text(encoding="utf-8")):
        yield fence.headings[-1].title, fence.text


@pytest.mark.parametrize(("title", "text"), [pytest.param(*each, id=each[0]) for each in programs()])
def test_what_the_comments_say_is_found(title: str, text: str) -> None:
    findings = examine(build([Document(_PLACE, text)], lambda _: None), CHECKS)
    loud = [finding for finding in findings if finding.severity in ("error", "warning")]
    complaints = disagreements(title, expectations(text), loud)
    assert not complaints, "\n".join(complaints)


def test_each_program_has_a_title_of_its_own() -> None:
    titles = [title for title, _ in programs()]
    assert len(set(titles)) == len(titles)
