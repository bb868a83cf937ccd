"""tapelint as users have it: a wheel, installed into an environment of its own and run without this Python."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, at: Path, **also: str) -> subprocess.CompletedProcess[str]:
    """A command's end, in a folder and with nothing of this process's Python in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(command, cwd=at, env=kept | also, capture_output=True, text=True, check=False)


def build_wheel(shelf: Path) -> Path:
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", shelf, at=ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = shelf.glob("*.whl")
    return path


def new_environment(directory: Path, requirement: str) -> None:
    """Makes a virtual environment and installs into it what is required, with what that asks for."""
    venv.create(directory, with_pip=False)
    pip = (sys.executable, "-m", "pip", "--python", directory / "bin" / "python", "install", "--quiet", "--no-compile")
    constraints = ROOT / "constraints.txt"
    installed = run(*pip, "--constraint", constraints, requirement, at=directory)
    assert installed.returncode == 0, installed.stderr
