import re
import tomllib
from pathlib import Path

import pytest

from tests.cli.commands import tapelint


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.tapelint]\nselect = ["TL1"]\nper-file-ignores = { "a/*.py" = ["TL101"] }\n'
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "train.py").touch()
    return tmp_path


def test_each_setting_and_where_it_came_from() -> None:
    told = tapelint("config")
    assert told.status == 0
    assert 'select = ["TL1"]  # pyproject.toml:5\n' in told.out
    assert '[per-file-ignores]\n"a/*.py" = ["TL101"]  # pyproject.toml:6\n' in told.out
    assert "preview = false  # default\n" in told.out
    on, off = told.out.split("rules in force")[1].split("rules off")
    assert re.search(r"^# TL101 error   gradients-not-applied +select `TL1`, pyproject.toml:5$", on, re.MULTILINE)
    assert re.search(r"^# TL201 .* not selected, pyproject.toml:5$", off, re.MULTILINE)


def test_what_is_printed_is_configuration() -> None:
    settings = tomllib.loads(tapelint("config").out)
    assert settings["select"] == ["TL1"]
    Path("tapelint.toml").write_text(tapelint("config").out)
    assert tomllib.loads(tapelint("config").out) == settings


def test_a_file_knows_what_is_off_in_it() -> None:
    off = tapelint("config", "a/train.py").out.split("rules off")[1]
    assert re.search(r"# TL101 .* per-file-ignores `a/\*.py`, pyproject.toml:6\n", off)


def test_helpers_of_the_project() -> None:
    told = tapelint("config", "--config", "wrappers = { takes-step = ['a.b', 'c'] }").out
    assert '[wrappers]\ntakes-step = ["a.b", "c"]  # --config\n' in told
    assert "wrappers" not in tapelint("config").out


def test_options_and_isolation() -> None:
    assert "preview = true  # --config" in tapelint("config", "--config", "preview = true").out
    assert "pyproject.toml" not in tapelint("config", "--isolated").out


def test_a_path_that_does_not_exist() -> None:
    told = tapelint("config", "nope")
    assert (told.status, told.err) == (2, "error: no such file or directory: `nope`\n")
