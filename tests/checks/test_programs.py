"""What is found, and what is not, in programs of many kinds: the Markdown files here have them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tapelint.checks import CHECKS, examine
from tapelint.program.build import build
from tapelint.run.expectations import disagreements, expectations
from tapelint.source.document import Document
from tapelint.source.markdown import fences

_PLACE = Path("/project/train.py")


@dataclass(frozen=True)
class Example:
    """One program of a page."""

    page: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page} > {self.title}"


def examples() -> Iterator[Example]:
    for page in sorted(Path(__file__).parent.glob("*.md")):
        for fence in fences(page.read_text(encoding="utf-8")):
            yield Example(page.stem, fence.headings[-1].title, fence.text)


EXAMPLES = list(examples())
SUBJECTS = {each.rule for example in EXAMPLES for each in expectations(example.text)}
# What programs as small as these may well do without, and is not the subject of most.
DISPENSABLE = {"no-validation-data", "no-early-stopping", "missing-tf-function"}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_what_the_comments_say_is_found(example: Example) -> None:
    """Notes count too, of the rules that any of the programs is about."""
    promised = list(expectations(example.text))
    subjects = SUBJECTS - DISPENSABLE | {each.rule for each in promised}
    findings = examine(build([Document(_PLACE, example.text)], lambda _: None), CHECKS)
    heard = [each for each in findings if each.severity in ("error", "warning") or each.rule in subjects]
    complaints = disagreements(example.title, promised, heard)
    assert not complaints, "\n".join(complaints)


def test_each_program_has_a_title_of_its_own() -> None:
    names = [str(example) for example in EXAMPLES]
    assert len(set(names)) == len(names)
