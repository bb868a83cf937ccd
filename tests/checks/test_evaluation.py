"""What is found, and what is not, in programs that evaluate: evaluation.md has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint import catalog
from tapelint.checks import CHECKS, examine
from tapelint.program.build import build
from tapelint.source.document import Document
from tapelint.source.markdown import fences
from tests.expectations import disagreements, expectations

_PAGE = Path(__file__).with_name("evaluation.md")
_PLACE = Path("/project/train.py")
_EVALUATION = "TL6"
_QUIET = {"no-validation-data", "no-early-stopping"}
"""Rules of that family that speak of what is missing, and are not the subject here."""


def programs() -> Iterator[tuple[str, str]]:
    for fence in fences(_PAGE.read_text(encoding="utf-8")):
        yield fence.headings[-1].title, fence.text


def _matters(rule: str, severity: str) -> bool:
    if rule in _QUIET:
        return False
    return severity in ("error", "warning") or catalog.rules()[rule].code.startswith(_EVALUATION)


@pytest.mark.parametrize(("title", "text"), [pytest.param(*each, id=each[0]) for each in programs()])
def test_what_the_comments_say_is_found(title: str, text: str) -> None:
    findings = examine(build([Document(_PLACE, text)], lambda _: None), CHECKS)
    heard = [finding for finding in findings if _matters(finding.rule, finding.severity)]
    complaints = disagreements(title, expectations(text), heard)
    assert not complaints, "\n".join(complaints)


def test_each_program_has_a_title_of_its_own() -> None:
    titles = [title for title, _ in programs()]
    assert len(set(titles)) == len(titles)
