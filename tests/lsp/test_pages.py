"""The page of a rule, where the cursor is on a finding or on the rule's name in a comment."""

import pytest
from lsprotocol import types

from tests.cli.commands import BROKEN, LINE
from tests.lsp.editor import Editor

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("lsp")]

COMMENTED = BROKEN.replace("noqa: TL201", "tapelint: ignore[gradients-not-applied]")


async def page_at(editor: Editor, uri: str, line: int, character: int) -> str | None:
    place = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
    hover = await editor.text_document_hover_async(place)
    if hover is None:
        return None
    assert isinstance(hover.contents, types.MarkupContent)
    assert hover.contents.kind == types.MarkupKind.Markdown
    return hover.contents.value


async def test_on_a_finding(editor: Editor) -> None:
    uri = editor.uri("page.py")
    editor.open(uri, BROKEN)
    page = await page_at(editor, uri, LINE - 1, 20)
    assert page is not None
    assert page.startswith("### gradients-not-applied (TL101)\n")
    assert "\n#### Instead\n" in page
    assert "# error" not in page
    assert page.endswith("/rules/gradients-not-applied.html)")
    assert "```toml" not in page


async def test_on_a_name_in_a_comment(editor: Editor) -> None:
    uri = editor.uri("comment.py")
    editor.open(uri, f"'\N{ROCKET}'\n{COMMENTED}".replace("    grads", "    '\N{ROCKET}'; grads"))
    column = len(COMMENTED.splitlines()[LINE - 1]) - 3 + len("'..'; ")
    page = await page_at(editor, uri, LINE, column)
    assert page is not None
    assert page.startswith("### gradients-not-applied (TL101)\n")
    assert await page_at(editor, uri, LINE, column - 30) is None


async def test_nowhere_else(editor: Editor) -> None:
    uri = editor.uri("blank.py")
    editor.open(uri, BROKEN)
    assert await page_at(editor, uri, 0, 0) is None
    assert await page_at(editor, uri, 500, 3) is None
    assert await page_at(editor, editor.uri("not open.py"), 0, 0) is None
