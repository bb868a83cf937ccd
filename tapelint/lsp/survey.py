"""What is found in all files of the workspace, for clients that ask about more than is open."""

from collections.abc import Mapping

from lsprotocol import types

from tapelint.lsp.board import Notice, Tongue
from tapelint.lsp.session import Session
from tapelint.source.formats import is_notebook

_EVERY = 10
"""Of so many files, one is told as progress."""


class Survey:
    """The answer to `workspace/diagnostic`. It is given at once if there is news, else as soon as something changes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def report(self, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        known = {each.uri: each.value for each in params.previous_result_ids}
        items = await self._items(known, params.work_done_token)
        # A client that tells of changes on the disk need not ask again and again whether there were any.
        while self._session.client.watches and known and all(map(_is_old, items)):
            await self._session.change()
            items = await self._items(known, None)
        return types.WorkspaceDiagnosticReport(items)

    async def _items(
        self, known: Mapping[str, str], token: types.ProgressToken | None
    ) -> list[types.WorkspaceDocumentDiagnosticReport]:
        notices = await self._notices(token)
        told = [_item(notice, known.get(uri)) for uri, notice in notices.items() if notice.found or uri in known]
        # Files that are gone, or of which nothing is to be said any more.
        return [
            *told,
            *(types.WorkspaceFullDocumentDiagnosticReport(uri=uri, items=[]) for uri in known if uri not in notices),
        ]

    async def _notices(self, token: types.ProgressToken | None) -> dict[str, Notice]:
        session = self._session
        snapshot = session.snapshot()
        folders = [folder for folder in session.folders if folder.is_dir()]
        if snapshot is None or not folders:
            return {}
        progress = session.pygls.work_done_progress
        if token is not None:
            progress.begin(token, types.WorkDoneProgressBegin("linting the workspace", percentage=0))

        def advance(done: int, files: int) -> None:
            if token is not None and done % _EVERY == 0:
                told = types.WorkDoneProgressReport(message=f"{done} of {files}", percentage=100 * done // files)
                progress.report(token, told)

        try:
            result = await session.linter.survey(folders, snapshot, advance)
        except Exception as error:  # whatever it is, the next time of asking may be without it
            session.fail(error)
            return {}
        finally:
            if token is not None:
                progress.end(token, types.WorkDoneProgressEnd())
        outcome = session.verdicts.applied(result.outcome, snapshot.files, snapshot.hierarchy)
        notices = Tongue(snapshot, session.client.units).notices(outcome, {})
        return {notice.uri: notice for notice in notices.values() if not self._is_hidden_cell(notice)}

    def _is_hidden_cell(self, notice: Notice) -> bool:
        """Whether a notice is about a cell of a notebook that is not open, and which has no name yet."""
        path = notice.found[0][0].place.path if notice.found else None
        return path is not None and is_notebook(path) and notice.uri not in self._session.buffers.versions


def _item(notice: Notice, known: str | None) -> types.WorkspaceDocumentDiagnosticReport:
    if known == notice.id:
        return types.WorkspaceUnchangedDocumentDiagnosticReport(
            uri=notice.uri, result_id=notice.id, version=notice.version
        )
    return types.WorkspaceFullDocumentDiagnosticReport(
        uri=notice.uri, items=notice.diagnostics, version=notice.version, result_id=notice.id
    )


def _is_old(item: types.WorkspaceDocumentDiagnosticReport) -> bool:
    return isinstance(item, types.WorkspaceUnchangedDocumentDiagnosticReport)
