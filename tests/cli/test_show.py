from pathlib import Path

import pytest

from tests.cli.commands import BROKEN, tapelint


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_the_analyzer_understood() -> None:
    Path("train.py").write_text(BROKEN)
    told = tapelint("show", "train.py")
    assert told.status == 0
    assert "GradientTape" in told.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "train.py: No such file or directory"),
        (b"\0", "train.py: the file is binary"),
        (b"\n\nx = \xff", "train.py: byte"),
        (b"\n x = (", "train.py:2:"),
    ],
)
def test_what_cannot_be_shown(content: bytes | None, words: str) -> None:
    if content is not None:
        Path("train.py").write_bytes(content)
    told = tapelint("show", "train.py")
    assert told.status == 2
    assert words in told.err
    assert "Traceback" not in told.err
