"""The VS Code extension: its own tests, with this checkout's server, and the package that people install."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.editors.equipment import required
from tests.installation import ROOT

EXTENSION = ROOT / "editors" / "vscode"

# Its packages are installed once.
pytestmark = pytest.mark.xdist_group("vscode")


def npm(at: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = required("npm", "the VS Code extension")
    environment = {**os.environ, "TAPELINT_PYTHON": sys.executable}
    return subprocess.run([program, *words], cwd=at, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the extension with the packages that its lock file names."""
    directory = tmp_path_factory.mktemp("extension") / "vscode"
    made = shutil.ignore_patterns("node_modules", "dist", "out", "*.vsix")
    shutil.copytree(EXTENSION, directory, ignore=made)
    installed = npm(directory, "ci", "--ignore-scripts", "--prefer-offline")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return directory


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]


def test_the_extension_passes_its_own_tests(checkout: Path) -> None:
    told = npm(checkout, "test")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "\n# fail 0\n" in told.stdout
    assert "\n# skipped 0\n" in told.stdout


def test_one_command_packages_what_people_need_and_nothing_else(checkout: Path) -> None:
    told = npm(checkout, "run", "package")
    assert told.returncode == 0, told.stdout + told.stderr
    names = zipfile.ZipFile(checkout / "tapelint.vsix").namelist()
    inside = {name.removeprefix("extension/") for name in names if name.startswith("extension/")}
    expected = {"LICENSE.txt", "changelog.md", "package.json", "readme.md", "images/icon.png"}
    assert inside == expected | {"dist/extension.js", "dist/NOTICE.txt"}
