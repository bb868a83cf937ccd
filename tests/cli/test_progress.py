import dataclasses
import io
import time
from pathlib import Path

import pytest

from tapelint.cli import progress
from tapelint.cli.progress import Onlooker, onlooker, screening
from tapelint.record import Record


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def show(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> io.StringIO:
    """Makes the stream standard error. Not a fixture: pytest redirects it anew when a test begins."""
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    return stream


def follow(subject: Onlooker, seconds: float) -> None:
    with subject:
        subject.begin(4)
        subject.advance(1)
        time.sleep(seconds)
        subject.advance(2)
        time.sleep(seconds)


def test_a_long_run_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = show(monkeypatch, Terminal())
    follow(onlooker(quiet=False, verbose=False), 0.3)
    assert "linting" in terminal.getvalue()
    assert "3/4" in terminal.getvalue()


def test_a_short_run_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = show(monkeypatch, Terminal())
    monkeypatch.setattr(progress, "PATIENCE", 60)
    follow(onlooker(quiet=False, verbose=False), 0.1)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(("stream", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
def test_quiet_and_pipes_have_none(stream: io.StringIO, quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    show(monkeypatch, stream)
    follow(onlooker(quiet=quiet, verbose=False), 0.1)
    assert stream.getvalue() == ""


def test_details_are_for_the_curious(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = show(monkeypatch, Terminal())
    onlooker(quiet=False, verbose=True).note("two files")
    onlooker(quiet=False, verbose=False).note("three files")
    assert terminal.getvalue() == "two files\n"


def test_running_scripts_show_how_far_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = show(monkeypatch, Terminal())
    monkeypatch.setenv("COLUMNS", "120")
    record = Record("train.py", (), False, "unstarted", "", 1.0)
    known = dataclasses.replace(record, versions=(("tensorflow", "2.21.0"), ("keras", "3.15.1")))
    told = {
        "1/3": "train.py: starting",
        "importing TensorFlow": record,
        "no update yet": known,
        "3 of 4 updates": dataclasses.replace(known, updates=3),
    }
    with screening(3, 4, quiet=False) as screen:
        assert screen is not None
        watch = screen.watch(Path("train.py"), graph=False)
        for news in told.values():
            if isinstance(news, Record):
                watch(news)
            time.sleep(0.2)
        screen.watch(Path("train.py"), graph=True)
        time.sleep(0.2)
    for words in (*told, "2/3", "running train.py once more, compiled: starting"):
        assert words in terminal.getvalue()


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nobody_watches_a_pipe_or_wants_to(stream: io.StringIO, quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    show(monkeypatch, stream)
    with screening(1, 4, quiet=quiet) as screen:
        assert screen is None
