"""The language server: which message of the client leads to what."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tapelint import __version__
from tapelint.lsp.actions import FIX_ALL
from tapelint.lsp.answers import PROBE, Answers
from tapelint.lsp.configuration import SECTION
from tapelint.lsp.session import Session
from tapelint.lsp.survey import Survey
from tapelint.lsp.synchronization import Synchronization
from tapelint.lsp.trials import Trials
from tapelint.lsp.watching import have_a_say, registrations

_STACK = 64 << 20
"""The bytes of a thread's stack: room for what is nested deep, also where threads get little of themselves."""

_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage(language="python")]),
    ],
    save=True,
)
_ACTIONS = types.CodeActionOptions(
    code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL],
    resolve_provider=True,
)
_FILES = types.FileOperationRegistrationOptions(
    filters=[types.FileOperationFilter(types.FileOperationPattern("**/*"), scheme="file")]
)
_PULLING = types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="tapelint")


def serve() -> int:
    """Speaks with a client over standard input and output until it says goodbye. Gives the exit status."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    threading.stack_size(_STACK)
    # Whatever prints anything must not disturb the conversation, nor whatever reads.
    heard, spoken = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    server = Server()
    try:
        server.pygls.start_io(heard, spoken)
    finally:
        server.close()
    return 0 if server.said_goodbye else 1


class Server:
    """The server. What it knows of the client, it learns in `initialize`."""

    def __init__(self) -> None:
        self.pygls = LanguageServer("tapelint", __version__, notebook_document_sync=_NOTEBOOKS)
        self.said_goodbye = False
        self._session = Session(self.pygls)
        self._answers = Answers(self._session)
        self._trials = Trials(self._session)
        for method, handler in Synchronization(self._session).handlers().items():
            # What is open, we keep ourselves: pygls cuts lines where the protocol does not.
            self.pygls.protocol.fm.builtin_features.pop(method, None)
            self._on(method, handler)
        self._on(types.INITIALIZE, self._initialize)
        self._on(types.INITIALIZED, self._initialized)
        self._on(types.SHUTDOWN, self._shutdown)
        self._on(types.WORKSPACE_DID_CHANGE_CONFIGURATION, self._did_change_configuration)
        self._on(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, self._did_change_files)
        self._on(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, self._did_change_folders)
        self._on(types.WORKSPACE_DID_RENAME_FILES, self._did_rename, _FILES)
        self._on(types.TEXT_DOCUMENT_CODE_ACTION, self._answers.actions, _ACTIONS)
        self._on(types.CODE_ACTION_RESOLVE, self._answers.resolve)
        self._on(types.TEXT_DOCUMENT_HOVER, self._answers.hover)
        self._on(types.TEXT_DOCUMENT_CODE_LENS, self._answers.lenses)
        self.pygls.command(PROBE)(partial(self._probe))
        self.pygls.command("tapelint.fixAll")(partial(self._fix_all))

    def close(self) -> None:
        """Ends whatever is going on."""
        self._trials.close()
        self._session.linter.close()

    def _on(self, method: str, handler: Callable[[Any], Any], options: Any = None) -> None:
        # pygls makes notes on what it is given, and a method takes none.
        self.pygls.feature(method, options)(partial(handler))

    def _initialize(self, params: types.InitializeParams) -> None:
        self._session.begin(params)
        if self._session.client.pulls:
            survey = Survey(self._session)
            self._on(types.TEXT_DOCUMENT_DIAGNOSTIC, self._answers.diagnostics, _PULLING)
            self._on(types.WORKSPACE_DIAGNOSTIC, survey.report)

    async def _initialized(self, _: types.InitializedParams) -> None:
        await self._configure(None)
        if self._session.client.watches:
            wanted = types.RegistrationParams(registrations())
            await self.pygls.client_register_capability_async(wanted)

    def _shutdown(self, _: object) -> None:
        self.said_goodbye = True
        self._trials.close()

    async def _did_change_configuration(self, params: types.DidChangeConfigurationParams) -> None:
        await self._configure(params.settings)

    async def _configure(self, told: object) -> None:
        """Takes in the editor's settings: as it has told them, or better as it tells them when it is asked."""
        session = self._session
        if session.client.configures:
            item = types.ConfigurationItem(section=SECTION)
            answer = await self.pygls.workspace_configuration_async(types.ConfigurationParams([item]))
            if answer and answer[0] is not None:
                session.wish(answer[0])
        elif isinstance(told, dict) and SECTION in told:
            session.wish(told[SECTION])
        session.configuration.look_again()
        session.stir()
        session.refresh()

    def _did_change_files(self, params: types.DidChangeWatchedFilesParams) -> None:
        if have_a_say(change.uri for change in params.changes):
            self._session.configuration.look_again()
        self._session.stir()
        self._session.refresh()

    def _did_change_folders(self, params: types.DidChangeWorkspaceFoldersParams) -> None:
        self._session.move(params.event)

    def _did_rename(self, params: types.RenameFilesParams) -> None:
        for file in params.files:
            if self._session.buffers.path(file.old_uri) is None:
                self._session.withdraw(file.old_uri)
        self._session.stir()
        self._session.refresh()

    def _probe(self, argument: Any) -> None:
        self._trials.begin(str(argument["uri"]))

    async def _fix_all(self, argument: Any) -> None:
        edit = await self._answers.fix_all(str(argument["uri"]))
        if edit is not None:
            wanted = types.ApplyWorkspaceEditParams(edit, label="tapelint: make all safe fixes")
            await self.pygls.workspace_apply_edit_async(wanted)
