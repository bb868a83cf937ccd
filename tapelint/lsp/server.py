"""The language server: which message of the client leads to what."""

import logging
import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import converters, types
from pygls.lsp.server import LanguageServer

from tapelint import __version__
from tapelint.finding import Place
from tapelint.lsp.addresses import path_of
from tapelint.lsp.buffers import Buffer, Buffers, Notebook, plain
from tapelint.lsp.linting import Linter, Snapshot
from tapelint.lsp.units import KNOWN, UTF16, Units
from tapelint.report.address import uri
from tapelint.report.lsp import Convention, diagnostics
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Outcome

_STACK = 64 << 20
"""The bytes of a thread's stack: room for what is nested deep, also where threads get little of themselves."""

_SYNCHRONIZED = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)
"""What is open, we keep ourselves: pygls cuts lines where the protocol does not, and stumbles over unknown names."""

_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage(language="python")]),
    ],
    save=True,
)


def serve() -> int:
    """Speaks with a client over standard input and output until it says goodbye. Gives the exit status."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    threading.stack_size(_STACK)
    # Whatever prints anything must not disturb the conversation.
    spoken = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server = Server()
    server.pygls.start_io(sys.stdin.buffer, spoken)
    return 0 if server.said_goodbye else 1


class Server:
    """The server. What it knows of the client, it learns in `initialize`."""

    def __init__(self) -> None:
        self.pygls = LanguageServer("tapelint", __version__, notebook_document_sync=_NOTEBOOKS)
        self.said_goodbye = False
        self._converter = converters.get_converter()
        self._units: Units = UTF16
        self._home = Path.cwd()
        self._buffers = Buffers()
        self._linter = Linter(self._snapshot, self._publish)
        for method in _SYNCHRONIZED:
            del self.pygls.protocol.fm.builtin_features[method]
        for method, handler in (
            (types.INITIALIZE, self._initialize),
            (types.SHUTDOWN, self._shutdown),
            (types.TEXT_DOCUMENT_DID_OPEN, self._did_open),
            (types.TEXT_DOCUMENT_DID_CHANGE, self._did_change),
            (types.TEXT_DOCUMENT_DID_CLOSE, self._did_close),
            (types.NOTEBOOK_DOCUMENT_DID_OPEN, self._did_open_notebook),
            (types.NOTEBOOK_DOCUMENT_DID_CHANGE, self._did_change_notebook),
            (types.NOTEBOOK_DOCUMENT_DID_CLOSE, self._did_close_notebook),
        ):
            # pygls makes notes on what it is given, and a method takes none.
            self.pygls.feature(method)(partial(handler))

    def _initialize(self, params: types.InitializeParams) -> None:
        asked = params.workspace_folders[0].uri if params.workspace_folders else params.root_uri
        self._home = (path_of(asked, "", self._home) if asked else None) or self._home
        general = params.capabilities.general
        offered = (general.position_encodings if general else None) or ()
        self._units = next((units for kind in offered for units in KNOWN if units.kind == kind), UTF16)

    def _shutdown(self, _: object) -> None:
        self.said_goodbye = True

    def _did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        path = path_of(params.text_document.uri, str(params.text_document.language_id), self._home)
        if path is not None:
            self._buffers.texts[path] = Buffer.of(params.text_document)
            self._linter.stir()

    def _did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        path = self._buffers.path(params.text_document.uri)
        if path is not None:
            self._buffers.texts[path].change(params.text_document.version, params.content_changes, self._units)
            self._linter.stir()

    def _did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        path = self._buffers.path(params.text_document.uri)
        if path is not None:
            del self._buffers.texts[path]
            self._tell(params.text_document.uri, None, [])
            self._linter.stir()

    def _did_open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        notebook = params.notebook_document
        path = path_of(notebook.uri, "", self._home)
        if path is not None:
            texts = {item.uri: Buffer.of(item) for item in params.cell_text_documents}
            metadata = plain(notebook.metadata)
            self._buffers.notebooks[path] = Notebook(notebook.uri, notebook.version, metadata, [*notebook.cells], texts)
            self._linter.stir()

    def _did_change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> None:
        path = self._buffers.path(params.notebook_document.uri)
        if path is not None:
            self._buffers.notebooks[path].change(params.notebook_document.version, params.change, self._units)
            self._linter.stir()

    def _did_close_notebook(self, params: types.DidCloseNotebookDocumentParams) -> None:
        path = self._buffers.path(params.notebook_document.uri)
        if path is not None:
            for cell in self._buffers.notebooks.pop(path).cells:
                self._tell(cell.document, None, [])
            self._linter.stir()

    def _snapshot(self) -> Snapshot:
        paths = (*self._buffers.texts, *self._buffers.notebooks)
        return Snapshot(
            self._buffers.contents,
            {path: self._buffers.uris(path) for path in paths},
            self._buffers.versions,
            Hierarchy(self._home),
        )

    def _publish(self, snapshot: Snapshot, outcome: Outcome) -> None:
        def address(place: Place) -> str:
            return snapshot.names.get(place.path, {}).get(place.cell) or uri(place)

        told: dict[str, list[Any]] = {name: [] for names in snapshot.names.values() for name in names.values()}
        for finding, diagnostic in diagnostics(outcome, Convention(self._units.length, address)):
            told[address(finding.place)].append(diagnostic)
        current = self._buffers.versions
        for name, each in told.items():
            if current.get(name) == snapshot.versions.get(name):
                self._tell(name, snapshot.versions.get(name), each)

    def _tell(self, name: str, version: int | None, found: list[Any]) -> None:
        params = types.PublishDiagnosticsParams(
            name, [self._converter.structure(each, types.Diagnostic) for each in found], version
        )
        self.pygls.text_document_publish_diagnostics(params)
