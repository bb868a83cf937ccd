"""The Makefile, tried with a Python that only notes what it is asked for."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Stands in for Python: writes its arguments down, and copies itself where a virtual environment would have its own.
RECORDER = """#!/bin/sh
echo "$*" >> "{log}"
case "$*" in
*version_info*) exit {verdict} ;;
"-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp "$0" .venv/bin/tapelint ;;
esac
"""


def alone() -> dict[str, str]:
    """The environment without what tells a `make` that another one called it, as `make test` does."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


class Checkout:
    """A checkout whose Python is a recorder."""

    def __init__(self, directory: Path, verdict: int = 0) -> None:
        self.directory = directory
        self.log = directory / "asked.txt"
        self.log.touch()
        self.python = directory / "the python"
        self.python.write_text(RECORDER.format(log=self.log, verdict=verdict))
        self.python.chmod(0o755)
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, directory)

    def make(self, *goals: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *goals, f"PYTHON={self.python}"],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            env=alone(),
        )

    def asked(self) -> list[str]:
        """What Python was asked for since the last time."""
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    directory = tmp_path / "a checkout"
    directory.mkdir()
    return Checkout(directory)


def installs(asked: list[str]) -> list[str]:
    return [line for line in asked if "pip install" in line]


def test_the_first_call_sets_up_and_the_second_only_works(checkout: Checkout) -> None:
    assert checkout.make("test").returncode == 0
    first = checkout.asked()
    assert any(line == "-m venv .venv" for line in first)
    (install,) = installs(first)
    assert "--constraint constraints.txt" in install
    assert install.endswith("--editable .[dev]")
    assert first[-1].startswith("-m pytest")
    assert checkout.make("test").returncode == 0
    (only,) = checkout.asked()
    assert only.startswith("-m pytest")


def test_the_demo_installs_the_probe_and_nothing_else(checkout: Checkout) -> None:
    assert checkout.make("demo").returncode == 0
    (install,) = installs(checkout.asked())
    assert install.endswith("--editable .[probe]")
    assert checkout.make("demo").returncode == 0
    (only,) = checkout.asked()
    assert only.startswith("check --probe")


@pytest.mark.parametrize("name", ["parity", "probing"])
def test_what_runs_programs_needs_the_probe(name: str, checkout: Checkout) -> None:
    assert checkout.make(name).returncode == 0
    asked = checkout.asked()
    (install,) = installs(asked)
    assert install.endswith("--editable .[probe]")
    assert asked[-1] == f"-m benchmarks.{name}"


def test_the_site_needs_no_tensorflow(checkout: Checkout) -> None:
    assert checkout.make("docs").returncode == 0
    asked = checkout.asked()
    (install,) = installs(asked)
    assert install.endswith("--editable .[docs]")
    assert asked[-1].startswith("-m sphinx")
    checkout.make("test")
    checkout.asked()
    assert checkout.make("docs").returncode == 0
    assert not installs(checkout.asked())


def test_pages_are_looked_at_with_what_the_tests_need(checkout: Checkout) -> None:
    assert checkout.make("browser").returncode == 0
    asked = checkout.asked()
    (install,) = installs(asked)
    assert install.endswith("--editable .[dev]")
    assert asked[-2] == "-m tests.report.browser"
    assert asked[-1].startswith("-m tests.report.browser site/index.html ")


def test_what_the_tests_need_serves_the_demo_too(checkout: Checkout) -> None:
    checkout.make("test")
    checkout.asked()
    assert checkout.make("demo").returncode == 0
    assert not installs(checkout.asked())


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_other_requirements_install_again(checkout: Checkout, name: str) -> None:
    checkout.make("test")
    checkout.asked()
    later = (checkout.directory / ".venv" / "with-tests").stat().st_mtime + 10
    os.utime(checkout.directory / name, (later, later))
    assert checkout.make("test").returncode == 0
    asked = checkout.asked()
    assert len(installs(asked)) == 1
    assert not any("venv" in line for line in asked)


def test_a_python_that_is_too_old_is_refused_by_name(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, verdict=1)
    told = checkout.make("test")
    assert told.returncode != 0
    assert "tapelint needs Python 3.11 or newer" in told.stderr
    assert str(checkout.python) in told.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_failed_installation_is_tried_again(checkout: Checkout) -> None:
    recorder = checkout.python.read_text()
    checkout.python.write_text(recorder.replace("esac", '*"pip install"*) exit 1 ;;\nesac'))
    assert checkout.make("test").returncode != 0
    assert not any(line.startswith("-m pytest") for line in checkout.asked())
    (checkout.directory / ".venv" / "bin" / "python").write_text(recorder)
    assert checkout.make("test").returncode == 0
    assert len(installs(checkout.asked())) == 1


def test_clean_leaves_what_belongs_to_the_checkout(checkout: Checkout) -> None:
    checkout.make("test")
    assert checkout.make("clean").returncode == 0
    assert sorted(path.name for path in checkout.directory.iterdir()) == [
        "Makefile",
        "asked.txt",
        "constraints.txt",
        "pyproject.toml",
        "the python",
    ]


def test_the_demo_names_programs_that_exist() -> None:
    told = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True, env=alone())
    named = told.stdout.splitlines()[-1].split("--exit-zero ")[1].split()
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_measurements_need_the_linter_alone(checkout: Checkout) -> None:
    assert checkout.make("precision").returncode == 0
    (install,) = installs(checkout.asked())
    assert install.endswith("--editable .")
    assert checkout.make("precision", "speed").returncode == 0
    asked = checkout.asked()
    assert not installs(asked)
    assert [line for line in asked if "benchmarks" in line] == [
        "-m benchmarks.precision",
        "-m benchmarks.speed",
        "-m benchmarks.speed --growth --rounds 1",
    ]
