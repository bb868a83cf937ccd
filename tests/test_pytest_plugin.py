"""The pytest plugin, and the examples of docs/python-api.md and of the README, in a pytest of their own."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/python-api.md").read_text(encoding="utf-8")
OUTPUT = PAGE.split("```text\n")[1].split("\n```")[0]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def entry_point() -> importlib.metadata.EntryPoint:
    """The plugin as pytest finds it once tapelint is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((name, value),) = project["entry-points"]["pytest11"].items()
    return importlib.metadata.EntryPoint(name, value, "pytest11")


def examples(text: str) -> list[str]:
    """The blocks of Python."""
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A pytest with this plugin and no other, wherever tapelint is installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-p {entry_point().value}")
    return pytester


def test_the_examples_do_what_the_page_says(alone: pytest.Pytester) -> None:
    page = examples(PAGE)
    (readme,) = [block for block in examples(README) if "tape_probe" in block]
    alone.makepyfile(train=page[0] + "batch = x, y\n", test_page="\n".join(page), test_readme=readme)
    alone.makepyfile(
        test_unsound="""
        from train import batch, loss, model, optimizer, step

        def test_a_step_that_does_nothing(tape_probe):
            tape_probe(lambda x, y: None, model=model, optimizer=optimizer, batch=batch, loss=loss).check()
        """
    )
    told = alone.runpytest_subprocess("-q", "-s")
    told.assert_outcomes(passed=2, failed=1)
    told.stdout.fnmatch_lines(
        [
            OUTPUT,
            "E*UnsoundStep: the step does not train the model as it should:",
            "E*weights-unchanged: none of 4 variables has changed after 2 steps: no tape is asked for gradients*",
        ]
    )


def test_a_run_without_the_fixture_does_not_meet_tensorflow(alone: pytest.Pytester) -> None:
    alone.makepyfile("import sys\n\ndef test_what_is_imported():\n    assert 'tensorflow' not in sys.modules\n")
    told = alone.runpytest_subprocess()
    told.assert_outcomes(passed=1)


def test_the_fixture_is_listed_with_what_it_does(alone: pytest.Pytester) -> None:
    told = alone.runpytest_subprocess("--fixtures")
    told.stdout.fnmatch_lines(["*tape_probe*", "*audit_step*"])
