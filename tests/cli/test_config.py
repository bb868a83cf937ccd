import dataclasses
import json
import re
import tomllib
from pathlib import Path

import pytest
import typer

from tapelint import catalog
from tapelint.cli.app import application
from tapelint.run.keys import COMMAND_LINE_ONLY, KEYS
from tapelint.run.schema import schema
from tests.cli.commands import tapelint


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.tapelint]\nselect = ["TL1"]\nper-file-ignores = { "a/*.py" = ["TL101"] }\n'
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "train.py").touch()
    return tmp_path


def test_each_setting_and_where_it_came_from() -> None:
    told = tapelint("config")
    assert told.status == 0
    assert 'select = ["TL1"]  # pyproject.toml:5\n' in told.out
    assert '[per-file-ignores]\n"a/*.py" = ["TL101"]  # pyproject.toml:6\n' in told.out
    assert "preview = false  # default\n" in told.out
    on, off = told.out.split("rules in force")[1].split("rules off")
    assert re.search(r"^# TL101 error   gradients-not-applied +select `TL1`, pyproject.toml:5$", on, re.MULTILINE)
    assert re.search(r"^# TL201 .* not selected, pyproject.toml:5$", off, re.MULTILINE)


def test_what_is_printed_is_configuration() -> None:
    settings = tomllib.loads(tapelint("config").out)
    assert settings["select"] == ["TL1"]
    Path("tapelint.toml").write_text(tapelint("config").out)
    assert tomllib.loads(tapelint("config").out) == settings


def test_a_file_knows_what_is_off_in_it() -> None:
    off = tapelint("config", "a/train.py").out.split("rules off")[1]
    assert re.search(r"# TL101 .* per-file-ignores `a/\*.py`, pyproject.toml:6\n", off)


def test_helpers_of_the_project() -> None:
    told = tapelint("config", "--config", "wrappers = { takes-step = ['a.b', 'c'] }").out
    assert '[wrappers]\ntakes-step = ["a.b", "c"]  # --config\n' in told
    assert "wrappers" not in tapelint("config").out


def test_options_and_isolation() -> None:
    assert "preview = true  # --config" in tapelint("config", "--config", "preview = true").out
    assert "pyproject.toml" not in tapelint("config", "--isolated").out


def test_a_path_that_does_not_exist() -> None:
    told = tapelint("config", "nope")
    assert (told.status, told.err) == (2, "error: no such file or directory: `nope`\n")


class TestOrigins:
    @pytest.fixture(autouse=True)
    def layers(self, here: Path) -> None:
        (here / "base.toml").write_text(
            'extend-exclude = [\n  "x",\n]\npreview = false\nignore = ["TL102"]\n[severity]\nTL102 = "error"\n'
        )
        (here / "a" / "tapelint.toml").write_text(
            'extend = "../base.toml"\n'
            'extend-exclude = ["y"]\n'
            'extend-select = [\n  "TL301",\n]\n'
            '[severity]\nreused-tape = "off"\nTL103 = "info"\n'
        )

    def test_what_several_say_is_shown_item_by_item(self) -> None:
        told = tapelint("config", "a").out
        assert 'extend-exclude = [\n  "x",  # base.toml:2\n  "y",  # a/tapelint.toml:2\n]\n' in told
        assert "[severity]\n" in told
        assert 'reused-tape = "off"  # a/tapelint.toml:7\n' in told
        assert 'extend = "../base.toml"  # a/tapelint.toml:1\n' in told
        assert tomllib.loads(told)["severity"] == {"TL102": "error", "reused-tape": "off", "TL103": "info"}

    @pytest.mark.parametrize(
        ("code", "on", "reason", "origin"),
        [
            ("TL101", True, "default", "default"),
            ("TL102", False, "ignore `TL102`", "base.toml:5"),
            ("TL103", True, "severity `info`", "a/tapelint.toml:8"),
            ("TL105", False, "severity `off`", "a/tapelint.toml:7"),
            ("TL301", True, "extend-select `TL301`", "a/tapelint.toml:4"),
        ],
    )
    def test_why_a_rule_is_on_or_off(self, code: str, on: bool, reason: str, origin: str) -> None:
        rules = json.loads(tapelint("config", "a", "--output-format", "json").out)["rules"]
        told = next(rule for rule in rules if rule["code"] == code)
        assert (told["on"], told["reason"], told["origin"]) == (on, reason, origin)

    def test_options_count_where_a_run_shows_its_settings(self) -> None:
        told = tapelint("check", "--show-settings", "--select", "TL302", "a").out
        assert re.search(r"# TL302 .* select `TL302`, --select\n", told.split("rules off")[0])

    def test_preview_rules_and_rules_that_wait_to_be_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rules = dict(catalog.rules())
        rules["gradients-not-applied"] = dataclasses.replace(rules["gradients-not-applied"], preview=True)
        rules["gradient-inside-tape"] = dataclasses.replace(rules["gradient-inside-tape"], precision="low")
        monkeypatch.setattr(catalog, "rules", lambda: rules)
        told = tapelint("config", "a").out.split("rules off")[1]
        assert re.search(r"# TL101 .* off by default: preview, default\n", told)
        assert re.search(r"# TL106 .* off by default: low precision, default\n", told)
        told = tapelint("config", "a", "--config", "extend-select = ['TL101', 'TL106']").out
        off = told.split("rules off")[1]
        assert re.search(r"# TL101 .* a preview rule, and preview is off, base.toml:4\n", off)
        assert "TL106" not in off

    def test_programs_are_told_the_same(self) -> None:
        told = json.loads(tapelint("config", "a/train.py", "--output-format", "json").out)
        assert told["path"] == "a/train.py"
        assert told["settings"]["extend-exclude"] == [
            {"value": ["x"], "origin": "base.toml:2"},
            {"value": ["y"], "origin": "a/tapelint.toml:2"},
        ]
        assert {"name": "TL103", "value": "info", "origin": "a/tapelint.toml:8"} in told["settings"]["severity"]
        assert len(told["rules"]) == len(catalog.rules())


def test_all_that_is_wrong_with_a_file_is_told(here: Path) -> None:
    (here / "pyproject.toml").write_text('[tool.tapelint]\nselct = ["TL1"]\njobs = "two"\n')
    told = tapelint("config")
    assert (told.status, told.out) == (2, "")
    assert told.err == (
        "error: pyproject.toml:2: unknown key `selct`, did you mean `select`?\n"
        "error: pyproject.toml:3: `jobs` must be a whole number above 0, not the string `two`\n"
    )


def test_text_that_is_no_toml(here: Path) -> None:
    (here / "pyproject.toml").write_text('[tool.tapelint]\njobs = 1\nselect = "TL1\n')
    told = tapelint("config")
    assert told.status == 2
    assert told.err.startswith("error: pyproject.toml:3:14: ")


def test_the_schema() -> None:
    told = tapelint("config", "--schema")
    assert told.status == 0
    assert json.loads(told.out) == schema()


def test_a_format_that_does_not_exist() -> None:
    told = tapelint("config", "--output-format", "yaml")
    assert (told.status, told.err) == (2, "error: `--output-format` must be one of toml, json, not `yaml`\n")


def test_every_option_is_a_key_or_known_to_be_none() -> None:
    check = typer.main.get_command(application()).commands["check"]  # type: ignore[attr-defined]
    long = {next((each for each in option.opts if each.startswith("--")), "--")[2:] for option in check.params} - {""}
    assert long - KEYS.keys() == COMMAND_LINE_ONLY
    # What is no option, because a line of TOML says it better.
    assert KEYS.keys() - long == {
        *("extend", "extend-include", "extend-safe-fixes", "extend-unsafe-fixes", "include", "required-version"),
        *("severity", "target", "wrappers"),
    }
