"""Analysing the files of one group, so that a crash on one of them costs no other file its findings."""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tapelint.catalog import named
from tapelint.finding import Finding, Place
from tapelint.program.wrappers import Wrappers
from tapelint.run.admit import UNPARSABLE
from tapelint.run.outcome import Crash
from tapelint.source.disk import load
from tapelint.source.document import Document
from tapelint.source.span import Position, Span


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the checks found in some documents, before anything is suppressed."""

    findings: tuple[Finding, ...] = ()
    crashes: tuple[Crash, ...] = ()


def analyse(documents: Sequence[Document], rules: frozenset[str], wrappers: Wrappers | None = None) -> Analysis:
    """The findings of the rules in documents that may import each other."""
    try:
        return Analysis(tuple(_examined(documents, rules, wrappers)))
    except Exception as error:  # whatever it is, the other files must not suffer for it
        if len(documents) == 1:
            return Analysis(crashes=(_crash(documents[0], error),))
    return joined(analyse([document], rules, wrappers) for document in documents)


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


def _examined(documents: Sequence[Document], rules: frozenset[str], wrappers: Wrappers | None) -> Iterable[Finding]:
    from tapelint.checks import examine  # the analyzer is loaded when the first file needs it
    from tapelint.program.build import build
    from tapelint.syntax.programs import programs

    # What one document quotes, program after program, has nothing in common.
    for together in zip_longest(*map(programs, documents)):
        built = build([document for document in together if document is not None], load, wrappers)
        yield from examine(built, rules)
        for document, message, position in built.unparsable:
            yield unparsable(document, message, position)


def _crash(document: Document, error: Exception) -> Crash:
    told = "".join(traceback.format_exception(error))
    return Crash(document.path, f"{type(error).__name__}: {error}", told)
