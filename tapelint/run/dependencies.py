"""Which Keras a project asks for, as its dependency files have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from tapelint.program.target import Target

# What says exactly what is installed comes before what only says what may be.
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
_FILES = frozenset(
    {"pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "PKG-INFO",
     "environment.yml", "environment.yaml", "conda.yml", "conda.yaml"}
)  # fmt: skip
_PATTERNS = ("requirements*.txt", "requirements*.in", "constraints*.txt")
_LISTS = "requirements"
"""A folder in which each file is such a list."""

# How far above a file its project's dependencies may be written down, and how much of a file is read.
_ANCESTORS = 6
_LARGEST = 2_000_000

# Packages that bring a Keras along, each with the first version of theirs that brings Keras 3.
_FIRST_WITH_KERAS_3 = {"keras": (3,), "tensorflow": (2, 16)}
# Keras 2 by a name of its own, which is there for whoever stays with it, and flavours of TensorFlow that ended before
# it brought Keras 3.
_OF_KERAS_2 = frozenset({"tf-keras", "tensorflow-gpu", "tensorflow-rocm", "tensorflow-gpu-estimator"})
_PACKAGE = re.compile(
    r"(?<![\w.@/-])(?P<name>(?:tf[-_])?keras|tensorflow(?:[-_](?:cpu|gpu|macos|intel|rocm|cpu-aws|metal))?)(?![\w-]|\.\w)"
    r"(?:\[[\w\s,-]*\])?['\"]?(?P<rest>[^#\n;]*)",
    re.IGNORECASE,
)
_BOUND = re.compile(r"(?P<how>===?|~=|!=|<=?|>=?|\^|~|=)?[ \t]*v?(?P<version>\d+(?:\.\d+)*)(?P<any>\.\*)?")
_LOCKED = re.compile(
    r"name = \"(?P<name>keras|tensorflow)\"\s+version = \"(?P<version>\d+(?:\.\d+)*)"
    r"|\"(?P<pipenv>keras|tensorflow)\": \{[^}]*?\"version\": \"==(?P<pinned>\d+(?:\.\d+)*)",
    re.DOTALL,
)

Version = tuple[int, ...]


def keras_required(folder: Path) -> Target | None:
    """The Keras that the nearest dependency files at or above a folder lead to; None when none of them speaks of it."""
    for place in (folder, *list(folder.parents)[:_ANCESTORS]):
        found = _said_in(place)
        if found is not None:
            return found
        if (place / ".git").exists():
            break
    return None


def look_again() -> None:
    """Dependency files may have changed: read them anew when somebody asks."""
    _said_in.cache_clear()


@cache
def _said_in(folder: Path) -> Target | None:
    """What the dependency files of one folder lead to: many files ask about the same folders above them."""
    try:
        present = frozenset(path.name for path in folder.iterdir())
    except OSError:
        return None
    for path in (folder / name for name in _LOCKS if name in present):
        locked = [_of_version(name, version) for name, version in _locked(_text(path))]
        if locked:
            return "3" if "3" in locked else "2"
    said = [target for path in _files(folder, present) for target in required(_requirements(path))]
    if not said:
        return None
    # Of several lists of requirements, the strictest tells what the project can be installed with.
    return "2" if "2" in said else "3"


def required(text: str) -> Iterator[Target]:
    """What each requirement in a dependency file leads to: one of pip, Poetry or conda, or a setup script."""
    for line in text.splitlines():
        for found in _PACKAGE.finditer(line.partition("#")[0]):
            name, rest = found["name"].lower().replace("_", "-"), found["rest"]
            if _is_requirement(line, found.start(), rest):
                yield _of_requirement(name, rest)


def _is_requirement(line: str, start: int, rest: str) -> bool:
    """Whether a package's name stands where one is required: first on its line, in quotes, or as an item of a list."""
    before = line[:start].strip()
    bounded = _BOUND.match(rest.lstrip(" \t\"'=({version").strip()) is not None
    listed = before in ("", "-", "Requires-Dist:") or before.endswith(("'", '"'))
    continued = rest.strip(" \t,'\"])") == ""
    return listed and (bounded or continued)


def _of_requirement(name: str, rest: str) -> Target:
    first = _FIRST_WITH_KERAS_3.get(name, _FIRST_WITH_KERAS_3["tensorflow"])
    if name in _OF_KERAS_2:
        return "2"
    bounds = list(_BOUND.finditer(_clause(rest)))
    return "2" if any(_ends_before(bound, first) for bound in bounds) else "3"


def _clause(rest: str) -> str:
    """The bounds of one requirement: what follows a closing quote belongs to another."""
    text = rest.lstrip(" \t")
    poetry = re.match(r"=\s*(?:\{.*?version\s*=\s*)?[\"']([^\"']*)[\"']", text)
    if poetry is not None:
        return poetry[1]
    return re.split(r"[\"')\]]", text)[0]


def _ends_before(bound: re.Match[str], first: Version) -> bool:
    """Whether a bound admits no version from `first` on."""
    version = tuple(int(part) for part in bound["version"].split("."))
    match bound["how"]:
        case "<":
            return _padded(version) <= _padded(first)
        case "<=" | "==" | "===" | "=" | None:
            return _padded(version) < _padded(first)
        case "~=":
            return version[:-1] < first[: len(version) - 1]
        case "~":
            return version[:2] < first[:2]
        case "^":
            return version[:1] < first[:1]
    return False


def _padded(version: Version) -> Version:
    return (*version, 0, 0, 0)[:3]


def _of_version(name: str, version: str) -> Target:
    numbers = tuple(int(part) for part in version.split("."))
    return "3" if numbers >= _FIRST_WITH_KERAS_3[name] else "2"


def _locked(text: str) -> Iterator[tuple[str, str]]:
    for found in _LOCKED.finditer(text):
        yield found["name"] or found["pipenv"], found["version"] or found["pinned"]


def _files(folder: Path, present: frozenset[str]) -> Iterator[Path]:
    """The lists of requirements in a folder with these names."""
    for name in sorted(present):
        if name in _FILES or any(fnmatch(name, pattern) for pattern in _PATTERNS):
            yield folder / name
    if _LISTS in present:
        yield from sorted(path for path in (folder / _LISTS).glob("*") if path.suffix in (".txt", ".in"))


def _requirements(path: Path) -> str:
    """The part of a dependency file that requires: the metadata of a package go on with its description."""
    return _text(path).replace("\r\n", "\n").partition("\n\n")[0] if path.name == "PKG-INFO" else _text(path)


def _text(path: Path) -> str:
    """The beginning of a file; of one that cannot be read, nothing."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", errors="replace")
    except OSError:
        return ""
