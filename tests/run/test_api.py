"""Linting as a function call, as the page about it has it."""

import contextlib
import dataclasses
import io
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import tapelint
from tapelint.run.api import Options
from tapelint.run.keys import KEYS
from tapelint.source.markdown import fences
from tests.cli.commands import BROKEN, LINE
from tests.cli.commands import tapelint as command

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "linting-from-python.md"

# What concerns the command line alone: what it prints, what it does to files, and when it fails.
NOT_ABOUT_LINTING = {
    *("baseline", "extend", "fix", "fix-only", "output-format", "required-version", "severity-threshold"),
    *("show-fixes", "unsafe-fixes"),
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_says_what_is_true() -> None:
    names: dict[str, Any] = {}
    told = ""
    shown = 0
    for fence in fences(PAGE.read_text(encoding="utf-8")):
        if fence.language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(fence.text, f"{PAGE.name}:{fence.line}", "exec"), names)
            told = out.getvalue()
        elif fence.language == "text":
            assert fence.text == told
            shown += 1
    assert shown == 3


def test_what_the_page_names_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for cls in (tapelint.Outcome, tapelint.Finding):
        fields = {field.name for field in dataclasses.fields(cls)}
        assert all(f"`{name}`" in page for name in fields - {"documents", "linted", "known"})


def test_everything_is_offered_that_is_promised() -> None:
    for name in tapelint.__all__:
        assert getattr(tapelint, name) is not None
    assert set(tapelint.__all__) <= set(dir(tapelint))
    with pytest.raises(AttributeError, match="has no attribute `lnit`"):
        _ = tapelint.lnit  # type: ignore[attr-defined]


def test_importing_it_loads_nothing() -> None:
    program = "import sys, tapelint; print(*[name for name in sys.modules if name.startswith('tapelint')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["tapelint"]


def test_every_setting_that_is_about_linting_is_an_argument() -> None:
    known = {name.replace("_", "-") for name in get_type_hints(Options)}
    assert known == set(KEYS) - NOT_ABOUT_LINTING


@pytest.mark.parametrize("paths", ["train.py", Path("train.py"), ["train.py"], (Path(),), None, "."])
def test_paths(here: Path, paths: Any) -> None:
    (here / "train.py").write_text(BROKEN)
    found = tapelint.lint(paths, select=["TL101"]).findings
    assert [(each.place.path, each.place.span.start.line) for each in found] == [(here / "train.py", LINE)]


def test_source_belongs_to_the_configuration_around_its_name(here: Path) -> None:
    (here / "inner").mkdir()
    (here / "inner" / "tapelint.toml").write_text('select = ["TL301"]\n')
    assert tapelint.lint(source=BROKEN, filename="inner/train.py").findings == ()
    assert tapelint.lint(source=BROKEN.encode(), filename="train.py").findings != ()


def test_arguments_of_every_kind(here: Path) -> None:
    (here / "train.py").write_text(BROKEN)
    outcome = tapelint.lint(
        select=("TL1", "TL2"),
        extend_exclude=["other"],
        per_file_ignores={"*.py": ["TL2"]},
        severity={"TL101": "info"},
        wrappers={"shuffles": ("stir",)},
        target={"keras": "2"},
        jobs=1,
        preview=True,
    )
    assert [(each.rule, each.severity) for each in outcome.findings] == [("gradients-not-applied", "info")]


def test_settings_decide_about_fixes() -> None:
    def fix(**settings: Any) -> tapelint.Fix | None:
        (found,) = tapelint.lint(source=BROKEN, select=["TL002"], extend_select=["TL201"], **settings).findings
        return found.fix

    usual = fix()
    assert usual is not None
    assert usual.safety == "safe"
    assert fix(unfixable=["TL0"]) is None
    assert fix(fixable=["TL1"]) is None
    assert fix(fixable=["TL1"], extend_fixable=["TL002"]) == usual
    unsafe = fix(extend_unsafe_fixes=["TL002"])
    assert unsafe is not None
    assert (unsafe.safety, unsafe.edits) == ("unsafe", usual.edits)


def test_arguments_that_do_not_go_together() -> None:
    with pytest.raises(TypeError, match="either `paths` or `source`"):
        tapelint.lint("train.py", source=BROKEN)
    with pytest.raises(TypeError, match="an argument of `configure`"):
        tapelint.lint(configuration=tapelint.configure(), select=["TL1"])
    with pytest.raises(TypeError, match="there is no setting `selct`"):
        tapelint.lint(selct=["TL1"])  # type: ignore[call-arg]


def test_what_is_wrong_is_told_by_the_argument_s_name(here: Path) -> None:
    with pytest.raises(tapelint.ConfigError) as caught:
        tapelint.configure(per_file_ignores={"a": ["TX9"]}, preview="yes")  # type: ignore[arg-type]
    assert caught.value.messages == (
        "`per_file_ignores` of `a` is wrong: there is no rule `TX9`",
        "`preview` must be true or false, not the string `yes`",
    )
    with pytest.raises(tapelint.MissingPath):
        tapelint.lint(here / "gone")


def test_a_configuration_file_that_is_named(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.ruff]\n")
    with pytest.raises(tapelint.ConfigError, match=r"has no `\[tool\.tapelint\]`"):
        tapelint.configure("pyproject.toml")
    with pytest.raises(tapelint.ConfigError, match="contradicts `--isolated`"):
        tapelint.configure("pyproject.toml", isolated=True)


@pytest.mark.parametrize(
    ("arguments", "stdin"), [(("train.py",), None), (("-",), BROKEN), (("--fix", "train.py"), None)]
)
def test_the_command_line_calls_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], stdin: str | None
) -> None:
    (here / "train.py").write_text(BROKEN)
    asked = []
    real = tapelint.lint

    def lint(*given: Any, **named: Any) -> tapelint.Outcome:
        asked.append((given, named))
        return real(*given, **named)

    monkeypatch.setattr(tapelint, "lint", lint)
    assert command("check", "--isolated", *arguments, stdin=stdin).status == 1
    assert asked
