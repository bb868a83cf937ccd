"""The plugin of the examples, installed by pip: its rule is a rule like any other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tapelint as package
from tapelint.checks import api
from tapelint.source.markdown import fences
from tests.cli.commands import tapelint
from tests.plugins.conftest import EXAMPLE

# They share what pip has installed, so they stay in one process.
pytestmark = pytest.mark.xdist_group("plugin")

ROOT = Path(__file__).parents[2]
RUN = """\
import keras
from acme import tracking

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y, epochs=3)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(RUN)
    return tmp_path


def outside(example: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process that finds the plugin."""
    path = os.pathsep.join(map(str, (example, ROOT)))
    environment = os.environ | {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("acme")
class TestRule:
    def test_it_is_on(self) -> None:
        told = tapelint("train.py", "--isolated")
        assert told.status == 1
        assert "warning[ACME001 unlogged-fit]: this training leaves no record" in told.out

    @pytest.mark.parametrize("selector", ["ACME", "acme0", "ACME001", "unlogged-fit"])
    def test_it_is_selected_and_ignored(self, selector: str) -> None:
        assert "ACME001" in tapelint("train.py", "--isolated", "--select", selector).out
        assert "ACME001" not in tapelint("train.py", "--isolated", "--ignore", selector).out

    def test_its_level_is_a_setting(self) -> None:
        told = tapelint("train.py", "--isolated", "--config", "severity.ACME001 = 'error'")
        assert "error[ACME001 unlogged-fit]" in told.out

    @pytest.mark.parametrize("comment", ["noqa: ACME001", "noqa: acme001", "tapelint: ignore[unlogged-fit] no need"])
    def test_it_is_suppressed(self, comment: str) -> None:
        Path("train.py").write_text(RUN.replace("epochs=3)", f"epochs=3)  # {comment}"))
        assert tapelint("train.py", "--isolated").out == "no findings in 1 file, 1 suppressed\n"

    def test_a_suppression_of_it_may_be_useless(self) -> None:
        Path("train.py").write_text(RUN + "print(1)  # noqa: ACME001\n")
        assert "`ACME001` suppresses nothing" in tapelint("train.py", "--isolated").out

    def test_it_is_mended(self) -> None:
        assert tapelint("train.py", "--isolated", "--fix").status == 0
        assert Path("train.py").read_text().endswith("model.fit(x, y, epochs=3, callbacks=[tracking.RunLogger()])\n")

    def test_it_is_explained(self) -> None:
        assert "nobody can say later which data" in tapelint("explain", "acme001").out
        described = json.loads(tapelint("explain", "--all", "--output-format", "json").out)
        assert (described[-1]["name"], described[-1]["plugin"]) == ("unlogged-fit", "tapelint-acme 1.0")
        assert {each["plugin"] for each in described[:-1]} == {None}

    def test_reports_lead_to_its_page(self) -> None:
        address = "https://wiki.acme.example/training/unlogged-fit"
        (finding,) = json.loads(tapelint("train.py", "--isolated", "--output-format", "json").out)["findings"]
        assert (finding["code"], finding["url"], finding["evidence"]["static"]) == ("ACME001", address, True)
        (run,) = json.loads(tapelint("train.py", "--isolated", "--output-format", "sarif").out)["runs"]
        rules = {rule["id"]: rule["helpUri"] for rule in run["tool"]["driver"]["rules"]}
        assert rules["ACME001"] == address

    def test_the_schema_knows_it(self) -> None:
        schema = json.loads(tapelint("config", "--schema").out)
        assert {"ACME", "ACME001", "unlogged-fit"} <= set(schema["definitions"]["selector"]["enum"])

    def test_the_function_finds_it(self) -> None:
        assert [finding.rule for finding in package.lint("train.py").findings] == ["unlogged-fit"]


def test_it_is_found_in_other_processes(example: Path) -> None:
    padding = "# nothing to see here\n" * 6000
    for name in ("one", "two"):
        Path(name).mkdir()
        Path(name, "train.py").write_text(RUN + padding)
    arguments = ("check", "--isolated", "--jobs", "2", "--verbose", "--output-format", "concise", "one", "two")
    told = outside(example, "-m", "tapelint", *arguments)
    assert "2 processes" in told.stderr
    assert told.returncode == 1
    assert [line.split(": ")[0] for line in told.stdout.splitlines()[:2]] == ["one/train.py:6:1", "two/train.py:6:1"]


def test_its_own_tests_pass(example: Path) -> None:
    configuration = str(EXAMPLE / "pyproject.toml")
    told = outside(example, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", configuration, str(EXAMPLE))
    assert told.returncode == 0, told.stdout
    assert "2 passed" in told.stdout


def test_the_documentation_shows_it_as_it_is() -> None:
    shown = {
        fence.file: fence.text
        for fence in fences((ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"))
        if fence.file
    }
    assert set(shown) == {"pyproject.toml", "tapelint_acme/__init__.py", "tests/test_pages.py"}
    for name, text in shown.items():
        assert text == (EXAMPLE / name).read_text(encoding="utf-8")


def test_the_documentation_has_the_declaration_and_the_names() -> None:
    blocks = [fence.text for fence in fences((ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"))]
    page = (EXAMPLE / "tapelint_acme" / "rules" / "unlogged-fit.md").read_text(encoding="utf-8")
    declaration = next(fence.text for fence in fences(page) if fence.language == "toml")
    assert declaration in blocks
    told = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert [name for name in api.__all__ if f"`{name}`" not in told] == []
