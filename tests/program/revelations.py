"""The programs in the Markdown files of this folder, and what is revealed in them.

Blocks under one heading are one program. `reveal(x)  # revealed: …` says what is believed of `x` there, and `reveal()`
what is believed of the place itself; `# missed: …` is what should be believed and is not yet. Where a line is too long
for it, the comment stands on the next lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tapelint.program.build import build
from tapelint.program.description.describe import describe, surroundings
from tapelint.program.program import Program
from tapelint.program.trace import Call
from tapelint.run.pages import SCRIPT, assembled
from tapelint.source.document import Document
from tapelint.source.markdown import Fence, Heading, fences
from tapelint.syntax.positions import spans
from tests.program.reading import ROOT, named

FOLDER = Path(__file__).parent
NEVER = "never runs"
_PROMISE = re.compile(r"\breveal\(.*#\s*(?P<kind>revealed|missed):\s*(?P<words>.+?)\s*$")


@dataclass(frozen=True)
class Chapter:
    """The program under one heading of a Markdown file. Of its files `train.py` is looked at, or else the last."""

    page: str
    title: str
    files: dict[str, str]

    def __str__(self) -> str:
        return f"{self.page} > {self.title}"


@dataclass(frozen=True)
class Promise:
    """What a line says is revealed there, or, when `missed`, should be."""

    file: str
    line: int
    words: str
    missed: bool


def chapters() -> Iterator[Chapter]:
    """Every program of every Markdown file in this folder."""
    for path in sorted(FOLDER.glob("*.md")):
        under: dict[tuple[Heading, ...], list[Fence]] = {}
        for fence in fences(path.read_text(encoding="utf-8")):
            if fence.language == "python":
                under.setdefault(fence.headings, []).append(fence)
        for headings, blocks in under.items():
            yield Chapter(path.name, " > ".join(heading.title for heading in headings[1:]), assembled(blocks))


def promises(chapter: Chapter) -> Iterator[Promise]:
    """What the comments of a program say, line by line."""
    for file, text in chapter.files.items():
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            if "reveal(" in line:
                found = _PROMISE.search(" ".join([line, *_comments_below(lines[number:])]))
                if found:
                    yield Promise(file, number, found["words"], found["kind"] == "missed")


def _comments_below(lines: list[str]) -> Iterator[str]:
    """The comment that goes on in these lines, its marks taken off but for the first."""
    for number, line in enumerate(lines):
        text = line.strip()
        if not text.startswith("#"):
            return
        yield text if number == 0 else text.lstrip("# ")


def revelations(chapter: Chapter) -> dict[tuple[str, int], str]:
    """What is believed at each `reveal` of a program, by file and line; different runs of a line are joined by `|`."""
    documents = {ROOT / name: Document(ROOT / name, text) for name, text in chapter.files.items()}
    requested = documents.get(ROOT / SCRIPT) or list(documents.values())[-1]
    found: dict[tuple[str, int], list[str]] = {}
    # A program is to be asked while it is held.
    for program in build([requested], documents.get):
        calls = named(program, "reveal")
        for call in calls:
            _overlook(call)
        for call in calls:
            words = found.setdefault(_place(call), [])
            told = _told(call, program)
            if told not in words:
                words.append(told)
    return {place: " | ".join(words) for place, words in found.items()}


def complaints(chapter: Chapter) -> list[str]:
    """Where what a program says and what is believed of it differ."""
    believed = revelations(chapter)
    found = []
    for promise in promises(chapter):
        told = believed.pop((promise.file, promise.line), NEVER)
        where = f"{chapter.page}:{promise.line} ({promise.file})"
        if promise.missed and told == promise.words:
            found.append(f"{where}: no longer missed, write `revealed`: {told}")
        elif not promise.missed and told != promise.words:
            found.append(f"{where}:\n  expected: {promise.words}\n  revealed: {told}")
    left = (f"{chapter.page}:{line} ({file}): not promised: {told}" for (file, line), told in believed.items())
    return [*found, *left]


def _overlook(call: Call) -> None:
    """Take a look back: to be revealed is no fate for a value."""
    for value in call.arguments:
        value.uses = [use for use in value.uses if use.by is not call]


def _told(call: Call, program: Program) -> str:
    return describe(call.arguments[0], program) if call.arguments else surroundings(call.context, program)


def _place(call: Call) -> tuple[str, int]:
    document = call.site.module.document
    span = spans(document, {call.site.node})[call.site.node]
    return document.path.relative_to(ROOT).as_posix(), span.start.line
