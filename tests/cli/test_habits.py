"""What people type who know ruff, beyond what has a file of its own."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import BROKEN, tapelint

NEEDLESS = "import tensorflow as tf\n\nx = tf.zeros(1)  # tapelint: ignore[TL101]\n"


@pytest.fixture(autouse=True)
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own to work in, with a program that has a needless suppression."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(NEEDLESS)
    return path


def codes(*arguments: object) -> list[str]:
    told = tapelint("check", *arguments, "--output-format", "json")
    return [finding["code"] for finding in json.loads(told.out)["findings"]]


class TestListing:
    def test_the_files(self) -> None:
        Path("lib").mkdir()
        for name in ("lib/b.ipynb", "lib/a.md", "lib/words.txt", "old.py"):
            Path(name).write_text("")
        told = tapelint("--show-files", "--exclude", "old.py")
        assert (told.status, told.out) == (0, "lib/a.md\nlib/b.ipynb\ntrain.py\n")
        assert tapelint("check", "lib/words.txt", "--show-files").out == "lib/words.txt\n"

    def test_no_such_file(self) -> None:
        told = tapelint("--show-files", "nowhere.py")
        assert (told.status, told.out) == (2, "")

    def test_the_settings_with_the_options_of_the_line(self) -> None:
        Path("tapelint.toml").write_text("preview = true\n")
        told = tapelint("--show-settings", "--select", "TL101", "train.py")
        assert told.status == 0
        assert "# settings for train.py" in told.out
        assert "preview = true  # tapelint.toml:1" in told.out
        assert 'select = ["TL101"]  # --select' in told.out


class TestWhatMayBeMended:
    @pytest.mark.parametrize(
        "arguments", ["--unfixable TL002", "--unfixable ALL", "--fixable TL1", "--fixable TL1 --extend-fixable TL2"]
    )
    def test_other_rules(self, train: Path, arguments: str) -> None:
        assert tapelint("--fix", *arguments.split()).status == 1
        assert train.read_text() == NEEDLESS

    @pytest.mark.parametrize("arguments", ["--fixable TL0", "--fixable TL1 --extend-fixable unused-suppression"])
    def test_this_rule(self, train: Path, arguments: str) -> None:
        assert tapelint("--fix", *arguments.split()).status == 0
        assert train.read_text() != NEEDLESS

    def test_not_in_spite_of_the_configuration(self, train: Path) -> None:
        Path("tapelint.toml").write_text("fix = true\n")
        assert tapelint("--no-fix").status == 1
        assert train.read_text() == NEEDLESS


@pytest.mark.parametrize("option", ["--ignore-suppressions", "--ignore-noqa"])
def test_what_comments_silence_can_be_seen(train: Path, option: str) -> None:
    train.write_text(BROKEN.replace("TL201", "TL101"))
    assert codes() == []
    assert codes(option) == ["TL101"]


def test_more_ignores_by_file() -> None:
    Path("tapelint.toml").write_text('[per-file-ignores]\n"other.py" = ["TL0"]\n')
    Path("other.py").write_text(NEEDLESS)
    assert codes() == ["TL002"]
    assert codes("--extend-per-file-ignores", "train.py:TL002") == []
    assert tapelint("--extend-per-file-ignores", "train.py").status == 2


def test_the_environment_may_say_where_the_report_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINT_OUTPUT_FORMAT", "json")
    monkeypatch.setenv("TAPELINT_OUTPUT_FILE", "report.json")
    assert tapelint("check").out == ""
    assert json.loads(Path("report.json").read_text())["findings"][0]["code"] == "TL002"
    assert tapelint("check", "--output-format", "concise", "-o", "report.txt").out == ""
    assert Path("report.txt").read_text().startswith("train.py:3:")


@pytest.mark.parametrize(
    ("typed", "meant"), [("rule", "explain"), ("linter", "explain --all"), ("server", "lsp"), ("version", "--version")]
)
def test_commands_with_other_names(typed: str, meant: str) -> None:
    assert f"is it `tapelint {meant}` that you mean?" in tapelint(typed).err


class TestHowMuchIsSaid:
    def test_silent_leaves_the_exit_status(self) -> None:
        told = tapelint("check", "--silent")
        assert (told.status, told.out, told.err) == (1, "", "")
        told = tapelint("check", "-s", "--fix")
        assert (told.status, told.out, told.err) == (0, "", "")

    def test_silent_still_writes_the_report(self) -> None:
        assert tapelint("check", "--silent", "-o", "report.txt").out == ""
        assert "TL002" in Path("report.txt").read_text()

    def test_wrong_usage_is_told_nevertheless(self) -> None:
        told = tapelint("check", "--silent", "nowhere.py")
        assert (told.status, told.err) == (2, "error: no such file or directory: `nowhere.py`\n")

    def test_silent_swallows_no_program(self) -> None:
        told = tapelint("check", "-", "--silent", "--fix", stdin=NEEDLESS)
        assert (told.status, "`--quiet` does not" in told.err) == (2, True)

    def test_colours(self) -> None:
        assert "\x1b[" in tapelint("check", "--color", "always").out
        assert "\x1b[" not in tapelint("check", "--color", "never").out
        assert "\x1b[" not in tapelint("check").out
        assert tapelint("check", "--color", "sometimes").status == 2
