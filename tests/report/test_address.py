from pathlib import Path

import pytest

from tapelint.report.address import shown, uri


def test_a_path_in_the_working_directory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "src" / "train.py") == "src/train.py"
    assert shown(Path("src/train.py")) == "src/train.py"
    assert shown(Path("./src/../train.py")) == "train.py"


def test_a_path_outside_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert shown(Path("../train.py")) == (tmp_path / "train.py").as_posix()


def test_a_link_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real.py").touch()
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    monkeypatch.chdir(tmp_path)
    assert shown(Path("link.py")) == "link.py"


def test_a_uri_is_absolute_and_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert uri(Path("my code/train.py")) == f"{tmp_path.as_uri()}/my%20code/train.py"
