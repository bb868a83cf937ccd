"""What the client opens, changes and closes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lsprotocol import types

from tapelint.lsp.addresses import path_of
from tapelint.lsp.buffers import Buffer, Notebook, plain
from tapelint.lsp.session import Session


class Synchronization:
    """Keeps the session's texts what they are in the client. What nobody could lint is not kept."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._buffers = session.buffers

    def handlers(self) -> Mapping[str, Callable[[Any], None]]:
        """What hears which message."""
        return {
            types.TEXT_DOCUMENT_DID_OPEN: self._open,
            types.TEXT_DOCUMENT_DID_CHANGE: self._change,
            types.TEXT_DOCUMENT_DID_SAVE: self._save,
            types.TEXT_DOCUMENT_DID_CLOSE: self._close,
            types.NOTEBOOK_DOCUMENT_DID_OPEN: self._open_notebook,
            types.NOTEBOOK_DOCUMENT_DID_CHANGE: self._change_notebook,
            types.NOTEBOOK_DOCUMENT_DID_SAVE: self._save,
            types.NOTEBOOK_DOCUMENT_DID_CLOSE: self._close_notebook,
        }

    def _open(self, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        path = path_of(item.uri, str(item.language_id), self._session.home)
        # The JSON of a notebook, seen as text, has no lines that a cell's could be told by.
        if path is not None and path.suffix != ".ipynb":
            self._buffers.texts[path] = Buffer.of(item)
            self._session.stir()

    def _change(self, params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        path = self._buffers.path(document.uri)
        if path in self._buffers.texts:
            self._buffers.texts[path].change(document.version, params.content_changes, self._session.client.units)
            self._session.stir()

    def _save(self, _: object) -> None:
        # What others import from the disk is another now.
        self._session.stir()

    def _close(self, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        path = self._buffers.path(uri)
        if path in self._buffers.texts:
            del self._buffers.texts[path]
            self._session.withdraw(uri)
            self._session.stir()

    def _open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        item = params.notebook_document
        path = path_of(item.uri, "", self._session.home)
        if path is not None:
            texts = {cell.uri: Buffer.of(cell) for cell in params.cell_text_documents}
            notebook = Notebook(item.uri, item.version, plain(item.metadata), [*item.cells], texts)
            # It is one of our notebooks, whatever it is called.
            self._buffers.notebooks[path if path.suffix == ".ipynb" else path.with_name(f"{path.name}.ipynb")] = (
                notebook
            )
            self._session.stir()

    def _change_notebook(self, params: types.DidChangeNotebookDocumentParams) -> None:
        document = params.notebook_document
        path = self._buffers.path(document.uri)
        if path in self._buffers.notebooks:
            notebook = self._buffers.notebooks[path]
            before = set(notebook.texts)
            notebook.change(document.version, params.change, self._session.client.units)
            self._withdraw(before - set(notebook.texts))
            self._session.stir()

    def _close_notebook(self, params: types.DidCloseNotebookDocumentParams) -> None:
        path = self._buffers.path(params.notebook_document.uri)
        if path in self._buffers.notebooks:
            self._withdraw(self._buffers.notebooks.pop(path).texts)
            self._session.stir()

    def _withdraw(self, uris: Iterable[str]) -> None:
        for uri in uris:
            self._session.withdraw(uri)
