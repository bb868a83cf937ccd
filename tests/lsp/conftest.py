"""Servers that the tests share: one that is asked for diagnostics, and one that tells them unasked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from tests.lsp.editor import COMMAND, ENVIRONMENT, Editor

_BOTH = types.WorkspaceClientCapabilities(
    workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
    apply_edit=True,
    configuration=True,
    file_operations=types.FileOperationClientCapabilities(did_rename=True),
)
_TEXTS = types.TextDocumentClientCapabilities(
    hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
    code_action=types.CodeActionClientCapabilities(),
)
_WINDOW = types.WindowClientCapabilities(work_done_progress=True)
_NOTEBOOKS = types.NotebookDocumentClientCapabilities(types.NotebookDocumentSyncClientCapabilities())

TOLD = types.ClientCapabilities(workspace=_BOTH, text_document=_TEXTS, window=_WINDOW, notebook_document=_NOTEBOOKS)
ASKING = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
    ),
    text_document=types.TextDocumentClientCapabilities(
        diagnostic=types.DiagnosticClientCapabilities(),
        code_action=types.CodeActionClientCapabilities(resolve_support=types.ClientCodeActionResolveOptions(["edit"])),
    ),
    general=types.GeneralClientCapabilities(position_encodings=["utf-8", "utf-16"]),
    window=_WINDOW,
    notebook_document=_NOTEBOOKS,
)


async def served(root: Path, capabilities: types.ClientCapabilities) -> AsyncIterator[Editor]:
    """An editor with a server of its own, on a directory."""
    editor = Editor(root)
    await editor.start_io(*COMMAND, cwd=root, env=ENVIRONMENT)
    folder = types.WorkspaceFolder(root.as_uri(), root.name)
    await editor.initialize_session(types.InitializeParams(capabilities=capabilities, workspace_folders=[folder]))
    yield editor
    await editor.shutdown_session()
    await editor.stop()  # type: ignore[no-untyped-call]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def told_editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    async for editor in served(tmp_path_factory.mktemp("told"), TOLD):
        yield editor


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asking_editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    async for editor in served(tmp_path_factory.mktemp("asking"), ASKING):
        yield editor


@pytest_asyncio.fixture(loop_scope="session")
async def editor(told_editor: Editor) -> AsyncIterator[Editor]:
    """The editor that is told, with nothing open."""
    yield told_editor
    told_editor.close_all()


@pytest_asyncio.fixture(loop_scope="session")
async def asking(asking_editor: Editor) -> AsyncIterator[Editor]:
    """The editor that asks, with nothing open."""
    yield asking_editor
    asking_editor.close_all()
