"""What an editor is told of the texts that are open, as they are opened, changed, saved, renamed and closed."""

from pathlib import Path

import pytest
from lsprotocol import types

from tests.cli.commands import BROKEN, LINE
from tests.lsp.editor import Editor, insertion, span

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("lsp")]

MENDED = (
    BROKEN.replace("  # noqa: TL201", "").replace("\nfor", "\noptimizer = tf.keras.optimizers.SGD()\nfor")
    + "    optimizer.apply_gradients(zip(grads, model.trainable_variables))\n"
)


async def test_what_is_found_in_an_open_text(editor: Editor) -> None:
    uri = editor.uri("opened.py")
    editor.open(uri, BROKEN)
    error, warning = await editor.diagnostics_of(uri, 1)
    assert (error.code, error.severity, error.source) == ("TL101", types.DiagnosticSeverity.Error, "tapelint")
    assert error.range == span(LINE - 1, 12, 58)
    assert error.code_description and error.code_description.href.endswith("/rules/gradients-not-applied.html")
    assert error.related_information and error.related_information[0].location.uri == uri
    assert error.data is not None
    assert error.data["rule"] == "gradients-not-applied"
    assert (warning.code, warning.severity) == ("TL002", types.DiagnosticSeverity.Warning)
    assert list(warning.tags or ()) == [types.DiagnosticTag.Unnecessary]


async def test_what_is_changed_in_between(editor: Editor) -> None:
    uri = editor.uri("changed.py")
    editor.open(uri, BROKEN)
    await editor.diagnostics_of(uri, 1)
    (error, *_) = await editor.diagnostics_of(uri, editor.change(uri, insertion(2, "x = 1\n"), insertion(0, "\n")))
    assert error.range.start.line == LINE + 1
    assert "TL101" not in await editor.codes(uri, editor.replace(uri, MENDED))


async def test_nothing_is_left_of_a_closed_text(editor: Editor) -> None:
    uri = editor.uri("closed.py")
    editor.open(uri, BROKEN)
    await editor.diagnostics_of(uri, 1)
    editor.close(uri)
    await editor.until(lambda: editor.last(uri) == [])


@pytest.mark.parametrize("before", ["'\N{ROCKET}\N{ROCKET}'; ", "'é'; ", "'漢'; "])
async def test_columns_are_those_of_the_client(editor: Editor, before: str) -> None:
    uri = editor.uri("columns.py")
    editor.open(uri, BROKEN.replace("    grads =", f"    {before}grads ="))
    (error, *_) = await editor.diagnostics_of(uri, 1)
    units = len(before.encode("utf-16-le")) // 2
    assert error.range == span(LINE - 1, 12 + units, 58 + units)
    # An edit behind such characters lands where the client means it.
    place = types.Range(types.Position(LINE - 1, 12 + units), types.Position(LINE - 1, 58 + units))
    assert "TL101" not in await editor.codes(uri, editor.change(uri, types.TextEdit(place, "None")))


async def test_lines_end_where_the_protocol_says(editor: Editor) -> None:
    uri = editor.uri("feeds.py")
    editor.open(uri, f"'''a\x0cb\u2028c\x1cd'''\n{BROKEN}")
    (error, *_) = await editor.diagnostics_of(uri, 1)
    assert error.range.start.line == LINE
    version = editor.change(uri, types.TextEdit(span(LINE, 12, 58), "None"))
    assert "TL101" not in await editor.codes(uri, version)


async def test_what_is_open_counts_before_what_is_saved(editor: Editor, tmp_path: Path) -> None:
    helper = "def update(optimizer, grads, variables):\n    {}\n"
    trainer = BROKEN.replace("import tensorflow as tf\n", "import tensorflow as tf\nfrom updating import update\n")
    trainer += "    update(tf.keras.optimizers.SGD(), grads, model.trainable_variables)\n"
    (tmp_path / "updating.py").write_text(helper.format("print(len(grads))"))
    uri, updating = (tmp_path / "train.py").as_uri(), (tmp_path / "updating.py").as_uri()
    editor.open(uri, trainer)
    assert "TL101" in await editor.codes(uri, 1)
    editor.open(updating, helper.format("optimizer.apply_gradients(zip(grads, variables))"))
    await editor.until(lambda: "TL101" not in editor.last(uri))
    editor.close(updating)
    await editor.until(lambda: "TL101" in editor.last(uri))


async def test_what_is_saved_beside_it_is_read_again(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "updating.py").write_text("def update(*_):\n    pass\n")
    uri = (tmp_path / "train.py").as_uri()
    trainer = BROKEN.replace("import tensorflow as tf\n", "import tensorflow as tf\nfrom updating import update\n")
    editor.open(uri, trainer + "    update(tf.keras.optimizers.SGD(), grads, model.trainable_variables)\n")
    assert "TL101" in await editor.codes(uri, 1)
    (tmp_path / "updating.py").write_text(
        "def update(opt, grads, weights):\n    opt.apply_gradients(zip(grads, weights))\n"
    )
    saved = types.TextDocumentIdentifier((tmp_path / "updating.py").as_uri())
    editor.text_document_did_save(types.DidSaveTextDocumentParams(saved))
    await editor.until(lambda: "TL101" not in editor.last(uri))


async def test_a_renamed_file_is_another(editor: Editor, tmp_path: Path) -> None:
    old, new = (tmp_path / "old.py").as_uri(), (tmp_path / "new.py").as_uri()
    editor.open(old, BROKEN)
    await editor.diagnostics_of(old, 1)
    editor.close(old)
    editor.open(new, BROKEN)
    editor.workspace_did_rename_files(types.RenameFilesParams([types.FileRename(old, new)]))
    assert "TL101" in await editor.codes(new, 1)
    assert editor.last(old) == []


async def test_a_broken_text_is_told_and_mended(editor: Editor) -> None:
    uri = editor.uri("broken.py")
    editor.open(uri, BROKEN + "def f(:\n")
    (error,) = await editor.diagnostics_of(uri, 1)
    assert (error.code, error.range.start.line) == ("TL001", LINE)
    assert "TL101" in await editor.codes(uri, editor.change(uri, types.TextEdit(span(LINE, 0, 7), "")))


async def test_a_burst_of_changes_is_one_to_whoever_lints(editor: Editor) -> None:
    uri = editor.uri("burst.py")
    editor.open(uri, BROKEN)
    await editor.diagnostics_of(uri, 1)
    heard = len(editor.told)
    for _ in range(200):
        version = editor.change(uri, insertion(0, "# a remark\n"))
    hover = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(0, 0))
    assert await editor.text_document_hover_async(hover) is None
    (error, *_) = await editor.diagnostics_of(uri, version)
    assert error.range.start.line == LINE - 1 + 200
    versions = [params.version or 0 for params in editor.told[heard:] if params.uri == uri]
    assert versions == sorted(set(versions))
    assert len(versions) < 50


@pytest.mark.parametrize("uri", ["file:///c%3A/Users/me/train.py", "file:///C:/Users/me/my%20train.py"])
async def test_names_as_windows_has_them(editor: Editor, uri: str) -> None:
    editor.open(uri, BROKEN)
    (error, *_) = await editor.diagnostics_of(uri, 1)
    assert error.code == "TL101"
    assert error.related_information and {step.location.uri for step in error.related_information} == {uri}


async def test_a_text_that_was_never_saved(editor: Editor) -> None:
    editor.open("untitled:Untitled-1", BROKEN)
    assert "TL101" in await editor.codes("untitled:Untitled-1", 1)


async def test_markdown_is_read_as_such(editor: Editor) -> None:
    uri = editor.uri("notes.md")
    editor.open(uri, f"# Notes\n\n```python\n{BROKEN}```\n", "markdown")
    (error, *_) = await editor.diagnostics_of(uri, 1)
    assert error.range.start.line == LINE + 2


async def test_names_that_mean_nothing_here_do_no_harm(editor: Editor) -> None:
    strange = ("vscode-notebook-cell:/a/b.ipynb#W0sZmlsZQ%3D%3D", "git:/a/train.py?%7B%7D", "nothing at all")
    for uri in strange:
        editor.open(uri, BROKEN)
        editor.replace(uri, MENDED)
    version = types.VersionedTextDocumentIdentifier(version=2, uri=editor.uri("never opened.py"))
    editor.text_document_did_change(types.DidChangeTextDocumentParams(version, []))
    uri = editor.uri("after.py")
    editor.open(uri, BROKEN)
    assert "TL101" in await editor.codes(uri, 1)
    assert not {params.uri for params in editor.told} & set(strange)
