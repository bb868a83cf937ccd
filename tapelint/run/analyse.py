"""Analysing the files of one group, so that a crash on one of them costs no other file its findings."""

import dataclasses
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

from tapelint.catalog import named
from tapelint.finding import Finding, Place
from tapelint.plugins import BrokenCheck
from tapelint.program.target import NEWEST, Target
from tapelint.program.wrappers import Wrappers
from tapelint.run.admit import UNPARSABLE
from tapelint.run.outcome import Crash
from tapelint.source.disk import Files
from tapelint.source.document import Document
from tapelint.source.span import Position, Span

if TYPE_CHECKING:
    from tapelint.program.program import Program


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the checks found in some documents, before anything is suppressed."""

    findings: tuple[Finding, ...] = ()
    crashes: tuple[Crash, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Documents that are analysed together because they may import each other, and what to look for in them."""

    documents: tuple[Document, ...]
    rules: frozenset[str]
    wrappers: Wrappers = field(default_factory=Wrappers)
    target: Target = NEWEST
    files: Files = field(default_factory=Files)
    onlooker: "Callable[[Program], None] | None" = None
    """Somebody who is shown every program before it goes."""

    @property
    def size(self) -> int:
        return sum(len(document.text) for document in self.documents)

    def alone(self) -> "list[Batch]":
        """A batch for each document."""
        return [dataclasses.replace(self, documents=(document,)) for document in self.documents]

    def analyse(self) -> Analysis:
        """The findings of the rules in the documents."""
        try:
            return Analysis(tuple(self._findings()))
        except Exception as error:  # whatever it is, the other files must not suffer for it
            if len(self.documents) == 1:
                return Analysis(crashes=(_crash(self.documents[0], error),))
        return joined(batch.analyse() for batch in self.alone())

    def _findings(self) -> Iterator[Finding]:
        from tapelint.checks import examine  # the analyzer is loaded when the first file needs it
        from tapelint.program.build import build
        from tapelint.syntax.programs import programs

        # What one document quotes, program after program, has nothing in common.
        for together in zip_longest(*map(programs, self.documents)):
            documents = [document for document in together if document is not None]
            built = build(documents, self.files.load, self.wrappers, self.target)
            yield from examine(self._shown(built), self.rules)
            for document, message, position in built.unparsable:
                yield unparsable(document, message, position)

    def _shown(self, programs: "Iterable[Program]") -> "Iterable[Program]":
        if self.onlooker is None:
            return programs
        return map(partial(_show, self.onlooker), programs)


def _show(onlooker: "Callable[[Program], None]", program: "Program") -> "Program":
    onlooker(program)
    return program


def joined(analyses: Iterable[Analysis]) -> Analysis:
    """The analyses of several groups as one."""
    parts = list(analyses)
    return Analysis(
        tuple(finding for part in parts for finding in part.findings),
        tuple(crash for part in parts for crash in part.crashes),
    )


def unparsable(document: Document, message: str, position: Position) -> Finding:
    """The finding for a text that is not Python."""
    line = document.lines[position.line - 1] if position.line <= len(document.lines) else ""
    end = Position(position.line, position.column + 1) if position.column <= len(line) else position
    return Finding(UNPARSABLE, Place.of(document, Span(position, end)), message, named(UNPARSABLE).severity)


def _crash(document: Document, error: Exception) -> Crash:
    told = "".join(traceback.format_exception(error))
    if isinstance(error, BrokenCheck):
        return Crash(document.path, str(error), told, error.plugin)
    return Crash(document.path, f"{type(error).__name__}: {error}", told)
