import os
from pathlib import Path

import pytest

from tapelint.run.settings import DEFAULT_EXCLUDE
from tapelint.source.discover import Discovery, Limits, MissingPath, discover
from tapelint.source.patterns import BadPattern, Patterns

TREE = """
train.py  notes.txt  stub.pyi  data/loader.py  data/raw/x.py  build/copy.py  src/build.py  tests/test_train.py
tests/deep/test_more.py  .venv/lib/site.py  .hidden/seen.py  empty/readme.txt
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE.split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    return tmp_path


def found(root: Path, *named: str, exclude: str = "", git: bool = True, force: bool = False) -> list[str]:
    return names(root, walk(root, *named, exclude=exclude, git=git, force=force))


def walk(root: Path, *named: str, exclude: str = "", git: bool = True, force: bool = False) -> Discovery:
    patterns = Patterns(root, tuple(exclude.split()))
    limits = Limits(lambda _: (patterns,), respect_gitignore=git, force_exclude=force)
    return discover([root / name for name in named or (".",)], limits)


def names(root: Path, discovery: Discovery) -> list[str]:
    return [path.relative_to(root).as_posix() for path in discovery.files]


def test_python_files_are_found_in_order(tree: Path) -> None:
    assert found(tree, exclude=".venv build") == [
        ".hidden/seen.py",
        "data/loader.py",
        "data/raw/x.py",
        "src/build.py",
        "tests/deep/test_more.py",
        "tests/test_train.py",
        "train.py",
    ]


def test_a_named_file_counts_whatever_it_is_called(tree: Path) -> None:
    assert found(tree, "notes.txt", "stub.pyi") == ["notes.txt", "stub.pyi"]


def test_each_file_is_found_once(tree: Path) -> None:
    assert found(tree, "train.py", "./train.py", "data", "data/raw/x.py", "data/../train.py") == [
        "data/loader.py",
        "data/raw/x.py",
        "train.py",
    ]


def test_a_directory_without_python_is_empty(tree: Path) -> None:
    assert found(tree, "empty") == []


def test_all_missing_paths_are_named(tree: Path) -> None:
    with pytest.raises(MissingPath) as caught:
        walk(tree, "train.py", "nope.py", "gone")
    assert [path.name for path in caught.value.paths] == ["nope.py", "gone"]


def test_notebooks_are_found_and_their_checkpoints_left_out(tree: Path) -> None:
    (tree / "data" / "demo.ipynb").write_text("{}")
    (tree / "data" / ".ipynb_checkpoints").mkdir()
    (tree / "data" / ".ipynb_checkpoints" / "demo-checkpoint.ipynb").write_text("{}")
    assert found(tree, "data", exclude=" ".join(DEFAULT_EXCLUDE)) == [
        "data/demo.ipynb",
        "data/loader.py",
        "data/raw/x.py",
    ]


def test_a_link_to_a_directory_above_is_not_followed(tree: Path) -> None:
    (tree / "data" / "loop").symlink_to(tree, target_is_directory=True)
    assert found(tree, "data") == ["data/loader.py", "data/raw/x.py"]


def test_links_to_files_are_followed_and_broken_ones_left_out(tree: Path) -> None:
    (tree / "data" / "link.py").symlink_to(tree / "train.py")
    (tree / "data" / "broken.py").symlink_to(tree / "gone.py")
    (tree / "data" / "self.py").symlink_to(tree / "data" / "self.py")
    assert found(tree, "data") == ["data/link.py", "data/loader.py", "data/raw/x.py"]


def test_an_unreadable_directory_is_told_and_the_others_are_walked(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def deny(path: str) -> object:
        if path.endswith("raw"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", deny)
    discovery = walk(tree, "data")
    assert names(tree, discovery) == ["data/loader.py"]
    assert discovery.unreadable == {tree / "data" / "raw": "Permission denied"}


class TestExclusion:
    def test_a_name_counts_at_any_depth_for_files_and_directories(self, tree: Path) -> None:
        assert "data/raw/x.py" not in found(tree, exclude="raw")
        assert "data/raw/x.py" not in found(tree, exclude="x.py")

    def test_a_pattern_with_a_slash_counts_from_the_root(self, tree: Path) -> None:
        assert "src/build.py" in found(tree, exclude="/build.py")
        assert "src/build.py" not in found(tree, exclude="src/*.py")
        assert "tests/deep/test_more.py" in found(tree, exclude="tests/*.py")
        assert "tests/deep/test_more.py" not in found(tree, exclude="tests/**/*.py")

    def test_absolute_and_dotted_paths_are_understood(self, tree: Path) -> None:
        assert "src/build.py" not in found(tree, exclude=f"{tree}/src")
        assert "src/build.py" not in found(tree, exclude="./src")

    def test_the_last_pattern_decides(self, tree: Path) -> None:
        assert found(tree, "tests", exclude="test_*.py !test_train.py") == ["tests/test_train.py"]

    def test_what_is_named_is_linted_all_the_same(self, tree: Path) -> None:
        assert found(tree, "train.py", exclude="train.py") == ["train.py"]
        assert found(tree, "build", exclude="build") == ["build/copy.py"]
        assert found(tree, "data/raw", exclude="data/") == ["data/raw/x.py"]

    def test_other_patterns_still_count_below_a_named_directory(self, tree: Path) -> None:
        assert found(tree, "data", exclude="data raw") == ["data/loader.py"]

    def test_force_exclude_is_for_hooks_that_name_every_file(self, tree: Path) -> None:
        assert found(tree, "train.py", "build/copy.py", "src", exclude="build src/", force=True) == ["train.py"]

    def test_a_root_elsewhere_excludes_by_name_only(self, tree: Path) -> None:
        patterns = Patterns(tree / "config", ("raw", "*_more.py"))
        discovery = discover([tree], Limits(lambda _: (patterns,)))
        assert {"data/raw/x.py", "tests/deep/test_more.py"}.isdisjoint(names(tree, discovery))

    def test_a_bad_pattern_is_refused(self) -> None:
        with pytest.raises(BadPattern, match="`!`"):
            Patterns(Path("/"), ("build", "*.py", "!")).check()


class TestGitignore:
    def test_it_counts_inside_a_repository_only(self, tree: Path) -> None:
        (tree / ".gitignore").write_text("data/\n")
        assert "data/loader.py" in found(tree)
        (tree / ".git").mkdir()
        assert "data/loader.py" not in found(tree)
        assert "data/loader.py" in found(tree, git=False)

    def test_files_above_the_named_directory_count(self, tree: Path) -> None:
        (tree / ".git").mkdir()
        (tree / ".gitignore").write_text("raw\n# a comment\n\n")
        assert found(tree, "data") == ["data/loader.py"]

    def test_the_nearest_file_decides(self, tree: Path) -> None:
        (tree / ".git").mkdir()
        (tree / ".gitignore").write_text("*.py\n")
        (tree / "data" / ".gitignore").write_text("!loader.py\n")
        assert found(tree) == ["data/loader.py"]

    def test_a_repository_inside_a_repository_is_its_own(self, tree: Path) -> None:
        (tree / ".git").mkdir()
        (tree / "data" / ".git").write_text("gitdir: elsewhere\n")
        (tree / ".gitignore").write_text("*.py\n")
        assert found(tree) == ["data/loader.py", "data/raw/x.py"]

    def test_an_ignored_directory_can_be_named(self, tree: Path) -> None:
        (tree / ".git").mkdir()
        (tree / ".gitignore").write_text("data/\n")
        assert found(tree, "data") == ["data/loader.py", "data/raw/x.py"]
        assert found(tree, "data/raw") == ["data/raw/x.py"]

    def test_bad_patterns_and_bad_bytes_do_no_harm(self, tree: Path) -> None:
        (tree / ".git").mkdir()
        (tree / ".gitignore").write_bytes(b"!\n\xff\xfe\nraw\n")
        assert found(tree, "data") == ["data/loader.py"]
