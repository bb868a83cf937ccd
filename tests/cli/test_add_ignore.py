"""Silencing everything by comments, from the command line."""

from pathlib import Path

import pytest

from tests.cli.commands import BROKEN, tapelint
from tests.notebooks import notebook

LONG = BROKEN.replace("model.trainable_variables)  # noqa: TL201", "model.trainable_variables\n    )")
NAMES = "unused-suppression, gradients-not-applied"


@pytest.fixture(autouse=True)
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own to work in, with a program in which TL101 and TL002 are found on one line."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(BROKEN)
    return path


def test_afterwards_nothing_is_found_and_nothing_is_needless(train: Path) -> None:
    told = tapelint("check", "--add-ignore")
    assert (told.status, told.out, told.err) == (0, "", "added 1 comment in 1 file\n")
    assert train.read_text() == BROKEN.replace("TL201\n", f"TL201  # tapelint: ignore[{NAMES}]\n")
    assert tapelint("check").status == 0


def test_a_second_time_there_is_nothing_to_add(train: Path) -> None:
    tapelint("--add-ignore")
    before = train.read_bytes()
    assert tapelint("--add-ignore").err == "added 0 comments in 0 files\n"
    assert train.read_bytes() == before


@pytest.mark.parametrize("arguments", [["--add-ignore=a demo"], ["check", "--add-ignore=a demo", "train.py"]])
def test_with_a_reason(train: Path, arguments: list[str]) -> None:
    assert tapelint(*arguments).status == 0
    assert f"ignore[{NAMES}] a demo\n" in train.read_text()


def test_the_paths_behind_it_are_paths(train: Path) -> None:
    Path("other.py").write_text(BROKEN)
    assert tapelint("--add-ignore", "other.py").err == "added 1 comment in 1 file\n"
    assert train.read_text() == BROKEN


def test_what_would_be_added_can_be_looked_at(train: Path) -> None:
    told = tapelint("--add-ignore", "--diff")
    assert (told.status, told.err) == (1, "would add 1 comment in 1 file\n")
    assert (
        f"+    grads = tape.gradient(loss, model.trainable_variables)  # noqa: TL201  # tapelint: ignore[{NAMES}]"
        in told.out
    )
    assert train.read_text() == BROKEN


def test_only_the_rules_of_the_run(train: Path) -> None:
    tapelint("--add-ignore", "--select", "TL101")
    assert "ignore[gradients-not-applied]" in train.read_text()


def test_statements_of_several_lines_notebooks_and_markdown() -> None:
    Path("train.py").write_text(LONG)
    Path("train.ipynb").write_text(notebook("# Title", LONG, prose=[1]))
    Path("train.md").write_text(f"# Title\n\n```python\n{LONG}```\n")
    assert tapelint("--add-ignore").err == "added 3 comments in 3 files\n"
    told = tapelint("--output-format", "concise")
    assert (told.status, told.out) == (0, "no findings in 3 files, 3 suppressed\n")


def test_a_file_that_is_not_python(train: Path) -> None:
    train.write_text(BROKEN + '"""\n')
    told = tapelint("--add-ignore")
    assert told.status == 1
    assert "added 0 comments" in told.err
    assert "`unparsable-source` cannot be silenced by a comment: " in told.err


def test_an_encoding_without_the_letters_of_the_reason(train: Path) -> None:
    train.write_bytes(b"# coding: latin-1\n" + BROKEN.encode())
    told = tapelint("--add-ignore=Σ")
    assert told.status == 1
    assert "warning: train.py: nothing is added: the file cannot be written in its encoding" in told.err
    assert train.read_bytes().endswith(BROKEN.encode())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--add-ignore -", "standard input is none"),
        ("--add-ignore --probe", "leave out `--probe`"),
        ("--add-ignore --fix", "fix first"),
        ("--add-ignore=one\ntwo", "fits on one line"),
    ],
)
def test_wishes_that_cannot_be_granted(arguments: str, words: str) -> None:
    told = tapelint(*arguments.split(" "), stdin="")
    assert (told.status, words in told.err) == (2, True), told.err
