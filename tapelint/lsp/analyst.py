"""What the analysis of each file has said, kept for as long as nothing that it has read is another."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.finding import Place
from tapelint.program.description.steps import steps
from tapelint.program.program import Program
from tapelint.program.target import Target
from tapelint.program.wrappers import Wrappers
from tapelint.run.analyse import Analysis, Batch
from tapelint.source.disk import Files
from tapelint.source.document import Document
from tapelint.syntax.memory import Memory, remembering
from tapelint.syntax.positions import spans

_ROOM = 1_500_000
"""The characters of source whose trees are kept."""

Stamp = bytes | tuple[int, int, int] | None
"""What a file is known by: what the editor has of it, or the time of its last change, its size and its number."""


def stamp(path: Path, files: Files) -> Stamp:
    """What a file is known by at this moment; None if it is not there."""
    if path in files.other:
        return files.other[path]
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino


@dataclass(frozen=True)
class _Noted(Files):
    """Files that note which of them somebody has asked for, and what these were like."""

    asked: dict[Path, Stamp] = field(default_factory=dict)

    def load(self, path: Path) -> Document | None:
        if path not in self.asked:
            self.asked[path] = stamp(path, self)
        return super().load(path)


@dataclass(frozen=True)
class Study:
    """What was found in one file and in what it imports, and the nodes at which it trains."""

    analysis: Analysis
    steps: tuple[tuple[Document, tuple[int, ...]], ...] = ()

    def places(self) -> list[Place]:
        """Where it trains. Raises Unparsable."""
        return sorted(
            Place.of(document, span) for document, nodes in self.steps for span in spans(document, nodes).values()
        )


@dataclass(frozen=True)
class _Question:
    """All that an answer depends on, but for the files that the file imports."""

    document: Document
    rules: frozenset[str]
    wrappers: Wrappers
    target: Target


class Analyst:
    """Somebody who analyses one file after the other, and remembers. To be asked by one thread at a time."""

    def __init__(self) -> None:
        self._memory = Memory(_ROOM)
        self._answers: dict[Path, tuple[_Question, dict[Path, Stamp], Study]] = {}

    def study(self, batch: Batch) -> Study:
        """What there is to say of the one file in a batch."""
        (document,) = batch.documents
        question = _Question(document, batch.rules, batch.wrappers, batch.target)
        known = self._answers.get(document.path)
        if known is not None and known[0] == question and _all_as_before(known[1], batch.files):
            return known[2]
        files = _Noted(batch.files.other)
        found: list[tuple[Document, tuple[int, ...]]] = []

        def look(program: Program) -> None:
            found.append((program.module.document, tuple(steps(program))))

        with remembering(self._memory):
            analysis = dataclasses.replace(batch, files=files, onlooker=look).analyse()
        study = Study(analysis, tuple(found))
        self._answers[document.path] = question, files.asked, study
        return study


def _all_as_before(asked: dict[Path, Stamp], files: Files) -> bool:
    return all(stamp(path, files) == before for path, before in asked.items())
