"""Fixes from the command line: what is written, what is shown, what is said, and the exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tapelint.cli import mending
from tests.cli.commands import tapelint
from tests.notebooks import notebook

ROOT = Path(__file__).parents[2]
UNUSED = "import tensorflow as tf\n\nx = tf.zeros(1)  # tapelint: ignore[TL101]\n"
CLEAN = "import tensorflow as tf\n\nx = tf.zeros(1)\n"
REUSED = """\
import tensorflow as tf

w = tf.Variable(2.0)
b = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = tf.square(w * 3.0 + b)
by_w = tape.gradient(loss, w)
by_b = tape.gradient(loss, b)
w.assign_sub(0.1 * by_w)
b.assign_sub(0.1 * by_b)
"""


@pytest.fixture(autouse=True)
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own to work in, with a program that has a needless suppression."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(UNUSED)
    return path


def test_without_fix_nothing_is_changed_and_the_hint_says_how(train: Path) -> None:
    told = tapelint("check")
    assert told.status == 1
    assert "1 can be fixed with `--fix`" in told.out
    assert train.read_text() == UNUSED


def test_fix_changes_the_file_and_says_so(train: Path) -> None:
    told = tapelint("check", "--fix")
    assert (told.status, train.read_text()) == (0, CLEAN)
    assert "fixed 1 finding in 1 file" in told.err
    assert "no findings" in told.out


def test_fix_can_count_as_failure(train: Path) -> None:
    assert tapelint("check", "--fix", "--exit-non-zero-on-fix").status == 1
    assert tapelint("check", "--fix", "--exit-non-zero-on-fix").status == 0
    assert train.read_text() == CLEAN


def test_diff_shows_and_changes_nothing(train: Path) -> None:
    told = tapelint("check", "--diff")
    assert told.status == 1
    assert "-x = tf.zeros(1)  # tapelint: ignore[TL101]\n+x = tf.zeros(1)\n" in told.out
    assert "would fix 1 finding" in told.err
    assert train.read_text() == UNUSED
    train.write_text(CLEAN)
    assert tapelint("check", "--diff").status == 0


def test_fix_only_reports_nothing(train: Path) -> None:
    train.write_text(UNUSED + REUSED.replace("import tensorflow as tf\n", "") + "print(np)\n")
    told = tapelint("check", "--fix-only")
    assert (told.status, told.out) == (0, "")
    assert "ignore" not in train.read_text()


def test_show_fixes_lists_them_by_file() -> None:
    assert "train.py:\n  1 x TL002 unused-suppression" in tapelint("check", "--fix", "--show-fixes").err


def test_unsafe_fixes_are_for_those_who_ask(train: Path) -> None:
    train.write_text(REUSED)
    told = tapelint("check", "--select", "reused-tape", "--fix")
    safety = json.loads(tapelint("check", "--select", "reused-tape", "--output-format", "json").out)["findings"]
    assert [finding["fix"]["safety"] for finding in safety] == (["unsafe"] if train.read_text() == REUSED else [])
    assert told.status == len(safety)
    assert tapelint("check", "--select", "reused-tape", "--fix", "--unsafe-fixes").status == 0
    assert "persistent=True" in train.read_text()


def test_the_configuration_can_ask_for_fixes(train: Path, tmp_path: Path) -> None:
    (tmp_path / "tapelint.toml").write_text("fix = true\nshow-fixes = true\n")
    assert "1 x TL002" in tapelint("check").err
    assert train.read_text() == CLEAN
    assert "fix = true" in tapelint("config").out


def test_standard_input_goes_on_fixed() -> None:
    told = tapelint("check", "--fix", "-", stdin=UNUSED.replace("\n", "\r\n").encode())
    assert told.out == CLEAN.replace("\n", "\r\n") or told.out == CLEAN
    assert "fixed 1 finding" in told.err
    assert told.status == 0


def test_a_notebook_is_shown_cell_by_cell(tmp_path: Path, train: Path) -> None:
    train.unlink()
    path = tmp_path / "train.ipynb"
    path.write_text(notebook("import tensorflow as tf", "x = tf.zeros(1)  # tapelint: ignore[TL101]"))
    assert "--- train.ipynb:cell 2" in tapelint("check", "--diff").out
    assert tapelint("check", "--fix").status == 0
    assert json.loads(path.read_text())["cells"][1]["source"] == ["x = tf.zeros(1)"]


def test_a_file_that_cannot_be_written_is_an_error(train: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(mending, "replace", refuse)
    told = tapelint("check", "--fix")
    assert told.status == 2
    assert "cannot write train.py: Permission denied" in told.err
    assert train.read_text() == UNUSED


def test_probe_and_diff_contradict_each_other() -> None:
    told = tapelint("check", "--probe", "--diff")
    assert told.status == 2
    assert "--fix --probe" in told.err


class TestProof:
    """With `--probe` the program is run before and after."""

    def test_a_fix_that_works_is_kept(self, train: Path) -> None:
        train.write_text(REUSED)
        told = tapelint("check", "--fix", "--unsafe-fixes", "--probe", "--select", "reused-tape")
        assert told.status == 0
        assert "`reused-tape`: the fix works: before, `RuntimeError`" in told.err
        assert "persistent=True" in train.read_text()

    def test_a_fix_that_does_not_cure_is_taken_back(self, train: Path) -> None:
        """What the fix sets is undone behind its back: the program raises as before."""
        hidden = REUSED.replace("by_w =", "vars(tape)['_persistent'] = False\nby_w =")
        train.write_text(hidden)
        told = tapelint("check", "--fix", "--unsafe-fixes", "--probe", "--select", "reused-tape")
        assert train.read_text() == hidden
        assert "the fix is taken back" in told.err
        assert told.status == 1

    def test_a_program_that_ends_in_an_exception_afterwards_is_left_as_it_was(self, train: Path) -> None:
        fragile = REUSED.replace("by_w =", "assert not tape._persistent, 'who has touched the tape?'\nby_w =")
        train.write_text(fragile)
        told = tapelint("check", "--fix", "--unsafe-fixes", "--probe", "--select", "reused-tape")
        assert train.read_text() == fragile
        assert "the fix is taken back" in told.err


@pytest.mark.usefixtures("interruptible")
def test_control_c_leaves_the_files_as_they_were(train: Path) -> None:
    """Somebody who interrupts before a fix is proved finds it not made."""
    slow = REUSED.replace("by_w =", "import time\ntime.sleep(300 * tape._persistent)\nby_w =")
    train.write_text(slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "tapelint", "check", "--fix", "--unsafe-fixes", "--probe", "train.py"],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    while train.read_text() == slow:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert train.read_text() == slow
