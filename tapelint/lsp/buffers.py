"""The texts that are open in the client: what the linter sees instead of the files on the disk."""

import json
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from lsprotocol import types

from tapelint.lsp.units import Units, offset


@dataclass(slots=True)
class Buffer:
    """A text that is open, or a cell of an open notebook, as it is in the client at this moment."""

    uri: str
    language: str
    version: int
    text: str

    @classmethod
    def of(cls, item: types.TextDocumentItem) -> "Buffer":
        return cls(item.uri, str(item.language_id), item.version, item.text)

    def change(self, version: int, changes: Iterable[types.TextDocumentContentChangeEvent], units: Units) -> None:
        """Makes the changes that the client has made, one after the other."""
        for change in changes:
            if isinstance(change, types.TextDocumentContentChangePartial):
                start = offset(self.text, change.range.start, units)
                end = offset(self.text, change.range.end, units)
                self.text = self.text[:start] + change.text + self.text[end:]
            else:
                self.text = change.text
        self.version = version

    @property
    def data(self) -> bytes:
        """What the file would contain if it were saved now."""
        plain = self.text.encode("utf-8", "replace")
        if self.language != "python":
            return plain
        try:
            encoding, _ = tokenize.detect_encoding(BytesIO(plain).readline)
            return self.text.encode(encoding)
        except (SyntaxError, UnicodeError):
            return plain  # whoever reads it will find out


def plain(metadata: object) -> dict[str, Any]:
    """What a client says about a notebook, of which the protocol knows no more than that it is an object."""
    return metadata if isinstance(metadata, dict) else {}


@dataclass(slots=True)
class Notebook:
    """A notebook that is open: its cells in order, and of each that is code the text."""

    uri: str
    version: int
    metadata: dict[str, Any]
    cells: list[types.NotebookCell]
    texts: dict[str, Buffer] = field(default_factory=dict)

    def change(self, version: int, change: types.NotebookDocumentChangeEvent, units: Units) -> None:
        """Makes the changes that the client has made."""
        if change.metadata is not None:
            self.metadata = plain(change.metadata)
        if change.cells:
            self._change_cells(change.cells, units)
        self.version = version

    def _change_cells(self, changes: types.NotebookDocumentCellChanges, units: Units) -> None:
        if changes.structure:
            array = changes.structure.array
            self.cells[array.start : array.start + array.delete_count] = array.cells or []
            self.texts.update({item.uri: Buffer.of(item) for item in changes.structure.did_open or ()})
            for closed in changes.structure.did_close or ():
                self.texts.pop(closed.uri, None)
        renewed = {cell.document: cell for cell in changes.data or ()}
        self.cells = [renewed.get(cell.document, cell) for cell in self.cells]
        for content in changes.text_content or ():
            if content.document.uri in self.texts:
                self.texts[content.document.uri].change(content.document.version, content.changes, units)

    @property
    def data(self) -> bytes:
        """What the linter needs of the file that it would be if it were saved now."""
        cells = [self._saved(cell) for cell in self.cells]
        return json.dumps({"cells": cells, "metadata": self.metadata, "nbformat": 4, "nbformat_minor": 5}).encode()

    def _saved(self, cell: types.NotebookCell) -> dict[str, Any]:
        buffer = self.texts.get(cell.document)
        if cell.kind != types.NotebookCellKind.Code or buffer is None:
            return {"cell_type": "markdown", "metadata": {}, "source": ""}
        return {
            "cell_type": "code",
            "metadata": {"vscode": {"languageId": buffer.language}},
            "execution_count": cell.execution_summary.execution_order if cell.execution_summary else None,
            "source": buffer.text,
            "outputs": [],
        }


class Buffers:
    """All that is open, by the file it stands for."""

    def __init__(self) -> None:
        self.texts: dict[Path, Buffer] = {}
        self.notebooks: dict[Path, Notebook] = {}

    @property
    def paths(self) -> list[Path]:
        """The files that are open."""
        return [*self.texts, *self.notebooks]

    def buffer(self, uri: str) -> Buffer | None:
        """The text, or cell, that the client calls so."""
        return next((buffer for buffer in self._all() if buffer.uri == uri), None)

    def is_cell(self, uri: str) -> bool:
        """Whether this is the name of a cell."""
        return any(uri in notebook.texts for notebook in self.notebooks.values())

    def owner(self, uri: str) -> Path | None:
        """The file that an open text stands for, or that an open cell is in."""
        cells = (path for path, notebook in self.notebooks.items() if uri in notebook.texts)
        return self.path(uri) or next(cells, None)

    @property
    def contents(self) -> dict[Path, bytes]:
        """The files as they would be if everything were saved now."""
        return {path: each.data for path, each in self._files()}

    @property
    def versions(self) -> dict[str, int]:
        """The version of every open text and cell, by its URI."""
        return {buffer.uri: buffer.version for buffer in self._all()}

    def path(self, uri: str) -> Path | None:
        """The file that an open text or notebook stands for."""
        return next((path for path, each in self._files() if each.uri == uri), None)

    def uris(self, path: Path) -> dict[int | None, str]:
        """How the client names an open file, under None; or the cells of an open notebook, under their numbers."""
        if path in self.texts:
            return {None: self.texts[path].uri}
        if path in self.notebooks:
            return {number: cell.document for number, cell in enumerate(self.notebooks[path].cells, start=1)}
        return {}

    def _files(self) -> Iterator[tuple[Path, Buffer | Notebook]]:
        yield from self.texts.items()
        yield from self.notebooks.items()

    def _all(self) -> Iterator[Buffer]:
        yield from self.texts.values()
        for notebook in self.notebooks.values():
            yield from notebook.texts.values()
