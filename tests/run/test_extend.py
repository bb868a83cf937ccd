"""Configuration files that extend others, in real directories."""

from pathlib import Path

import pytest

from tapelint.run.config import ConfigError, file_layers
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.merge import merge
from tapelint.run.settings import Settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, *lines: str) -> Path:
    path = Path.cwd() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def settings(path: Path) -> Settings:
    return merge(file_layers(path))


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        file_layers(path)
    return str(caught.value)


class TestChain:
    def test_what_the_nearer_file_says_wins(self) -> None:
        write("far.toml", 'output-format = "json"', "jobs = 1", "preview = true")
        write("base/tapelint.toml", 'extend = "../far.toml"', "jobs = 2", "fix = true")
        got = settings(write("inner/tapelint.toml", 'extend = "../base/tapelint.toml"', "preview = false"))
        assert (got.output_format, got.jobs, got.fix, got.preview) == ("json", 2, True, False)

    def test_some_keys_add(self) -> None:
        write(
            "base.toml",
            'extend-exclude = ["a"]',
            'severity = { TL101 = "info", TL102 = "info" }',
            'wrappers = { shuffles = ["stir"] }',
            'extend-per-file-ignores = { "x.py" = ["TL1"] }',
        )
        got = settings(
            write(
                "inner/tapelint.toml",
                'extend = "../base.toml"',
                'extend-exclude = ["b"]',
                'severity = { TL102 = "error" }',
                'wrappers = { evaluates = ["score"] }',
                'extend-per-file-ignores = { "y.py" = ["TL2"] }',
            )
        )
        assert [patterns.lines for patterns in got.exclude[1:]] == [("a",), ("b",)]
        assert got.severities == {"gradients-not-applied": "info", "gradient-never-taken": "error"}
        assert dict(got.wrappers.roles) == {"stir": "shuffles", "score": "evaluates"}
        assert [entry.patterns.lines for entry in got.file_ignores] == [("x.py",), ("y.py",)]

    def test_others_replace(self) -> None:
        write("base.toml", 'exclude = ["a"]', 'per-file-ignores = { "x.py" = ["TL1"] }', 'target = { keras = "2" }')
        got = settings(write("t.toml", 'extend = "base.toml"', 'exclude = ["b"]', "per-file-ignores = {}"))
        assert [patterns.lines for patterns in got.exclude] == [("b",)]
        assert got.file_ignores == ()
        assert got.target == "2"

    def test_rules_are_amended_until_somebody_selects(self) -> None:
        write("base.toml", 'select = ["TL1"]', 'ignore = ["TL101"]')
        amended = settings(write("a.toml", 'extend = "base.toml"', 'extend-select = ["TL301"]', 'ignore = ["TL102"]'))
        assert {"unreduced-loss", "forward-outside-tape"} <= amended.rules
        assert amended.rules.isdisjoint({"gradients-not-applied", "gradient-never-taken", "logits-mismatch"})
        anew = settings(write("b.toml", 'extend = "base.toml"', 'select = ["TL101"]'))
        assert anew.rules == {"gradients-not-applied"}

    def test_patterns_count_from_the_file_that_has_them(self, here: Path) -> None:
        write("shared/base.toml", 'extend-exclude = ["/old"]')
        got = settings(write("inner/tapelint.toml", 'extend = "../shared/base.toml"', 'exclude = ["/new"]'))
        assert [(patterns.root, patterns.lines) for patterns in got.exclude] == [
            (here / "inner", ("/new",)),
            (here / "shared", ("/old",)),
        ]

    def test_a_pyproject_may_extend_and_be_extended(self) -> None:
        write("pyproject.toml", "[project]", 'name = "x"', "[tool.tapelint]", "jobs = 3")
        got = settings(write("inner/pyproject.toml", "[tool.tapelint]", 'extend = "../pyproject.toml"'))
        assert got.jobs == 3

    def test_the_user_s_home_and_environment(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write("home/base.toml", "jobs = 3")
        monkeypatch.setenv("HOME", str(here / "home"))
        monkeypatch.setenv("WHERE", "home")
        assert settings(write("a.toml", 'extend = "~/base.toml"')).jobs == 3
        assert settings(write("b.toml", 'extend = "$WHERE/base.toml"')).jobs == 3

    def test_all_of_them_are_known_to_have_been_read(self, here: Path) -> None:
        write("base.toml", "jobs = 3")
        write("tapelint.toml", 'extend = "base.toml"')
        hierarchy = Hierarchy(here)
        assert hierarchy.run.jobs == 3
        assert hierarchy.files == {here / "base.toml", here / "tapelint.toml"}


class TestRefusals:
    def test_a_ring(self) -> None:
        write("a.toml", "jobs = 1", 'extend = "b.toml"')
        write("b.toml", 'extend = "c/../a.toml"')
        assert refusal(Path.cwd() / "a.toml") == (
            "b.toml:1: `extend` goes round in circles: `a.toml` → `b.toml` → `a.toml`"
        )

    def test_itself(self) -> None:
        assert "circles: `a.toml` → `a.toml`" in refusal(write("a.toml", 'extend = "a.toml"'))

    def test_a_file_that_is_missing(self) -> None:
        assert refusal(write("a.toml", "", 'extend = "../b.toml"')).startswith(
            "a.toml:2: `extend` names `../b.toml`, but `"
        )

    def test_a_directory(self) -> None:
        (Path.cwd() / "b").mkdir()
        assert "but `b` is a directory" in refusal(write("a.toml", 'extend = "b"'))

    def test_a_pyproject_that_says_nothing(self) -> None:
        write("pyproject.toml", "[project]")
        assert refusal(write("a.toml", 'extend = "pyproject.toml"')) == (
            "a.toml:1: `extend` names `pyproject.toml`, which has no `[tool.tapelint]`"
        )

    def test_what_is_wrong_in_the_other_file_is_told_with_its_name(self) -> None:
        write("base.toml", "", "job = 3")
        told = refusal(write("inner/a.toml", 'extend = "../base.toml"'))
        assert told == "base.toml:2: unknown key `job`, did you mean `jobs`?"

    def test_nothing_and_no_string(self) -> None:
        assert "`extend` must not be empty" in refusal(write("a.toml", 'extend = ""'))
        assert "`extend` must be the path of a file, not the list" in refusal(write("a.toml", 'extend = ["x"]'))
