"""Linting again whenever something changes, in a process of its own."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import BROKEN, tapelint

ROOT = Path(__file__).parents[2]
WAITING = "Ctrl-C ends it"
EMPTY = '{"version": 1, "findings": []}'
CALL = "tape.gradient(loss, model.trainable_variables)"
ENTRY = f'{{"path": "new/more.pyw", "rule": "TL101", "code": "{CALL}", "count": 1}}'
CLEAN = "import tensorflow as tf\n"
_PATIENCE = 120


class Watcher:
    """A process that watches a directory; each report of it is awaited."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tapelint", "check", "--watch", "--output-format", "concise", *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def report(self) -> str:
        """What it says until it waits for the next change. One that says nothing is ended, so that nobody waits on."""
        assert self._process.stdout is not None
        told = ""
        end = threading.Timer(_PATIENCE, self._process.kill)
        end.start()
        try:
            for line in self._process.stdout:
                told += line
                if WAITING in line:
                    return told
        finally:
            end.cancel()
        raise AssertionError(f"it ended, or said nothing for {_PATIENCE} seconds: {told}")

    def report_with(self, words: str) -> str:
        """The first report with these words: what one person does in one go may be noticed in two."""
        while words not in (told := self.report()):
            pass
        return told

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with a program in which something is found, below one where configuration may lie."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(BROKEN)
    return folder


@pytest.fixture
def watcher(project: Path, interruptible: None) -> Iterator[Watcher]:  # noqa: ARG001
    watching = Watcher(project)
    yield watching
    watching.end()


def test_every_change_is_noticed_and_no_mistake_ends_it(project: Path, watcher: Watcher) -> None:
    first = watcher.report()
    assert "train.py:7:13: TL101" in first
    assert first.endswith("watching `.`; Ctrl-C ends it\n")
    assert "\x1b" not in first

    (project / "train.py").write_text(CLEAN)
    assert "no findings in 1 file" in watcher.report_with("no findings")

    (project / "new").mkdir()
    (project / "new" / "more.py").write_text(BROKEN)
    assert "new/more.py:7:13: TL101" in watcher.report_with("TL101")

    # Nearer and farther configuration, and what is wrong with it.
    (project.parent / "tapelint.toml").write_text('select = ["TL002", "TL201"]\n')
    assert "TL101" not in watcher.report_with("TL002")
    (project / "tapelint.toml").write_text("select = 'TL1'\n")
    assert "error: tapelint.toml:1: `select` must be a list" in watcher.report_with("error")
    (project / "tapelint.toml").write_text('select = ["TL101"]\nextend-include = ["*.pyw"]\nbaseline = "known"\n')
    (project / "known").write_text(EMPTY)
    assert "TL101" in watcher.report_with("new/more.py")

    (project / "new" / "more.py").rename(project / "new" / "more.pyw")
    assert "TL101" in watcher.report_with("new/more.pyw")
    (project / "known").write_text(EMPTY.replace("[]", f"[{ENTRY}]"))
    assert "no findings in 2 files" in watcher.report_with("no findings")

    assert watcher.interrupt() == 130


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--watch -", "standard input is none"),
        ("--watch --diff", "`--watch` only reports"),
        ("--watch nowhere.py", "no such file or directory: `nowhere.py`"),
    ],
)
def test_wishes_that_cannot_be_granted(arguments: str, words: str) -> None:
    told = tapelint("check", *arguments.split(), stdin="")
    assert (told.status, words in told.err) == (2, True), told.err


def test_without_watchfiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    told = tapelint("check", "--watch")
    assert told.status == 2
    assert "python -m pip install 'tapelint[watch]'" in told.err
