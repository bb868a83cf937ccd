"""Settings of the project and of the editor, and what becomes of them while everything runs."""

from pathlib import Path

import pytest
from lsprotocol import types

from tapelint.lsp.configuration import Wishes
from tests.cli.commands import BROKEN
from tests.lsp.editor import Editor, insertion

pytestmark = pytest.mark.xdist_group("lsp")
in_the_session = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tapelint.toml").write_text('ignore = ["TL002"]\n')
    return tmp_path


def changed(editor: Editor, path: Path) -> None:
    event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    editor.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


def wish(editor: Editor, **settings: object) -> None:
    editor.set_configuration(settings, section="tapelint")
    editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))


@in_the_session
async def test_a_configuration_file_counts_as_it_is_now(editor: Editor, project: Path) -> None:
    uri = (project / "train.py").as_uri()
    editor.open(uri, BROKEN)
    assert await editor.codes(uri, 1) == ["TL101"]
    (project / "tapelint.toml").write_text('ignore = ["TL101"]\n')
    changed(editor, project / "tapelint.toml")
    await editor.until(lambda: editor.last(uri) == ["TL002"])
    # Also without being told.
    (project / "tapelint.toml").write_text('select = ["TL101"]\n[severity]\ngradients-not-applied = "info"\n')
    (error,) = await editor.diagnostics_of(uri, editor.change(uri, insertion(0, "\n")))
    assert error.severity == types.DiagnosticSeverity.Information


@in_the_session
async def test_what_a_project_leaves_out_is_left_out(editor: Editor, project: Path) -> None:
    (project / "tapelint.toml").write_text(
        'extend-exclude = ["vendored"]\n[per-file-ignores]\n"old_*.py" = ["TL101"]\n'
    )
    vendored, old = ((project / name).as_uri() for name in ("vendored/train.py", "old_train.py"))
    editor.open(vendored, BROKEN)
    editor.open(old, BROKEN)
    assert await editor.codes(old, 1) == ["TL002"]
    assert await editor.codes(vendored, 1) == []


@in_the_session
async def test_what_the_project_knows_already_is_no_news(editor: Editor) -> None:
    (editor.root / "tapelint.toml").write_text('baseline = "baseline.json"\n')
    (editor.root / "baseline.json").write_text(
        '{"version": 1, "findings": [{"path": "known.py", "rule": "gradients-not-applied", '
        '"code": "tape.gradient(loss, model.trainable_variables)", "count": 1}]}'
    )
    uri = editor.uri("known.py")
    editor.open(uri, BROKEN)
    told = await editor.codes(uri, 1)
    (editor.root / "tapelint.toml").unlink()
    assert told == ["TL002"]


@in_the_session
async def test_the_editor_has_the_last_word(editor: Editor, project: Path) -> None:
    uri = (project / "train.py").as_uri()
    editor.open(uri, BROKEN)
    assert await editor.codes(uri, 1) == ["TL101"]
    wish(editor, select=["TL002", "TL201"])
    await editor.until(lambda: editor.last(uri) == ["TL002"])
    other = project / "other.toml"
    other.write_text('select = ["TL101", "TL002", "TL201"]\n')
    wish(editor, configuration=str(other))
    await editor.until(lambda: editor.last(uri) == ["TL101", "TL002"])
    wish(editor)
    await editor.until(lambda: editor.last(uri) == ["TL101"])


@in_the_session
async def test_a_mistake_is_told_once_and_can_be_mended(editor: Editor, project: Path) -> None:
    uri = (project / "train.py").as_uri()
    (project / "tapelint.toml").write_text('selct = ["TL101"]\n')
    editor.open(uri, BROKEN)

    def complaints() -> list[str]:
        return [each.message for each in editor.messages if "selct" in each.message]

    await editor.until(complaints)
    editor.change(uri, insertion(0, "\n"))
    (project / "tapelint.toml").write_text('select = ["TL101"]\n')
    assert await editor.codes(uri, editor.change(uri, insertion(0, "\n"))) == ["TL101"]
    (complaint,) = complaints()
    assert "tapelint.toml:1" in complaint
    assert "did you mean `select`?" in complaint


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"select": "TL1"}, "`tapelint.select` must be a list of rules, not `TL1`"),
        ({"codeLens": 3}, "`tapelint.codeLens` must be true or false, not `3`"),
        ({"probeTimeout": True}, "`tapelint.probeTimeout` must be a number, not `True`"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_complained_about(said: object, complaint: str) -> None:
    assert Wishes.parse(said).complaints == (complaint,)


def test_what_is_not_said_is_as_usual() -> None:
    usual = Wishes()
    for said in (None, {}, {"configuration": "", "select": None, "path": ["x"]}, "nonsense"):
        assert Wishes.parse(said) == usual
