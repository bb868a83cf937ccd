"""The directories of runs: nobody shares them, and none is left behind for long."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tapelint.probe.lodging import PREFIX, YOUNG, lodging

ROOT = Path(__file__).parents[2]

LODGER = """\
import sys, time
from tapelint.probe.lodging import lodging
with lodging() as place:
    (place / "left").mkdir()
    (place / "left" / "file").write_text("x")
    (place / "left").chmod(0o500)
    print(place, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place for temporary files, here and in other processes."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def aged(place: Path) -> Path:
    """The directory, made long ago."""
    then = place.stat().st_mtime - 2 * YOUNG
    os.utime(place, (then, then))
    return place


def lodger() -> tuple[subprocess.Popen[str], Path]:
    """Another process that has a directory, and the directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", LODGER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_is_there_for_as_long_as_it_is_needed(elsewhere: Path) -> None:
    with lodging() as place:
        assert place.is_dir()
        assert place.parent == Path(os.path.realpath(elsewhere))
    assert not place.exists()


def test_what_a_killed_process_leaves_behind_goes_with_the_next() -> None:
    process, place = lodger()
    aged(place)
    with lodging():
        assert (place / "left" / "file").exists()  # It is alive.
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with lodging():
        assert not place.exists()


def test_only_what_is_old_and_a_directory_of_this_kind_goes(elsewhere: Path) -> None:
    young, file = elsewhere / f"{PREFIX}young", elsewhere / f"{PREFIX}file"
    other, link = elsewhere / "tapelint", elsewhere / f"{PREFIX}link"
    young.mkdir()
    other.mkdir()
    aged(other)
    file.write_text("x")
    aged(file)
    link.symlink_to(other)
    with lodging():
        assert all(each.exists() for each in (young, file, other, link))
