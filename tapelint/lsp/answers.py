"""What the client asks, and what it is told: diagnostics, actions, pages of rules, and where a step may be probed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types

from tapelint.lsp.actions import FIX_ALL, Workshop
from tapelint.lsp.board import Notice, Tongue
from tapelint.lsp.linting import Result
from tapelint.lsp.pages import entry_at, of_findings, page
from tapelint.lsp.session import Session
from tapelint.lsp.units import characters_before
from tapelint.run.script import why_not_run
from tapelint.source.document import Document
from tapelint.source.span import Position

PROBE = "tapelint.probe"


class Answers:
    """The answers to requests about texts that are open, always as they are now."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def diagnostics(
        self, params: types.DocumentDiagnosticParams
    ) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
        """What was found in a text. Of cells a client is told unasked."""
        uri = params.text_document.uri
        notice = None if self._session.buffers.is_cell(uri) else await self._session.notice(uri)
        if notice is None:
            return types.RelatedFullDocumentDiagnosticReport(items=[])
        if params.previous_result_id == notice.id:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id=notice.id)
        return types.RelatedFullDocumentDiagnosticReport(items=notice.diagnostics, result_id=notice.id)

    async def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """What can be done about the findings at a place, and about all of a file."""
        found = await self._workshop(params.text_document.uri)
        if found is None:
            return []
        workshop, notice = found
        only = params.context.only
        actions: list[types.CodeAction] = []
        if _wants(only, types.CodeActionKind.QuickFix.value):
            actions += workshop.actions(notice, params.range)
        if _wants(only, FIX_ALL) and workshop.mendable():
            action = types.CodeAction(
                title="tapelint: make all safe fixes",
                kind=FIX_ALL,
                data={"uri": params.text_document.uri},
            )
            actions.append(action if self._session.client.resolves_edits else await self._resolved(action, workshop))
        return [action for action in actions if action.edit or action.data]

    async def resolve(self, action: types.CodeAction) -> types.CodeAction:
        """An action with its edit."""
        uri = action.data.get("uri") if isinstance(action.data, dict) else None
        found = await self._workshop(uri) if isinstance(uri, str) else None
        return await self._resolved(action, found[0]) if found else action

    async def fix_all(self, uri: str) -> types.WorkspaceEdit | None:
        """The edit that makes all safe fixes in a file."""
        found = await self._workshop(uri)
        return await self._session.linter.do(found[0].mended) if found else None

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        """The pages of the rules that are broken, or named by a comment, at a place."""
        uri, at = params.text_document.uri, params.position
        notice = await self._session.notice(uri)
        if notice is None:
            return None
        here = list(notice.within(types.Range(at, at)))
        if here:
            return self._hover(of_findings([finding for finding, _ in here]), here[0][1].range)
        return self._hover_on_comment(uri, at)

    async def lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """A lens over each training step of a script."""
        uri = params.text_document.uri
        path = self._session.buffers.owner(uri)
        result = await self._session.linter.newest() if self._session.configuration.wishes.code_lens else None
        if result is None or path not in result.studies or not path:
            return []
        return await self._session.linter.do(lambda: list(self._lenses(uri, path, result)))

    def _lenses(self, uri: str, path: Path, result: Result) -> Any:
        document = result.snapshot.files.load(path)
        if document is None or why_not_run(document) is not None:
            return
        tongue = Tongue(result.snapshot, self._session.client.units)
        for place in result.studies[path].places():
            if tongue.address(place) == uri:
                span = tongue.range(document, place)
                argument = {"uri": uri, "line": span.start.line}
                yield types.CodeLens(span, types.Command("probe this step", PROBE, arguments=[argument]))

    async def _workshop(self, uri: str) -> tuple[Workshop, Notice] | None:
        session = self._session
        notice = await session.notice(uri)
        result = await session.linter.newest()
        path = session.buffers.owner(uri)
        if notice is None or result is None or path is None:
            return None
        texts = {
            name: buffer.text
            for name in session.buffers.uris(path).values()
            if (buffer := session.buffers.buffer(name))
        }
        tongue = Tongue(result.snapshot, session.client.units)
        return Workshop(result, path, texts, tongue, session.client.versions_edits), notice

    async def _resolved(self, action: types.CodeAction, workshop: Workshop) -> types.CodeAction:
        action.edit = await self._session.linter.do(workshop.mended)
        return action

    def _hover(self, told: str, span: types.Range | None) -> types.Hover:
        kind = types.MarkupKind.Markdown if self._session.client.reads_markdown else types.MarkupKind.PlainText
        return types.Hover(types.MarkupContent(kind, told), span)

    def _hover_on_comment(self, uri: str, at: types.Position) -> types.Hover | None:
        session = self._session
        path, buffer = session.buffers.owner(uri), session.buffers.buffer(uri)
        if path is None or buffer is None:
            return None
        column = characters_before(buffer.text, at, session.client.units) + 1
        entry = entry_at(Document(path, buffer.text), Position(at.line + 1, column))
        return self._hover(page(entry.rule), None) if entry and entry.rule else None


def _wants(only: Sequence[types.CodeActionKind | str] | None, kind: str) -> bool:
    """Whether actions of a kind are asked for: all, those of this kind, or those of a wider one."""
    if only is None:
        return True
    asked = [str(getattr(each, "value", each)) for each in only]
    return any(kind == each or kind.startswith(each + ".") for each in asked)
