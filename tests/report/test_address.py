from pathlib import Path

import pytest

from tapelint.finding import Place
from tapelint.report.address import coordinates, shown, uri
from tapelint.source.span import Position, Span

HERE = Span(Position(4, 9), Position(4, 12))


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
    assert uri(Place(Path("my code/train.py"), HERE)) == f"{tmp_path.as_uri()}/my%20code/train.py"


def test_the_uri_of_a_cell_names_it() -> None:
    assert uri(Place(Path("a.ipynb"), HERE, 3)) == f"{Path.cwd().as_uri()}/a.ipynb#cell3"


def test_coordinates_begin_with_the_cell() -> None:
    assert coordinates(Place(Path("a.py"), HERE)) == ":4:9"
    assert coordinates(Place(Path("a.ipynb"), HERE, 3)) == ":cell 3:4:9"
