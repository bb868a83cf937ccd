"""What an editor can do about a finding, and what is left of it then."""

import pytest
from lsprotocol import types

from tests.cli.commands import BROKEN, LINE
from tests.lsp.editor import Editor, span

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("lsp")]

WITH_OPTIMIZER = BROKEN.replace("\nfor", "\noptimizer = tf.keras.optimizers.SGD()\nfor")
WHOLE = types.Range(types.Position(0, 0), types.Position(100, 0))


async def test_a_quick_fix_mends_what_it_says(editor: Editor) -> None:
    uri = editor.uri("mend.py")
    editor.open(uri, WITH_OPTIMIZER)
    (error, *_) = await editor.diagnostics_of(uri, 1)
    fix, *_ = await editor.actions(uri, error.range)
    assert fix.title == "apply the gradients with `optimizer` (unsafe: changes the training)"
    assert fix.kind == types.CodeActionKind.QuickFix
    assert not fix.is_preferred
    assert list(fix.diagnostics or ()) == [error]
    editor.carry_out(fix.edit)
    assert "    optimizer.apply_gradients(zip(grads, model.trainable_variables))\n" in editor.texts[uri]
    assert "TL101" not in await editor.codes(uri, 2)


async def test_a_safe_fix_is_preferred(editor: Editor) -> None:
    uri = editor.uri("safe.py")
    editor.open(uri, BROKEN)
    (_, warning) = await editor.diagnostics_of(uri, 1)
    fix = next(each for each in await editor.actions(uri, warning.range) if each.is_preferred)
    assert fix.title == "remove the suppression"
    editor.carry_out(fix.edit)
    assert await editor.codes(uri, 2) == ["TL101"]


async def test_a_finding_can_be_ignored_on_its_line(editor: Editor) -> None:
    uri = editor.uri("ignored.py")
    text = BROKEN.replace("  # noqa: TL201", "").replace("\n", "\r\n")
    editor.open(uri, text)
    (error,) = await editor.diagnostics_of(uri, 1)
    *_, ignore = await editor.actions(uri, error.range, ["quickfix"])
    assert ignore.title == "ignore `gradients-not-applied` on this line"
    editor.carry_out(ignore.edit)
    assert editor.texts[uri] == text.replace(
        "trainable_variables)\r\n", "trainable_variables)  # tapelint: ignore[gradients-not-applied]\r\n"
    )
    assert await editor.codes(uri, 2) == []


async def test_all_at_once_is_what_is_safe(editor: Editor) -> None:
    uri = editor.uri("all.py")
    editor.open(uri, f"x = 1  # tapelint: ignore\n{WITH_OPTIMIZER}")
    await editor.diagnostics_of(uri, 1)
    (action,) = await editor.actions(uri, WHOLE, ["source.fixAll.tapelint"])
    assert action.kind == "source.fixAll.tapelint"
    editor.carry_out(action.edit)
    assert editor.texts[uri] == f"x = 1\n{WITH_OPTIMIZER}".replace("  # noqa: TL201", "")
    assert await editor.codes(uri, 2) == ["TL101"]
    assert await editor.actions(uri, WHOLE, ["source.fixAll"]) == []


async def test_where_nothing_is_found_nothing_is_to_be_done(editor: Editor) -> None:
    uri = editor.uri("elsewhere.py")
    editor.open(uri, BROKEN)
    await editor.diagnostics_of(uri, 1)
    assert await editor.actions(uri, span(0, 0), ["quickfix"]) == []
    assert await editor.actions(uri, span(LINE - 1, 20), ["refactor"]) == []
    assert await editor.actions(editor.uri("not open.py"), span(0, 0)) == []


async def test_an_action_gets_its_edit_when_it_is_chosen(asking: Editor) -> None:
    uri = asking.uri("resolved.py")
    asking.open(uri, BROKEN)
    (action,) = await asking.actions(uri, WHOLE, ["source"])
    assert action.edit is None
    resolved = await asking.code_action_resolve_async(action)
    asking.carry_out(resolved.edit)
    assert "noqa" not in asking.texts[uri]


async def test_all_at_once_as_a_command(editor: Editor) -> None:
    uri = editor.uri("commanded.py")
    editor.open(uri, BROKEN)
    await editor.diagnostics_of(uri, 1)
    await editor.workspace_execute_command_async(types.ExecuteCommandParams("tapelint.fixAll", [{"uri": uri}]))
    await editor.until(lambda: editor.edits)
    editor.carry_out(editor.edits.pop())
    assert await editor.codes(uri, 2) == ["TL101"]
