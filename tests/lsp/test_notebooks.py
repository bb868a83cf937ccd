"""Notebooks: their cells are one program, and each is told what is found in it."""

import pytest
from lsprotocol import types

from tests.cli.commands import BROKEN
from tests.lsp.editor import Editor, applied, changes_of, span

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("lsp")]

IMPORTS, LOOP = BROKEN.replace("  # noqa: TL201", "").split("\n\nmodel", 1)
CELLS = (f"{IMPORTS}\n", "# Some words", f"model{LOOP}")
KINDS = (types.NotebookCellKind.Code, types.NotebookCellKind.Markup, types.NotebookCellKind.Code)
ROW = 4
"""The line of the loop's cell that the finding is on."""


class Book:
    """A notebook that is open in an editor."""

    def __init__(self, editor: Editor, name: str) -> None:
        self.editor = editor
        self.uri = editor.uri(name)
        self.cells = [f"vscode-notebook-cell:{self.uri[5:]}#W{number}" for number in range(len(CELLS))]
        self.version = 1
        notebook = types.NotebookDocument(
            self.uri,
            "jupyter-notebook",
            1,
            [types.NotebookCell(kind, cell) for kind, cell in zip(KINDS, self.cells, strict=True)],
        )
        texts = [
            types.TextDocumentItem(cell, "python" if kind is types.NotebookCellKind.Code else "markdown", 1, text)
            for cell, kind, text in zip(self.cells, KINDS, CELLS, strict=True)
            if kind is types.NotebookCellKind.Code
        ]
        editor.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, texts))

    def change(self, change: types.NotebookDocumentCellChanges) -> None:
        self.version += 1
        known = types.VersionedNotebookDocumentIdentifier(self.version, self.uri)
        params = types.DidChangeNotebookDocumentParams(known, types.NotebookDocumentChangeEvent(cells=change))
        self.editor.notebook_document_did_change(params)

    def edit(self, cell: int, version: int, edit: types.TextEdit) -> None:
        known = types.VersionedTextDocumentIdentifier(version=version, uri=self.cells[cell])
        changes = [types.TextDocumentContentChangePartial(edit.range, edit.new_text)]
        content = types.NotebookDocumentCellContentChanges(known, changes)
        self.change(types.NotebookDocumentCellChanges(text_content=[content]))

    def close(self) -> None:
        closed = [types.TextDocumentIdentifier(cell) for cell in self.cells]
        known = types.NotebookDocumentIdentifier(self.uri)
        self.editor.notebook_document_did_close(types.DidCloseNotebookDocumentParams(known, closed))


async def test_cells_are_one_program_and_each_is_told_what_is_in_it(editor: Editor) -> None:
    book = Book(editor, "whole.ipynb")
    (error,) = await editor.diagnostics_of(book.cells[2], 1)
    assert (error.code, error.range.start.line) == ("TL101", ROW)
    assert error.related_information and error.related_information[0].location.uri == book.cells[2]
    assert await editor.diagnostics_of(book.cells[0], 1) == []
    book.edit(2, 2, types.TextEdit(span(0, 0), "\n\n"))
    (error,) = await editor.diagnostics_of(book.cells[2], 2)
    assert error.range.start.line == ROW + 2
    book.close()
    await editor.until(lambda: editor.last(book.cells[2]) == [])


async def test_cells_come_and_go(editor: Editor) -> None:
    book = Book(editor, "growing.ipynb")
    await editor.diagnostics_of(book.cells[2], 1)
    more = f"{book.cells[2]}more"
    update = "tf.keras.optimizers.SGD().apply_gradients(zip(grads, model.trainable_variables))\n"
    structure = types.NotebookDocumentCellChangeStructure(
        types.NotebookCellArrayChange(3, 0, [types.NotebookCell(types.NotebookCellKind.Code, more)]),
        did_open=[types.TextDocumentItem(more, "python", 1, update)],
    )
    book.change(types.NotebookDocumentCellChanges(structure=structure))
    await editor.until(lambda: "TL101" not in editor.last(book.cells[2]))
    array = types.NotebookCellArrayChange(3, 1)
    closed = [types.TextDocumentIdentifier(more)]
    gone = types.NotebookDocumentCellChangeStructure(array, did_close=closed)
    book.change(types.NotebookDocumentCellChanges(structure=gone))
    await editor.until(lambda: "TL101" in editor.last(book.cells[2]))
    book.close()


async def test_actions_change_the_cell(editor: Editor) -> None:
    book = Book(editor, "mended.ipynb")
    (error,) = await editor.diagnostics_of(book.cells[2], 1)
    (ignore,) = [each for each in await editor.actions(book.cells[2], error.range) if "ignore" in each.title]
    assert ignore.edit is not None
    ((uri, (edit,)),) = changes_of(ignore.edit).items()
    assert uri == book.cells[2]
    assert applied(CELLS[2], edit).splitlines()[ROW].endswith("  # tapelint: ignore[gradients-not-applied]")
    book.edit(2, 2, edit)
    assert await editor.diagnostics_of(book.cells[2], 2) == []
    book.close()


async def test_what_a_cell_does_not_need_is_taken_out(editor: Editor) -> None:
    book = Book(editor, "needless.ipynb")
    await editor.diagnostics_of(book.cells[0], 1)
    book.edit(0, 2, types.TextEdit(span(0, 0), "import os  # tapelint: ignore[gradients-not-applied]\n"))
    (warning,) = await editor.diagnostics_of(book.cells[0], 2)
    assert warning.code == "TL002"
    (action,) = await editor.actions(book.cells[0], warning.range, ["source.fixAll"])
    assert action.edit is not None
    assert {uri: [edit.new_text for edit in edits] for uri, edits in changes_of(action.edit).items()} == {
        book.cells[0]: ["import os\n"]
    }
    book.close()


async def test_cells_are_told_of_unasked(asking: Editor) -> None:
    book = Book(asking, "asking.ipynb")
    (error,) = await asking.diagnostics_of(book.cells[2], 1)
    assert error.code == "TL101"
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(book.cells[2]))
    report = await asking.text_document_diagnostic_async(params)
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    assert list(report.items) == []
    book.close()
