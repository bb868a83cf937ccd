"""Only what is on changed lines, by what git says."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import BROKEN, LINE, tapelint
from tests.notebooks import notebook

PLAIN = BROKEN.replace("  # noqa: TL201", "")
MENDED = (
    PLAIN.replace("for x", "optimizer = tf.keras.optimizers.SGD()\nfor x")
    + "    optimizer.apply(grads, model.trainable_variables)\n"
)
AGAIN = PLAIN.partition("\n\n")[2].replace("grads", "others")


def git(*arguments: str, folder: Path | None = None) -> None:
    """Runs git as somebody without a configuration of his own."""
    surroundings = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    subprocess.run(["git", *arguments], cwd=folder, env=surroundings, check=True, capture_output=True)


def commit(message: str = "work") -> None:
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", message)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository to work in, with a finding on line 7 of what is committed."""
    folder = tmp_path / "re po"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "--quiet", "--initial-branch", "main")
    Path("train.py").write_text(PLAIN)
    commit()
    return folder


def found(*arguments: str, base: str = "HEAD", stdin: str | None = None) -> list[tuple[str, int]]:
    told = tapelint("check", *arguments, "--diff-base", base, "--output-format", "json", stdin=stdin)
    assert told.status in (0, 1), told.err
    return [(finding["path"], finding["start"]["line"]) for finding in json.loads(told.out)["findings"]]


def test_what_was_there_before_is_not_reported() -> None:
    assert tapelint().status == 1
    assert found() == []


def test_a_changed_line_whether_committed_or_not() -> None:
    Path("train.py").write_text(PLAIN.replace("grads =", "slopes ="))
    assert found() == [("train.py", LINE)]
    commit()
    assert found() == []
    assert found(base="HEAD~1") == [("train.py", LINE)]


def test_a_changed_line_on_the_way_to_the_finding() -> None:
    Path("train.py").write_text(PLAIN.replace("training=True", "training=False"))
    assert found("--select", "TL101") == [("train.py", LINE)]


def test_new_lines_beside_old_ones() -> None:
    Path("train.py").write_text(f"{PLAIN}\n{AGAIN}")
    assert {line for _, line in found("--select", "TL101")} == {LINE + 1 + AGAIN.count("\n")}


@pytest.mark.parametrize("rest", ["", "    # optimizer.apply(grads, model.trainable_variables)\n\n"])
def test_lines_from_whose_side_code_has_gone(rest: str) -> None:
    kept, _, _ = MENDED.partition("    optimizer.apply")
    Path("train.py").write_text(MENDED)
    commit()
    assert found("--select", "TL101") == []
    Path("train.py").write_text(kept + rest)
    assert found("--select", "TL101") == [("train.py", LINE + 1)]


def test_a_comment_that_is_gone_changes_nothing() -> None:
    Path("train.py").write_text(f"{PLAIN}    # so it is\n\n")
    commit()
    Path("train.py").write_text(PLAIN)
    assert found() == []


def test_a_file_that_git_does_not_know_is_new() -> None:
    Path("größe 'n.py").write_text(PLAIN)
    assert found() == [("größe 'n.py", LINE)]
    git("add", "--all")
    assert found() == [("größe 'n.py", LINE)]


def test_a_file_that_was_moved_is_not_new() -> None:
    git("mv", "train.py", "wie früher.py")
    assert found() == []
    Path("wie früher.py").write_text(PLAIN.replace("grads =", "slopes ="))
    assert found() == [("wie früher.py", LINE)]


def test_what_others_did_meanwhile_is_not_ours() -> None:
    git("switch", "--quiet", "--create", "work")
    git("switch", "--quiet", "main")
    Path("train.py").write_text(PLAIN.replace("grads =", "slopes ="))
    commit("theirs")
    git("switch", "--quiet", "work")
    assert found(base="main") == []


def test_from_a_subdirectory(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("inside").mkdir()
    monkeypatch.chdir(repository / "inside")
    assert found("..") == []
    Path("new.py").write_text(PLAIN)
    assert found("..") == [("new.py", LINE)]


def test_a_cell_that_moved_is_not_new() -> None:
    Path("train.ipynb").write_text(notebook("import os", PLAIN))
    commit()
    Path("train.ipynb").write_text(notebook("# Title", "import os", PLAIN, prose=[1], counts=[1, 2]))
    assert found() == []
    Path("train.ipynb").write_text(notebook("import os", PLAIN.replace("grads =", "slopes =")))
    assert found() == [("train.ipynb", LINE)]


def test_standard_input_is_compared_with_the_file_of_its_name() -> None:
    assert found("-", "--stdin-filename", "train.py", stdin=PLAIN) == []
    changed = PLAIN.replace("grads =", "slopes =")
    assert found("-", "--stdin-filename", "train.py", stdin=changed) == [("train.py", LINE)]


def test_a_file_that_is_no_text_counts_if_it_has_changed() -> None:
    Path("train.py").write_bytes(b"import tensorflow\0")
    assert found() == [("train.py", 1)]
    commit()
    assert found() == []


def test_only_changed_lines_are_mended() -> None:
    needless = "x = 1  # tapelint: ignore[TL301]\n"
    Path("train.py").write_text(PLAIN + needless)
    commit()
    Path("train.py").write_text(PLAIN + needless + needless.replace("x", "y"))
    assert "fixed 1 finding" in tapelint("--fix", "--diff-base", "HEAD").err
    assert Path("train.py").read_text() == PLAIN + needless + "y = 1\n"


class TestTrouble:
    def refusal(self, base: str = "HEAD") -> str:
        told = tapelint("--diff-base", base)
        assert (told.status, told.out) == (2, "")
        return told.err

    def test_no_repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "bare").mkdir()
        monkeypatch.chdir(tmp_path / "bare")
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
        assert "git says: not a git repository" in self.refusal()

    @pytest.mark.parametrize("base", ["nowhere", "-x", "", "HEAD~7"])
    def test_an_unknown_revision(self, base: str) -> None:
        assert self.refusal(base) == f"error: `--diff-base {base}`: git knows no revision `{base}` here\n"

    def test_a_shallow_clone(self, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        commit()
        git("clone", "--quiet", "--depth", "1", repository.as_uri(), "shallow", folder=tmp_path)
        monkeypatch.chdir(tmp_path / "shallow")
        assert "no revision `HEAD~1` here; this clone is shallow: fetch the history" in self.refusal("HEAD~1")

    def test_histories_that_never_meet(self) -> None:
        git("switch", "--quiet", "--orphan", "other")
        commit()
        assert "`main` and the working tree have no commit in common" in self.refusal("main")

    def test_no_git(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "there is no `git` to be found" in self.refusal()
