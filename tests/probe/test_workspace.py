"""The private directory: it looks like the user's, and nothing in it leads back there."""

from pathlib import Path

import pytest

from tapelint.probe import workspace as module
from tapelint.probe.workspace import workspace


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a script and what may lie beside it."""
    home = tmp_path / "project"
    (home / "data" / "raw").mkdir(parents=True)
    (home / "train.py").write_text("print(1)\n")
    (home / "data" / "raw" / "x.csv").write_text("1,2\n")
    (home / ".git").mkdir()
    (home / ".git" / "config").write_text("[core]\n")
    (home / "link").symlink_to(home / "data")
    (home / "broken").symlink_to(home / "nowhere")
    return home


def test_it_shows_what_the_folder_contains(home: Path) -> None:
    with workspace(home) as places:
        assert (places.work / "train.py").read_text() == "print(1)\n"
        assert (places.work / "data/raw/x.csv").read_text() == "1,2\n"
        assert (places.work / "link/raw/x.csv").read_text() == "1,2\n"
        assert (places.work / ".git/config").read_text() == "[core]\n"


def test_writing_to_what_is_copied_harms_nobody(home: Path) -> None:
    with workspace(home) as places:
        (places.work / "data/raw/x.csv").write_text("gone")
        (places.work / "data/raw/new.csv").write_text("new")
        (places.work / "train.py").unlink()
    assert (home / "data/raw/x.csv").read_text() == "1,2\n"
    assert sorted(path.name for path in (home / "data/raw").iterdir()) == ["x.csv"]
    assert (home / "train.py").exists()


def test_a_file_nobody_may_write_is_writable_as_a_copy(home: Path) -> None:
    (home / "train.py").chmod(0o444)
    with workspace(home) as places:
        assert (places.work / "train.py").stat().st_mode & 0o200


def test_what_is_large_is_linked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_FILE", 4)
    monkeypatch.setattr(module, "MOST_ENTRIES", 1)
    with workspace(home) as places:
        assert (places.work / "train.py").is_symlink()
        assert (places.work / "data").is_symlink()
        assert (places.work / "data/raw/x.csv").read_text() == "1,2\n"
    assert (home / "data/raw/x.csv").read_text() == "1,2\n"


def test_not_more_than_a_budget_is_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (home / f"{number:02}.bin").write_bytes(bytes(100))
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    with workspace(home) as places:
        copied = [path for path in places.work.glob("*.bin") if not path.is_symlink()]
        assert len(copied) == 10
        assert len(list(places.work.glob("*.bin"))) == 20


def test_the_first_source_comes_before_the_second(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "train.py").write_text("print(2)\n")
    (other / "labels.txt").write_text("cat\n")
    with workspace(home, other) as places:
        assert (places.work / "train.py").read_text() == "print(1)\n"
        assert (places.work / "labels.txt").read_text() == "cat\n"


def test_it_is_gone_afterwards_whatever_happened_in_it(home: Path) -> None:
    with pytest.raises(RuntimeError), workspace(home) as places:
        locked = places.work / "locked"
        locked.mkdir()
        (locked / "file").write_text("x")
        locked.chmod(0)
        (places.work / "out").symlink_to(home)
        raise RuntimeError
    assert not places.private.exists()
    assert (home / "train.py").exists()
    assert [path.name for path in (home / "data").iterdir()] == ["raw"]


def test_a_source_that_cannot_be_listed_is_empty(tmp_path: Path) -> None:
    with workspace(tmp_path / "nowhere") as places:
        assert list(places.work.iterdir()) == []
        assert places.home.is_dir()
