import os
from pathlib import Path

import pytest

from tapelint.source.disk import ON_DISK, ChangedMeanwhile, Files, UnreadableFile, replace
from tapelint.source.document import Document
from tests.notebooks import notebook


def test_a_file_is_read_as_bytes_and_loaded_as_text(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes("größe = 1\n".encode())
    assert Files().read(path) == "größe = 1\n".encode()
    document = Files().load(path)
    assert document is not None
    assert (document.path, document.text) == (path, "größe = 1\n")


def test_the_reason_is_the_systems(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        Files().read(tmp_path / "gone.py")
    with pytest.raises(UnreadableFile, match="directory"):
        Files().read(tmp_path)


def test_what_cannot_be_imported_is_none(tmp_path: Path) -> None:
    (tmp_path / "binary.py").write_bytes(b"\0\1")
    assert Files().load(tmp_path / "binary.py") is None
    assert Files().load(tmp_path / "gone.py") is None


def test_contents_in_memory_stand_for_those_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"old = 1\n")
    files = Files({path: b"new = 1\n"})
    assert files.read(path) == b"new = 1\n"
    document = files.load(path)
    assert document is not None
    assert document.text == "new = 1\n"


def test_a_file_is_replaced_at_once_and_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"old\n")
    path.chmod(0o750)
    link = tmp_path / "link.py"
    link.symlink_to(path)
    replace(link, b"old\n", b"new\n")
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_mode & 0o777 == 0o750
    assert link.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.py", "train.py"]


def test_a_file_that_somebody_has_changed_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"newer\n")
    with pytest.raises(ChangedMeanwhile):
        replace(path, b"old\n", b"new\n")
    assert path.read_bytes() == b"newer\n"


def test_a_file_that_cannot_be_written_stays_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"old\n")

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        replace(path, b"old\n", b"new\n")
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


class TestPlaced:
    def test_a_notebook_knows_the_lines_of_its_file(self, tmp_path: Path) -> None:
        path = tmp_path / "study.ipynb"
        path.write_text(notebook("# Study", "a = 1\nb = 2", prose=[1]))
        document = ON_DISK.load(path)
        assert document is not None
        assert not document.file_lines
        rows = path.read_text().splitlines()
        first, second = ON_DISK.placed(document).file_lines[2]
        assert ("a = 1" in rows[first - 1], "b = 2" in rows[second - 1]) == (True, True)

    def test_one_that_has_changed_or_is_gone_does_not(self, tmp_path: Path) -> None:
        path = tmp_path / "study.ipynb"
        path.write_text(notebook("a = 1"))
        document = ON_DISK.load(path)
        assert document is not None
        path.write_text(notebook("a = 2"))
        assert ON_DISK.placed(document) is document
        path.write_text("{")
        assert ON_DISK.placed(document) is document
        path.unlink()
        assert ON_DISK.placed(document) is document

    def test_what_is_no_notebook_is_not_read_again(self, tmp_path: Path) -> None:
        document = Document(tmp_path / "gone.py", "a = 1\n")
        assert ON_DISK.placed(document) is document
