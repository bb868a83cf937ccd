"""What the client can do about a finding: the edits that mend it or silence it, and those that mend all at once."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from tapelint.finding import Finding, Place
from tapelint.lsp.board import Notice, Tongue
from tapelint.lsp.linting import Result
from tapelint.lsp.units import lines
from tapelint.run.fix import allowed, mend
from tapelint.run.lint import lint_texts
from tapelint.run.silence import notes
from tapelint.source.edit import Edit
from tapelint.source.formats import is_notebook
from tapelint.source.lines import Lines
from tapelint.source.rewrite import encoding
from tapelint.source.span import Position, Span

FIX_ALL = "source.fixAll.tapelint"
Texts = Mapping[str, str]
"""The texts of some documents of the client, by their names there."""


@dataclass(frozen=True)
class Workshop:
    """Where edits are made of what was found in one file. `texts` are those that the result is about."""

    result: Result
    path: Path
    texts: Texts
    tongue: Tongue
    versions_edits: bool

    def actions(self, notice: Notice, span: types.Range) -> Iterator[types.CodeAction]:
        """What can be done about each finding that a range of a text touches."""
        for finding, diagnostic in notice.within(span):
            if finding.fix is not None:
                yield self._fix(finding, diagnostic)
        for finding, diagnostic in notice.within(span):
            yield from self._ignore(finding, diagnostic)

    def mendable(self) -> bool:
        """Whether something in the file can be mended safely."""
        return any(
            finding.place.path == self.path and allowed(finding, unsafe=False)
            for finding in self.result.outcome.findings
        )

    def mended(self) -> types.WorkspaceEdit | None:
        """The edit that makes every safe fix, and those that become possible by it; None if there is none."""
        snapshot = self.result.snapshot
        mending = mend(
            lambda files: lint_texts([self.path], snapshot.hierarchy, files=files), unsafe=False, files=snapshot.files
        )
        change = mending.changes.get(self.path)
        if change is None:
            return None
        edits = {
            uri: list(self._replaced(cell, self.texts[uri], after))
            for cell, after in _texts(self.path, change.after)
            if (uri := snapshot.names[self.path].get(cell, "")) in self.texts
        }
        return self._edit({uri: each for uri, each in edits.items() if each})

    def _fix(self, finding: Finding, diagnostic: types.Diagnostic) -> types.CodeAction:
        assert finding.fix is not None
        safe = finding.fix.safety == "safe"
        return types.CodeAction(
            title=finding.fix.title if safe else f"{finding.fix.title} (unsafe: changes the training)",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            is_preferred=safe,
            edit=self._edits(finding.place.cell, finding.fix.edits),
        )

    def _ignore(self, finding: Finding, diagnostic: types.Diagnostic) -> Iterator[types.CodeAction]:
        document = self.result.outcome.documents.get(self.path)
        if document is None:
            return
        for cell, edits in notes(document, [finding]).items():
            yield types.CodeAction(
                title=f"ignore `{finding.rule}` on this line",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                edit=self._edits(cell, edits),
            )

    def _edits(self, cell: int | None, edits: Sequence[Edit]) -> types.WorkspaceEdit | None:
        uri = self.tongue.snapshot.names[self.path].get(cell, "")
        if uri not in self.texts:
            return None
        end = Lines(self.texts[uri]).end
        return self._edit({uri: [self._told(cell, edit.span, edit.text.replace("\n", end)) for edit in edits]})

    def _replaced(self, cell: int | None, before: str, after: str) -> Iterator[types.TextEdit]:
        """The edits that make one text of another, line by line."""
        old, new = lines(before), lines(after)
        last_line = Position(len(old), len(old[-1]) + 1) if old and old[-1] == old[-1].rstrip("\r\n") else None
        for kind, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind != "equal":
                behind = last_line if last_line and end == len(old) else Position(end + 1, 1)
                span = Span(min(Position(start + 1, 1), behind), behind)
                yield self._told(cell, span, "".join(new[first:last]))

    def _told(self, cell: int | None, span: Span, text: str) -> types.TextEdit:
        document = self.result.outcome.documents.get(self.path)
        return types.TextEdit(self.tongue.range(document, Place(self.path, span, cell)), text)

    def _edit(self, changes: Mapping[str, list[types.TextEdit]]) -> types.WorkspaceEdit:
        if not self.versions_edits:
            return types.WorkspaceEdit(changes=dict(changes))
        versions = self.tongue.snapshot.versions
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri, versions.get(uri)), edits)
                for uri, edits in changes.items()
            ]
        )


def _texts(path: Path, data: bytes) -> Iterator[tuple[int | None, str]]:
    """The text of a file, or those of the cells of a notebook, by their numbers."""
    if not is_notebook(path):
        yield None, data.decode(encoding(path, data))
        return
    for number, cell in enumerate(json.loads(data)["cells"], start=1):
        if cell["cell_type"] == "code":
            yield number, cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
