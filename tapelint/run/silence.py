"""Comments that silence what was found, put where they are heard."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tapelint.catalog import named
from tapelint.finding import Finding
from tapelint.run.comments import Layout, Suppression, suppressions
from tapelint.run.fix import Change, Lint
from tapelint.run.outcome import Outcome
from tapelint.source.disk import ON_DISK, Files
from tapelint.source.document import Document
from tapelint.source.edit import Edit
from tapelint.source.rewrite import Unchangeable, rewritten
from tapelint.source.span import Position, Span


@dataclass(frozen=True, slots=True)
class Silence:
    """What became of some files in memory: nothing is written yet.

    `comments` is how many were added or extended, `outcome` what is still found.
    """

    changes: Mapping[Path, Change]
    comments: int
    outcome: Outcome
    failures: tuple[tuple[Path, str], ...] = ()


def silence(lint: Lint, reason: str = "", files: Files = ON_DISK) -> Silence:
    """The `files` that `lint` reads, with a comment for every line with findings; new comments give the `reason`."""
    outcome = lint(files)
    changes: dict[Path, Change] = {}
    failures: list[tuple[Path, str]] = []
    comments = 0
    for path in dict.fromkeys(finding.place.path for finding in outcome.findings):
        document = outcome.documents.get(path)
        if document is None:
            continue
        findings = [finding for finding in outcome.findings if finding.place.path == path]
        edits = notes(document, findings, reason)
        if not edits:
            continue
        data = files.read(path)
        try:
            changes[path] = Change(data, rewritten(path, data, edits))
            comments += sum(map(len, edits.values()))
        except Unchangeable as error:
            failures.append((path, str(error)))
    after = lint(Files({**files.other, **{path: change.after for path, change in changes.items()}}))
    return Silence(changes, comments, after, tuple(failures))


def notes(document: Document, findings: Iterable[Finding], reason: str = "") -> dict[int | None, list[Edit]]:
    """The edits, by notebook cell, that silence findings in a document, as far as a comment can.

    Rules are added to a comment that is there already; no line gets two.
    """
    layout = Layout(document)
    rules: dict[int, set[str]] = {}
    for finding in findings:
        place = finding.place
        line = layout.room_for(document.line(place.cell, place.span.start.line))
        if line is not None:
            rules.setdefault(line, set()).add(finding.rule)
    lists = {each.span.start.line: each for each in suppressions(document) if _is_list(each)}
    edits: dict[int | None, list[Edit]] = {}
    for line, names in sorted(rules.items()):
        told = sorted(names, key=lambda name: named(name).code)
        cell, edit = _longer(document, lists[line], told) if line in lists else _new(document, line, told, reason)
        edits.setdefault(cell, []).append(edit)
    return edits


def _is_list(suppression: Suppression) -> bool:
    """Whether a comment is one of ours that names the rules which are to be silent on its lines."""
    return suppression.ours and not suppression.blanket and not suppression.fault and suppression.lines is not None


def _longer(document: Document, suppression: Suppression, names: list[str]) -> tuple[int | None, Edit]:
    told = ", ".join(names)
    if suppression.entries:
        at, told = suppression.entries[-1].span.end, f", {told}"
    else:
        start = suppression.span.start
        at = Position(start.line, start.column + suppression.text.index("[") + 1)
    cell, there = document.locate(Span(at, at))
    return cell, Edit(there, told)


def _new(document: Document, line: int, names: list[str], reason: str) -> tuple[int | None, Edit]:
    cell, there = document.locate(Span(Position(line, 1), Position(line, 1)))
    number = there.start.line
    written = document.lines_of(cell)[number - 1]
    code = written.rstrip()
    told = f"{'  ' * bool(code)}# tapelint: ignore[{', '.join(names)}]" + f" {reason}" * bool(reason)
    return cell, Edit(Span(Position(number, len(code) + 1), Position(number, len(written) + 1)), told)
