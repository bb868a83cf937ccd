"""The lens over a step, and what running the script makes of the findings."""

from pathlib import Path

import pytest
from lsprotocol import types

from tests.cli.commands import BROKEN, LINE
from tests.lsp.editor import Editor, insertion

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("lsp")]

MODULE = """\
import tensorflow as tf

def train_step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
"""
SCRIPT = f"""{MODULE}
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD()
for x, y in [(tf.zeros((2, 4)), tf.zeros((2, 1)))] * 3:
    train_step(model, optimizer, x, y)
model.compile(loss="mse")
model.fit(tf.zeros((2, 4)), tf.zeros((2, 1)))
"""


async def lenses(editor: Editor, uri: str) -> list[types.CodeLens]:
    answer = await editor.text_document_code_lens_async(types.CodeLensParams(types.TextDocumentIdentifier(uri)))
    return list(answer or ())


async def probe(editor: Editor, lens: types.CodeLens) -> None:
    assert lens.command is not None
    params = types.ExecuteCommandParams(lens.command.command, lens.command.arguments)
    assert await editor.workspace_execute_command_async(params) is None


def children(process: int) -> list[int]:
    """The processes that a process has started and that are still there."""
    found = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for listed in found for child in listed.read_text().split()]


async def test_a_lens_is_over_each_step_of_a_script(editor: Editor) -> None:
    uri = editor.uri("steps.py")
    editor.open(uri, SCRIPT)
    found = await lenses(editor, uri)
    assert [lens.range.start.line for lens in found] == [2, SCRIPT.count("\n") - 1]
    command = found[0].command
    assert command == types.Command(
        "probe this step", "tapelint.probe", arguments=command.arguments if command else None
    )
    assert command.arguments == ({"uri": uri, "line": 2},)
    editor.replace(uri, "\n" + SCRIPT)
    assert [lens.range.start.line for lens in await lenses(editor, uri)] == [3, SCRIPT.count("\n")]


async def test_none_is_where_nothing_can_be_run(editor: Editor) -> None:
    uri = editor.uri("module.py")
    editor.open(uri, MODULE)
    assert await lenses(editor, uri) == []
    assert await lenses(editor, editor.uri("not open.py")) == []


async def test_none_is_where_nobody_wants_it(editor: Editor) -> None:
    uri = editor.uri("unwanted.py")
    editor.open(uri, f"{SCRIPT}x = 1  # tapelint: ignore\n")
    await editor.until(lambda: "TL002" in editor.last(uri))
    editor.set_configuration({"codeLens": False, "ignore": ["TL002"]}, section="tapelint")
    editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
    await editor.until(lambda: "TL002" not in editor.last(uri))
    unwanted = await lenses(editor, uri)
    editor.set_configuration({}, section="tapelint")
    editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
    await editor.until(lambda: "TL002" in editor.last(uri))
    assert unwanted == []
    assert await lenses(editor, uri) != []


async def test_a_run_confirms_what_reading_has_found(editor: Editor) -> None:
    path = editor.root / "confirmed.py"
    path.write_text(BROKEN)
    uri = path.as_uri()
    editor.open(uri, BROKEN)
    (lens,) = await lenses(editor, uri)
    before = len(editor.told)
    await probe(editor, lens)
    await editor.until(lambda: len(editor.told) > before)
    (error, _) = await editor.diagnostics_of(uri, 1)
    assert error.range.start.line == LINE - 1
    assert "confirmed by the probe: 2 of 2 variables identical after 2 steps" in error.message
    (begin, *_, end) = next(reports for reports in editor.progress_reports.values() if len(reports) > 1)
    assert isinstance(begin, types.WorkDoneProgressBegin)
    assert begin.cancellable
    assert isinstance(end, types.WorkDoneProgressEnd)
    # Another text was not run.
    (error, _) = await editor.diagnostics_of(uri, editor.change(uri, insertion(0, "\n")))
    assert "probe" not in error.message
    # The same text was.
    (error, _) = await editor.diagnostics_of(uri, editor.replace(uri, BROKEN))
    assert "confirmed by the probe" in error.message


async def test_a_run_can_be_cancelled(editor: Editor) -> None:
    path = editor.root / "endless.py"
    path.write_text(f"{BROKEN}while True:\n    pass\n")
    uri = path.as_uri()
    editor.open(uri, path.read_text())
    (lens,) = await lenses(editor, uri)
    assert editor._server is not None
    server = editor._server.pid
    known = set(editor.progress_reports)
    await probe(editor, lens)
    (token,) = await editor.until(lambda: [*(editor.progress_reports.keys() - known)])
    await editor.until(lambda: len(editor.progress_reports[token]) > 1)
    assert children(server)
    # Meanwhile everything else goes on.
    hover = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(LINE - 1, 20))
    assert await editor.text_document_hover_async(hover) is not None
    editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    await editor.until(lambda: "cancelled" in editor.log_messages[-1].message)
    assert not children(server)
    assert isinstance(editor.progress_reports[token][-1], types.WorkDoneProgressEnd)


async def test_only_what_is_saved_is_run(editor: Editor) -> None:
    path = editor.root / "unsaved.py"
    path.write_text(BROKEN)
    editor.open(path.as_uri(), BROKEN + "print(1)\n")
    (lens,) = await lenses(editor, path.as_uri())
    await probe(editor, lens)
    await editor.until(lambda: editor.messages and "save it first" in editor.messages[-1].message)
