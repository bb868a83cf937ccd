"""An editor as the server sees it: a client of the protocol that remembers what it is told."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import register_lsp_features

PATIENCE = 120
"""The seconds after which a server that says nothing has failed the test: no measure of anything."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
COMMAND = [sys.executable, "-m", "tapelint", "lsp"]


def converter() -> Any:
    """What makes messages of JSON. With new cattrs, lsprotocol cannot read what servers say of notebooks."""
    made = default_converter()  # type: ignore[no-untyped-call]
    for kind in (types.NotebookDocumentFilterWithCells, types.NotebookDocumentFilterWithNotebook):
        attrs.resolve_types(kind)
        made.register_structure_hook(attrs.fields(kind).notebook.type, lambda value, _: value)
    return made


class Editor(LanguageClient):
    """A client that knows what it has open, and waits for what it is told about it."""

    def __init__(self, root: Path) -> None:
        super().__init__(converter_factory=converter)
        self.root = root
        self.told: list[types.PublishDiagnosticsParams] = []
        self.edits: list[types.WorkspaceEdit] = []
        self.refreshes = 0
        self.texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        register_lsp_features(self)
        features = self.protocol.fm.features
        for method, handler in (
            (types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, self._publish),
            (types.WORKSPACE_APPLY_EDIT, self._apply),
            (types.CLIENT_REGISTER_CAPABILITY, lambda _: None),
            (types.WORKSPACE_CODE_LENS_REFRESH, lambda _: None),
        ):
            features[method] = handler
        self._tell_of(types.WINDOW_SHOW_MESSAGE, types.WINDOW_LOG_MESSAGE, types.PROGRESS)

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, uri: str, text: str, language: str = "python") -> None:
        self.texts[uri] = text
        self._versions[uri] = 1
        item = types.TextDocumentItem(uri, language, 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, *edits: types.TextEdit) -> int:
        """Makes edits one after the other, each by its place in the text before; gives the new version."""
        for edit in edits:
            self.texts[uri] = applied(self.texts[uri], edit)
        self._versions[uri] += 1
        changes = [types.TextDocumentContentChangePartial(edit.range, edit.new_text) for edit in edits]
        known = types.VersionedTextDocumentIdentifier(version=self._versions[uri], uri=uri)
        self.text_document_did_change(types.DidChangeTextDocumentParams(known, changes))
        return self._versions[uri]

    def replace(self, uri: str, text: str) -> int:
        """Puts another text in place of the whole."""
        self.texts[uri] = text
        self._versions[uri] += 1
        known = types.VersionedTextDocumentIdentifier(version=self._versions[uri], uri=uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(known, [change]))
        return self._versions[uri]

    def close(self, uri: str) -> None:
        del self.texts[uri]
        self.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def close_all(self) -> None:
        for uri in list(self.texts):
            self.close(uri)

    async def diagnostics_of(self, uri: str, version: int | None = None) -> list[types.Diagnostic]:
        """What the server says of a text unasked; with a version, of that one."""

        def found() -> types.PublishDiagnosticsParams | None:
            about = [params for params in self.told if params.uri == uri]
            return about[-1] if about and version in (None, about[-1].version) else None

        return list((await self.until(found)).diagnostics)

    def last(self, uri: str) -> list[str]:
        """The codes of what the server has said last of a text."""
        about = [params for params in self.told if params.uri == uri]
        return [str(diagnostic.code) for diagnostic in about[-1].diagnostics] if about else []

    async def codes(self, uri: str, version: int | None = None) -> list[str]:
        return [str(diagnostic.code) for diagnostic in await self.diagnostics_of(uri, version)]

    async def until(self, found: Callable[[], Any]) -> Any:
        """What `found` gives, as soon as it gives anything."""
        async with asyncio.timeout(PATIENCE), self._news:
            while not (result := found()):
                await self._news.wait()
            return result

    async def actions(self, uri: str, span: types.Range, only: Iterable[str] | None = None) -> list[types.CodeAction]:
        context = types.CodeActionContext([], list(only) if only is not None else None)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), span, context)
        answer = await self.text_document_code_action_async(params)
        return [action for action in answer or () if isinstance(action, types.CodeAction)]

    def carry_out(self, edit: types.WorkspaceEdit | None) -> None:
        """Makes the changes of a workspace edit, as an editor does: from the end to the beginning."""
        assert edit is not None
        for uri, edits in changes_of(edit).items():
            behind = sorted(edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True)
            self.change(uri, *behind)

    def _publish(self, params: types.PublishDiagnosticsParams) -> None:
        self.told.append(params)
        self._notify()

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        self.edits.append(params.edit)
        self._notify()
        return types.ApplyWorkspaceEditResult(applied=True)

    def _tell_of(self, *methods: str) -> None:
        features = self.protocol.fm.features
        for method in methods:
            features[method] = self._telling(features[method])

    def _telling(self, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def heard(params: Any) -> Any:
            result = handler(params)
            self._notify()
            return result

        return heard

    def _notify(self) -> None:
        task = asyncio.ensure_future(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()


def changes_of(edit: types.WorkspaceEdit) -> dict[str, list[types.TextEdit]]:
    """The edits of a workspace edit by text, in whichever of its forms."""
    if edit.changes:
        return {uri: list(edits) for uri, edits in edit.changes.items()}
    found: dict[str, list[types.TextEdit]] = {}
    for change in edit.document_changes or ():
        assert isinstance(change, types.TextDocumentEdit)
        found[change.text_document.uri] = [each for each in change.edits if isinstance(each, types.TextEdit)]
    return found


def applied(text: str, edit: types.TextEdit) -> str:
    """A text after an edit whose columns count UTF-16."""
    start, end = _offset(text, edit.range.start), _offset(text, edit.range.end)
    return text[:start] + edit.new_text + text[end:]


def _offset(text: str, position: types.Position) -> int:
    lines = text.split("\n")
    if position.line >= len(lines):
        return len(text)
    before = sum(len(line) + 1 for line in lines[: position.line])
    units = lines[position.line].encode("utf-16-le")[: 2 * position.character]
    return before + len(units.decode("utf-16-le"))


def span(line: int, start: int, end: int | None = None) -> types.Range:
    """A stretch of one line, or a place in it."""
    return types.Range(types.Position(line, start), types.Position(line, start if end is None else end))


def insertion(line: int, text: str) -> types.TextEdit:
    """An edit that puts text at the beginning of a line."""
    return types.TextEdit(span(line, 0), text)
