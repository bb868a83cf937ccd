"""The hooks, called by pre-commit itself in a repository of somebody else, from an environment that it made."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ci.repositories import ROOT, SURROUNDINGS, git, new_repository, repository_of_tapelint
from tests.cli.commands import BROKEN, LINE
from tests.notebooks import notebook

# The tests share one environment of the hook, so they stay in one process.
pytestmark = pytest.mark.xdist_group("pre-commit")

PLAIN = BROKEN.replace("  # noqa: TL201", "")
CLEAN = "import tensorflow as tf\n\nx = tf.zeros(1)\n"
NEEDLESS = CLEAN.replace("zeros(1)", "zeros(1)  # tapelint: ignore[TL101]")
CONFIGURATION = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: tapelint
        args: [{arguments}]
      - id: tapelint-probe
"""


@dataclass(frozen=True)
class Told:
    """What pre-commit said, and its exit status."""

    status: int
    out: str


@dataclass(frozen=True)
class Project:
    """A repository whose commits pre-commit looks at."""

    folder: Path
    hooks: Path
    home: Path

    def configure(self, *arguments: str) -> None:
        revision = git(self.hooks, "rev-parse", "HEAD").strip()
        told = CONFIGURATION.format(repository=self.hooks, revision=revision, arguments=", ".join(arguments))
        self.stage(**{".pre-commit-config.yaml": told})

    def stage(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        git(self.folder, "add", "--all")

    def run(self, *arguments: str, more: Sequence[tuple[str, str]] = ()) -> Told:
        surroundings = SURROUNDINGS | {
            "PRE_COMMIT_HOME": str(self.home),
            "PIP_CONSTRAINT": (ROOT / "constraints.txt").as_uri(),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **dict(more),
        }
        command = [sys.executable, "-m", "pre_commit", "run", "--color", "never", *arguments]
        told = subprocess.run(
            command,
            cwd=self.folder,
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Told(told.returncode, told.stdout)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The repository with the hooks, and where pre-commit keeps the environments that it makes for them."""
    place = tmp_path_factory.mktemp("hooks")
    return repository_of_tapelint(place / "tapelint"), place / "home of pre-commit"


@pytest.fixture
def project(hooks: tuple[Path, Path], tmp_path: Path) -> Project:
    folder = new_repository(tmp_path / "a project", {"old.py": PLAIN, "README.md": f"```python\n{PLAIN}```\n"})
    made = Project(folder, *hooks)
    made.configure()
    return made


def test_what_is_committed_is_linted_and_nothing_else(project: Project) -> None:
    project.stage(**{"train.py": PLAIN})
    told = project.run()
    assert told.status == 1, told.out
    assert "tapelint" in told.out
    assert "Failed" in told.out
    assert f" --> train.py:{LINE}:13" in told.out
    assert "old.py" not in told.out
    assert "README.md" not in told.out
    project.stage(**{"train.py": CLEAN})
    told = project.run()
    assert (told.status, "Passed" in told.out) == (0, True), told.out
    assert "tapelint probe" not in told.out


def test_without_files_there_is_nothing_to_do(project: Project) -> None:
    told = project.run()
    assert told.status == 0
    assert "(no files to check)Skipped" in told.out


def test_fixes_are_made_and_noticed(project: Project) -> None:
    project.configure("--fix")
    project.stage(**{"train.py": NEEDLESS})
    told = project.run()
    assert told.status == 1
    assert "- files were modified by this hook" in told.out
    assert "fixed 1 finding in 1 file" in told.out
    assert (project.folder / "train.py").read_text() == CLEAN
    git(project.folder, "add", "--all")
    assert project.run().status == 0


def test_notebooks_and_what_is_excluded(project: Project) -> None:
    project.configure("--output-format", "concise")
    project.stage(
        **{
            "größe 1.ipynb": notebook("# Title", PLAIN, prose=[1]),
            "generated.py": PLAIN,
            "tapelint.toml": 'exclude = ["generated.py"]\n',
        }
    )
    told = project.run()
    assert told.status == 1
    assert f"größe 1.ipynb:cell 2:{LINE}:13: TL101" in told.out
    assert "generated.py" not in told.out


def test_all_files_in_one_go(project: Project) -> None:
    project.configure("--statistics")
    project.stage(**{f"train{number}.py": PLAIN for number in range(40)})
    told = project.run("--all-files")
    assert told.status == 1
    assert "41  TL101  gradients-not-applied" in told.out


def test_the_probe_runs_when_it_is_asked_for(project: Project, tmp_path: Path) -> None:
    # Stands in for the tapelint of the project's environment: notes what it is asked to do.
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin" / "tapelint"
    stand_in.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    stand_in.chmod(0o755)
    project.stage(**{"train.py": PLAIN})
    path = f"{stand_in.parent}{os.pathsep}{SURROUNDINGS['PATH']}"
    told = project.run("--hook-stage", "manual", "--verbose", "tapelint-probe", more=[("PATH", path)])
    assert told.status == 0, told.out
    assert "check|--probe|--force-exclude|train.py|" in told.out
