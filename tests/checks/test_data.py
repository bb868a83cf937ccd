"""What is found, and what is not, in programs that feed, evaluate and run training in many ways: the .md files here."""

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
    for name in ("data.md", "functions.md", "pipelines.md"):
        text = Path(__file__).with_name(name).read_text(encoding="utf-8")
        for match in _PROGRAM.finditer(text):
            yield match["title"], match["text"]


@pytest.mark.parametrize(("title", "text"), [pytest.param(*each, id=each[0]) for each in programs()])
def test_what_the_comments_say_is_found(title: str, text: str) -> None:
    promised = list(expectations(text))
    rules = {each.rule for each in promised}
    found = [
        finding
        for finding in examine(build([Document(_PLACE, text)], lambda _: None), CHECKS)
        if finding.severity in ("error", "warning") or finding.rule in rules
    ]
    assert not disagreements(title, promised, found)


def test_there_are_many() -> None:
    texts = [text for _, text in programs()]
    broken = [text for text in texts if list(expectations(text))]
    assert len(broken) >= 60
    assert len(texts) - len(broken) >= 60
