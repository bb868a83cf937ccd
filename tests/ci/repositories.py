"""Git repositories for the tests, made by somebody without a configuration of his own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What tapelint is installed from.
PACKAGE = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "tapelint", "rules")

# What the tests themselves may be run by.
_OTHERS = ("CI", "GITHUB_", "GITLAB_", "GIT_", "MAKE", "MFLAGS", "PRE_COMMIT", "PYTHON", "TAPELINT_", "VIRTUAL_ENV")
SURROUNDINGS = {
    **{name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)},
    **{f"GIT_{who}_NAME": "somebody" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "somebody@example.org" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str:
    """What git says."""
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=folder, env=SURROUNDINGS | dict(more or {}), check=True, capture_output=True, text=True
    ).stdout


def new_repository(folder: Path, files: Mapping[str, str]) -> Path:
    """A repository with these files, all of them committed."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "the beginning")
    return folder


def repository_of_tapelint(folder: Path) -> Path:
    """A repository with tapelint as this checkout has it."""
    folder.mkdir()
    for name in PACKAGE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "tapelint")
    return folder
