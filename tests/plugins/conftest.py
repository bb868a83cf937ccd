"""Plugins come and go with each of these tests."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint import catalog, plugins
from tapelint.checks import CHECKS, plugged

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"
CACHES = (catalog._read_all, catalog._by_any_name, plugins.plugins, plugged.load)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for plugins to be put in, which Python looks into. Afterwards nobody has heard of them."""
    folder = tmp_path / "site"
    folder.mkdir()
    yield from _forgotten_after(folder, monkeypatch)


@pytest.fixture
def acme(example: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which the plugin of the examples is installed, which Python looks into."""
    yield from _forgotten_after(example, monkeypatch)


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which pip has installed the plugin of the examples."""
    folder = tmp_path_factory.mktemp("installed")
    quietly = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    command = (sys.executable, "-m", "pip", "install", *quietly, "--target", folder, EXAMPLE)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def _forgotten_after(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    modules, checks = set(sys.modules), dict(CHECKS)
    monkeypatch.syspath_prepend(folder)
    _begin_anew()
    yield folder
    for name in set(sys.modules) - modules:
        if name.startswith("tapelint_"):
            del sys.modules[name]
    CHECKS.clear()
    CHECKS.update(checks)
    _begin_anew()


def _begin_anew() -> None:
    importlib.invalidate_caches()
    for cache in CACHES:
        cache.cache_clear()
