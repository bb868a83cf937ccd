"""An editor that asks for diagnostics: of one text, and of the whole workspace."""

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.cli.commands import BROKEN, LINE
from tests.lsp.editor import Editor, insertion

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("lsp")]


async def asked(editor: Editor, uri: str, known: str | None = None) -> types.DocumentDiagnosticReport:
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), previous_result_id=known)
    return await editor.text_document_diagnostic_async(params)


async def surveyed(
    editor: Editor, known: dict[str, str] | None = None
) -> dict[str, types.WorkspaceDocumentDiagnosticReport]:
    ids = [types.PreviousResultId(uri, value) for uri, value in (known or {}).items()]
    report = await editor.workspace_diagnostic_async(types.WorkspaceDiagnosticParams(ids))
    return {item.uri: item for item in report.items}


@pytest.fixture
def files(asking: Editor) -> list[Path]:
    """Two broken files, and one that is ignored."""
    (asking.root / ".git").mkdir(exist_ok=True)
    (asking.root / ".gitignore").write_text("ignored.py\n")
    paths = [asking.root / name for name in ("first.py", "second.py", "ignored.py")]
    for path in paths:
        path.write_text(BROKEN)
    return paths


async def test_a_text_is_told_of_when_it_is_asked_about(asking: Editor) -> None:
    uri = asking.uri("asked.py")
    asking.open(uri, f"'\N{ROCKET}'; x = 1\n{BROKEN}".replace("    grads", "    '\N{ROCKET}'; grads"))
    report = await asked(asking, uri)
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    assert [diagnostic.code for diagnostic in report.items] == ["TL101", "TL002"]
    # This editor counts columns in bytes.
    assert report.items[0].range.start == types.Position(LINE, 12 + len("'\N{ROCKET}'; ".encode()))
    assert not [params for params in asking.told if params.uri == uri]
    again = await asked(asking, uri, report.result_id)
    assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
    asking.change(uri, insertion(0, "\n"))
    other = await asked(asking, uri, report.result_id)
    assert isinstance(other, types.RelatedFullDocumentDiagnosticReport)
    assert other.items[0].range.start.line == LINE + 1


async def test_nothing_is_said_of_what_is_not_open(asking: Editor) -> None:
    report = await asked(asking, asking.uri("nowhere.py"))
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    assert list(report.items) == []


async def test_the_whole_workspace(asking: Editor, files: list[Path]) -> None:
    first, second, ignored = (path.as_uri() for path in files)
    reports = await surveyed(asking)
    assert {first, second} <= reports.keys()
    assert ignored not in reports
    known = {uri: item.result_id for uri, item in reports.items() if item.result_id}
    again = await surveyed(asking, known)
    assert {type(item) for item in again.values()} == {types.WorkspaceUnchangedDocumentDiagnosticReport}
    # What is open counts before what is saved, and a file that is gone has no findings.
    asking.open(first, "x = 1\n")
    files[1].unlink()
    changed = await surveyed(asking, known)
    for uri in (first, second):
        item = changed[uri]
        assert isinstance(item, types.WorkspaceFullDocumentDiagnosticReport)
        assert list(item.items) == []


async def test_a_request_can_be_taken_back(asking: Editor, files: list[Path]) -> None:
    uri = files[0].as_uri()
    asking.open(uri, BROKEN)
    ids = [types.PreviousResultId(uri, "unknown")]
    request = asking.protocol.send_request(
        types.WORKSPACE_DIAGNOSTIC, types.WorkspaceDiagnosticParams(ids), msg_id="taken back"
    )
    asking.cancel_request(types.CancelParams(id="taken back"))
    with pytest.raises(JsonRpcException) as refused:
        await asyncio.wrap_future(request)
    assert refused.value.code == types.LSPErrorCodes.RequestCancelled
    assert isinstance(await asked(asking, uri), types.RelatedFullDocumentDiagnosticReport)


async def test_it_is_told_how_far_the_server_is(asking: Editor, files: list[Path]) -> None:
    asking.progress_reports["survey"] = []
    params = types.WorkspaceDiagnosticParams([], work_done_token="survey")
    report = await asking.workspace_diagnostic_async(params)
    assert len(report.items) >= len(files) - 1
    begin, *_, end = asking.progress_reports["survey"]
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert isinstance(end, types.WorkDoneProgressEnd)
