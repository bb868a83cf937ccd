"""The direction of imports, as the contracts in pyproject.toml state it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def contracts(checkout: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says about a checkout."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(is_debug_mode=False))"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200"},
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the contracts look at, to break one of them in."""
    shutil.copytree(ROOT / "tapelint", tmp_path / "tapelint", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept() -> None:
    told = contracts(ROOT)
    assert told.returncode == 0, told.stdout
    assert " 0 broken" in told.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("source/span.py", "import tapelint.finding", "Layers"),
        ("finding.py", "import tapelint.checks", "Layers"),
        ("program/__init__.py", "import tapelint.catalog", "Layers"),
        ("report/concise.py", "import tapelint.probe", "Layers"),
        ("unheard_of.py", "", "Layers"),
        ("program/losses.py", "import tapelint.program.execution", "What a program means"),
        ("program/models.py", "import tapelint.program.feeds", "What a program means"),
        ("program/execution/calls.py", "import tapelint.program.description", "What a program means"),
        ("checks/__init__.py", "import tensorflow", "Only the child of the probe meets tensorflow"),
        ("run/outcome.py", "import keras", "Only the child of the probe meets tensorflow"),
        ("checks/__init__.py", "import libcst", "LibCST ends in syntax"),
        ("probe/child/__init__.py", "import libcst", "The child carries none of the linter's weight"),
        ("probe/child/__init__.py", "import rich", "The child carries none of the linter's weight"),
        ("cli/__init__.py", "import pygls", "Only the language server speaks its protocol"),
    ],
)
def test_a_broken_contract_is_noticed(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / "tapelint" / module
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{line}\n", encoding="utf-8")
    told = contracts(copy)
    assert told.returncode == 1, told.stdout
    broken = [row for row in told.stdout.splitlines() if " BROKEN" in row]
    assert any(row.startswith(contract) for row in broken), told.stdout
