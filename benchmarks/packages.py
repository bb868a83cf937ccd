"""The pinned packages that measurements are made on: downloaded once, unpacked, and kept outside the repository."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("packages.toml")

# The endings of what tapelint reads, and what says which Keras a package is for; the rest is not unpacked.
READ = (".py", ".ipynb", ".md")
DEPENDENCIES = ("pyproject.toml", "setup.cfg", "PKG-INFO")


class Unavailable(RuntimeError):
    """A package that could not be had as it is pinned."""


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned package. `python` is the version of Python that its wheel is asked for."""

    name: str
    version: str
    file: str
    sha256: str
    python: str

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"


def pinned() -> list[Package]:
    """The packages of the list, by name."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8"))["package"]
    return [Package(**{"python": "3.10", **entry}) for entry in entries]


def cache() -> Path:
    """Where packages and peers are kept: below the user's cache directory."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "tapelint-benchmarks"


def unpacked(package: Package, home: Path) -> Path:
    """The directory with the package's sources, downloaded and unpacked when they are not there. Raises Unavailable."""
    target = home / "sources" / package.folder
    if not target.is_dir():
        archive = _downloaded(package, home / "downloads")
        # Unpacked aside and renamed, so that an interrupted run leaves no half of a package.
        aside = target.with_name(f"{target.name}.partial")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        _unpack(archive, aside)
        aside.rename(target)
    return target


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder, [name for name in wheel.namelist() if name.endswith(READ)])
            for name in wheel.namelist():
                if name.endswith(".dist-info/METADATA"):
                    # Where a source distribution has the same.
                    (folder / "PKG-INFO").write_bytes(wheel.read(name))
    else:
        with tarfile.open(archive) as sources:
            members = [member for member in sources if member.isfile() and member.name.endswith(READ + DEPENDENCIES)]
            sources.extractall(folder, members, filter="data")


def sources(folders: Sequence[Path]) -> Iterator[Path]:
    """The files below the folders that tapelint reads, in one order for everybody."""
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix in READ and path.is_file())


def _downloaded(package: Package, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / package.file
    if not archive.is_file() or _digest(archive) != package.sha256:
        with tempfile.TemporaryDirectory() as aside:
            requirement = Path(aside, "requirement.txt")
            wanted = f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n"
            requirement.write_text(wanted, encoding="utf-8")
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            command += ["--require-hashes", "--dest", str(folder), "--requirement", str(requirement)]
            command += _wheel_options(package) if archive.suffix == ".whl" else ["--no-binary=:all:"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not archive.is_file():
            raise Unavailable(f"{package.title} could not be downloaded:\n{done.stderr.strip()}")
    return archive


def _wheel_options(package: Package) -> list[str]:
    """What makes pip hand out a wheel that it would not install here: nothing of it is run."""
    platforms = [f"--platform={platform}" for platform in ("any", "manylinux2014_x86_64", "manylinux_2_28_x86_64")]
    return ["--only-binary=:all:", f"--python-version={package.python}", *platforms]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
