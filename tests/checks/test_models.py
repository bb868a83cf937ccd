"""What is found, and what is not, in programs that build, call and distribute models in many ways: models.md."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint.checks import CHECKS, examine
from tapelint.program.build import build
from tapelint.source.document import Document
from tests.expectations import disagreements, expectations

_PROGRAM = re.compile(r"^### (?P<title>[^\n]+)\n\n```python\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PLACE = Path("/project/train.py")


def programs() -> Iterator[tuple[str, str]]:
    for match in _PROGRAM.finditer(Path(__file__).with_name("models.md").read_text(encoding="utf-8")):
        yield match["title"], match["text"]


@pytest.mark.parametrize(("title", "text"), [pytest.param(*each, id=each[0]) for each in programs()])
def test_what_the_comments_say_is_found(title: str, text: str) -> None:
    found = examine(build([Document(_PLACE, text)], lambda _: None), CHECKS)
    loud = [finding for finding in found if finding.severity in ("error", "warning")]
    assert not disagreements(title, list(expectations(text)), loud)
