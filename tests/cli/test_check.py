import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tapelint import checks
from tests.cli.commands import BROKEN, LINE, tapelint
from tests.notebooks import notebook

ROOT = Path(__file__).parents[2]

FOUND = f"train.py:{LINE}:"


@pytest.fixture(autouse=True)
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of its own to work in, with a program in which TL101 and TL002 are found."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(BROKEN)
    return path


def codes(*arguments: object, stdin: str | None = None) -> list[str]:
    told = tapelint("check", *arguments, "--output-format", "json", stdin=stdin)
    return [finding["code"] for finding in json.loads(told.out)["findings"]]


class TestExitStatus:
    def test_findings(self) -> None:
        assert tapelint("check", "train.py").status == 1

    def test_no_findings(self, train: Path) -> None:
        train.write_text("import tensorflow as tf\n")
        assert tapelint("check", "train.py").status == 0

    def test_no_findings_of_the_rules_selected(self) -> None:
        assert tapelint("check", "train.py", "--select", "TL2").status == 0

    def test_exit_zero(self) -> None:
        told = tapelint("check", "train.py", "--exit-zero", "--output-format", "concise")
        assert told.status == 0
        assert FOUND in told.out

    def test_findings_below_the_threshold_are_printed_and_do_not_count(self) -> None:
        below = tapelint("check", "train.py", "--select", "TL0,TL201", "--severity-threshold", "error")
        assert below.status == 0
        assert "unused-suppression" in below.out
        assert tapelint("check", "train.py", "--severity-threshold", "error").status == 1

    def test_a_crash(self, train: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def crash(*_: object) -> None:
            raise RuntimeError("the tape is torn")

        monkeypatch.setattr(checks, "examine", crash)
        told = tapelint("check", train, "--exit-zero")
        assert told.status == 2
        assert "tapelint crashed on train.py: RuntimeError: the tape is torn" in told.err
        assert "Traceback" not in told.err
        assert "Traceback" in tapelint("check", train, "--verbose").err

    def test_a_file_that_cannot_be_read(self) -> None:
        Path("gone.py").symlink_to("nowhere")
        told = tapelint("check", ".", "gone.py", "--output-format", "concise")
        assert told.status == 2
        assert "error: gone.py: No such file or directory" in told.err
        assert FOUND in told.out


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ("nope.py", "no such file or directory: `nope.py`"),
            ("chek train.py", "is it `tapelint check` that you mean?"),
            ("train.py --select gradients-not-aplied", "did you mean `gradients-not-applied`?"),
            ("train.py --ignore TL101,nothing-such", "`--ignore` is wrong"),
            ("train.py --output-format jsn", "did you mean `json`?"),
            ("train.py --severity-threshold high", "`--severity-threshold` must be one of error, warning, info"),
            ("train.py --per-file-ignores train.py", "needs a pattern, a colon and a rule"),
            ("train.py --per-file-ignores train.py:TL999", "there is no rule `TL999`"),
            ("train.py --exclude !", "`!` is not a valid pattern"),
            ("train.py --jobs 0", "`--jobs` must be a whole number above 0"),
            ("train.py --jobs many", "--jobs"),
            ("train.py --config nope.toml", "nope.toml: No such file or directory"),
            ("train.py --config selct=[]", "--config: unknown key `selct`, did you mean `select`?"),
            ("train.py --config select=", "neither an existing file nor valid TOML"),
            ("train.py --config train.py --config train.py", "more than one file"),
            ("train.py --isolated --config train.py", "contradicts `--isolated`"),
            ("train.py -o train.py/report", "cannot write `train.py/report`"),
            ("train.py -o .", "cannot write `.`"),
            ("train.py --no-such-option", "No such option"),
            ("- --probe", "standard input is none"),
        ],
    )
    def test_it_is_told_and_the_status_is_2(self, arguments: str, words: str) -> None:
        told = tapelint(*arguments.split())
        assert told.status == 2
        assert words in told.err
        assert "Traceback" not in told.err + told.out

    def test_broken_configuration_has_its_line(self) -> None:
        Path("pyproject.toml").write_text("[tool.tapelint]\npreview = true\nselect = 'TL1'\n")
        told = tapelint("train.py")
        assert told.status == 2
        assert told.err == "error: pyproject.toml:3: `select` must be a list of strings, not the string `TL1`\n"
        assert tapelint("train.py", "--isolated").status == 1

    def test_selecting_a_preview_rule_without_preview_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tapelint.run.merge.preview_rules_asked_for", lambda *_: ["TL101"])
        assert "warning: selecting `TL101` has no effect" in tapelint("train.py").err


class TestWhatIsLinted:
    def test_the_working_directory_by_default(self) -> None:
        assert FOUND in tapelint("check", "--output-format", "concise").out

    def test_a_directory_without_python(self) -> None:
        Path("empty").mkdir()
        told = tapelint("check", "empty")
        assert told.status == 0
        assert told.err == "warning: no files to lint found under the given path\n"

    def test_excluding(self) -> None:
        assert codes(".", "--exclude", "train.py") == []
        assert codes(".", "--extend-exclude", "x,train.py") == []
        assert "TL101" in codes("train.py", "--exclude", "train.py")
        assert codes("train.py", "--exclude", "train.py", "--force-exclude") == []

    def test_gitignore(self) -> None:
        Path(".git").mkdir()
        Path(".gitignore").write_text("train.py")
        assert codes(".") == []
        assert "TL101" in codes(".", "--no-respect-gitignore")

    def test_a_notebook_in_another_language_is_left_out_and_told(self) -> None:
        Path("demo.ipynb").write_text('{"cells": [], "metadata": {"language_info": {"name": "R"}}}')
        told = tapelint("demo.ipynb")
        assert told.status == 0
        assert "warning: demo.ipynb: the notebook is in R; skipped" in told.err


class TestStandardInput:
    def test_a_dash(self) -> None:
        told = tapelint("check", "-", "--output-format", "concise", stdin=BROKEN)
        assert told.status == 1
        assert f"-:{LINE}:" in told.out

    def test_its_name_counts_for_configuration_and_report(self) -> None:
        Path("lib").mkdir()
        Path("lib/tapelint.toml").write_text('output-format = "concise"\nselect = ["TL101"]\n')
        told = tapelint("check", "--stdin-filename", "lib/new.py", stdin=BROKEN)
        assert told.out.startswith(f"lib/new.py:{LINE}:")
        assert "TL002" not in told.out

    def test_beside_other_paths_a_dash_is_a_file(self) -> None:
        told = tapelint("check", "-", "train.py", stdin=BROKEN)
        assert told.status == 2
        assert "no such file or directory: `-`; standard input is read if no other path is given" in told.err

    def test_with_a_name_nothing_else_is_read(self) -> None:
        told = tapelint("check", "train.py", "--stdin-filename", "new.py", stdin="")
        assert told.status == 0
        assert "standard input is read, not `train.py`" in told.err

    def test_the_name_says_what_it_is(self) -> None:
        chosen = ("check", "--output-format", "concise", "--stdin-filename")
        assert tapelint(*chosen, "a.ipynb", stdin=notebook("# a", BROKEN)).out.startswith(
            f"a.ipynb:cell 2:{LINE}:13: TL101"
        )
        assert tapelint(*chosen, "a.md", stdin=f"```python\n{BROKEN}```\n").out.startswith(f"a.md:{LINE + 1}:13: TL101")
        assert tapelint(*chosen, "a.ipynb", stdin="").out.startswith("a.ipynb:1:1: TL001")

    def test_its_imports_are_those_of_its_name(self) -> None:
        Path("lib").mkdir()
        Path("lib/parts.py").write_text(BROKEN.replace("for x, y in", "data =").partition(" * 3")[0])
        rest = "from parts import *\nfor x, y in data:\n" + BROKEN.partition(" * 3:\n")[2]
        chosen = ("check", "--output-format", "concise", "--select", "TL101", "--stdin-filename")
        assert "TL101" in tapelint(*chosen, "lib/new.py", stdin=rest).out

    def test_nothing_is_no_program(self) -> None:
        assert tapelint("check", "-", stdin="").status == 0

    def test_a_closed_one_is_told(self) -> None:
        command = f"exec {shlex.quote(sys.executable)} -m tapelint check - <&-"
        told = subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert (told.returncode, told.stderr) == (2, "error: standard input is closed\n")

    def test_bytes_that_are_no_text(self) -> None:
        told = tapelint("check", "-", "--output-format", "concise", stdin=b"import tensorflow\n\xff")
        assert told.status == 1
        assert "TL001" in told.out


class TestSelection:
    def test_lists_are_split_at_commas_and_add_up(self) -> None:
        chosen = codes("train.py", "--select", "TL002,TL2", "--select", "gradients-not-applied")
        assert set(chosen) == {"TL101", "TL002"}

    def test_ignoring(self) -> None:
        assert "TL101" not in codes("train.py", "--ignore", "TL101")
        assert "TL101" not in codes("train.py", "--extend-ignore", "TL1")
        assert "TL101" not in codes("train.py", "--per-file-ignores", "other.py:TL7,train.py:TL1")

    def test_options_win_over_files(self) -> None:
        Path("tapelint.toml").write_text('select = ["TL002", "TL201"]')
        assert codes("train.py") == ["TL002"]
        assert codes("train.py", "--extend-select", "TL101") == ["TL101", "TL002"]
        assert codes("train.py", "--config", "select = ['TL101']") == ["TL101"]
        assert codes("train.py", "--config", "select = ['TL1']", "--select", "TL002,TL201") == ["TL002"]
        assert {"TL101", "TL002"} <= set(codes("train.py", "--isolated"))

    def test_a_configuration_file_that_is_named_is_the_only_one(self) -> None:
        Path("tapelint.toml").write_text("broken")
        Path("strict.toml").write_text('select = ["TL101"]')
        assert codes("train.py", "--config", "strict.toml") == ["TL101"]

    def test_what_a_later_version_caches_may_be_said_today(self) -> None:
        assert "TL101" in codes("train.py", "--no-cache")

    def test_preview(self) -> None:
        assert "TL101" in codes("train.py", "--preview")


class TestOutput:
    def test_full_is_the_default(self) -> None:
        assert "    grads = tape.gradient(" in tapelint("train.py").out

    def test_json_is_a_document_even_when_something_else_is_told(self) -> None:
        Path("empty").mkdir()
        assert json.loads(tapelint("empty", "--output-format", "json").out)["findings"] == []

    def test_lsp(self) -> None:
        (params,) = json.loads(tapelint("train.py", "--output-format", "lsp").out)
        assert params["uri"].endswith("/train.py")

    def test_a_file(self) -> None:
        told = tapelint("train.py", "--output-format", "concise", "-o", "reports/new.txt")
        assert (told.status, told.out) == (1, "")
        assert FOUND in Path("reports/new.txt").read_text()

    def test_statistics(self) -> None:
        told = tapelint("train.py", "--select", "TL101", "--statistics")
        assert told.out == "1  TL101  gradients-not-applied\n"
        counted = tapelint("train.py", "--select", "TL101", "--statistics", "--output-format", "json")
        (row,) = json.loads(counted.out)
        assert row == {"rule": "gradients-not-applied", "code": "TL101", "count": 1, "fixable": 0}

    def test_quiet_prints_findings_and_nothing_else(self, train: Path) -> None:
        told = tapelint("train.py", "--quiet", "--select", "TL101", "--output-format", "concise")
        assert told.out.count("\n") == 1
        train.write_text("import tensorflow as tf\n")
        assert tapelint("train.py", "--quiet").out == ""

    def test_verbose_tells_how_much_was_worth_reading(self) -> None:
        Path("plain.py").write_text("x = 1\n")
        assert "2 files, 1 of them worth reading" in tapelint(".", "--verbose").err

    def test_the_order_is_always_the_same(self) -> None:
        for name in ("b", "a", "c"):
            Path(name).mkdir()
            Path(name, "train.py").write_text(BROKEN)
        told = tapelint(".", "--select", "TL101", "--output-format", "concise")
        assert [line.split(":")[0] for line in told.out.splitlines()[:4]] == [
            "a/train.py",
            "b/train.py",
            "c/train.py",
            "train.py",
        ]
