"""Configuration as people write it: `[tool.tapelint]`, `tapelint.toml`, `--config`, the options of the command line."""

import dataclasses
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tapelint import __version__
from tapelint.run.keys import KEYS, unknown
from tapelint.run.kinds import Step, allows
from tapelint.run.layer import Layer, expanded
from tapelint.run.toml_lines import line_of

FILE_NAMES = (".tapelint.toml", "tapelint.toml", "pyproject.toml")
"""The names of configuration files; of several in a directory, the first one counts."""

Finder = Callable[..., str]


class ConfigError(ValueError):
    """Configuration that cannot be obeyed; each message says where something stands and what is valid there."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


def file_layers(path: Path, root: Path | None = None) -> tuple[Layer, ...]:
    """What a configuration file says, and before it what those say that it extends, the farthest first.

    Nothing for a `pyproject.toml` without `[tool.tapelint]`. Patterns count from `root`, by default from the directory
    of the file that has them. Raises ConfigError.
    """
    return tuple(_chain(path, root, ()))[::-1]


def inline_layer(text: str, root: Path) -> Layer:
    """What `--config 'key = value'` says. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"--config: `{text}` is neither an existing file nor valid TOML: {error}") from None
    if "extend" in table:
        raise ConfigError("--config: `extend` is for files; `--config FILE` names one that is to count")
    return checked(table, root, lambda *_: "--config")


def option_layer(values: Mapping[str, Any], root: Path) -> Layer:
    """What the options of the command line say, keyed as in a configuration file. Raises ConfigError."""
    return checked(values, root, lambda *inside: f"--{inside[0]}")


def checked(table: Mapping[str, Any], root: Path, place: Finder) -> Layer:
    """The layer that a table means. `place` tells where a key, or a part of its value, stands. Raises ConfigError."""
    # Other versions may well have other keys: they are not to be complained about before the version is.
    faults = list(_faults({key: table[key] for key in ("required-version",) if key in table}, place))
    faults += [] if faults else _other_version(table, place)
    faults = faults or list(_faults(table, place))
    if faults:
        raise ConfigError(*faults)
    notes = tuple(
        _said(place, key, *note.inside, told=note.message)
        for key, value in table.items()
        for note in KEYS[key].kind.notes(value)
    )
    values = {key: KEYS[key].kind.read(value) for key, value in table.items()}
    return Layer(values, root, place, notes, table)


def _chain(path: Path, root: Path | None, below: tuple[Path, ...]) -> Iterator[Layer]:
    """The layer of a file, then those of the files that it extends. `below` are the files that led here."""
    layer = _layer(path, root)
    if layer is None:
        return
    yield layer
    if "extend" in layer.values:
        yield from _chain(_extended(path, layer, (*below, path)), root, (*below, path))


def _extended(path: Path, layer: Layer, chain: tuple[Path, ...]) -> Path:
    """The file that a file's layer extends. Raises ConfigError if that makes no sense."""
    written = layer.values["extend"]
    other = Path(os.path.normpath(path.parent / expanded(written)))
    where = layer.place("extend")
    if any(_is_same(other, each) for each in chain):
        ring = " → ".join(f"`{shown_path(each)}`" for each in (*chain, other))
        raise ConfigError(f"{where}: `extend` goes round in circles: {ring}")
    if not other.is_file():
        problem = "a directory" if other.is_dir() else "missing"
        raise ConfigError(f"{where}: `extend` names `{written}`, but `{shown_path(other)}` is {problem}")
    if other.name == "pyproject.toml" and _layer(other, None) is None:
        raise ConfigError(f"{where}: `extend` names `{written}`, which has no `[tool.tapelint]`")
    return other


def _layer(path: Path, root: Path | None) -> Layer | None:
    name = shown_path(path)
    text = _text(path, name)
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}:{_told(error, text)}") from None
    home = ("tool", "tapelint") if path.name == "pyproject.toml" else ()

    def place(*inside: Step) -> str:
        return f"{name}:{line_of(text, (*home, *inside))}"

    for step in home:
        table = table.get(step) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{place()}: `tool.tapelint` must be a table")
    return dataclasses.replace(checked(table, root or path.parent, place), file=path)


def _text(path: Path, name: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ConfigError(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: not valid UTF-8") from None


def _faults(table: Mapping[str, Any], place: Finder) -> Iterator[str]:
    for key, value in table.items():
        if key not in KEYS:
            yield f"{place(key)}: {unknown(key)}"
            continue
        for fault in KEYS[key].kind.faults(value):
            yield _said(place, key, *fault.inside, told=fault.message)


def _said(place: Finder, key: str, *inside: Step, told: str) -> str:
    spot = place(key, *inside)
    # An option and an argument of a function are called by the name that they have there.
    return f"`{spot}` {told}" if spot in (f"--{key}", key.replace("-", "_")) else f"{spot}: `{key}` {told}"


def _other_version(table: Mapping[str, Any], place: Finder) -> Iterable[str]:
    bounds = table.get("required-version")
    if bounds is None or allows(bounds, __version__):
        return []
    return [f"{place('required-version')}: this configuration is for tapelint `{bounds}`, and this is {__version__}"]


def _told(error: tomllib.TOMLDecodeError, text: str) -> str:
    """What the parser says, with the line where messages have it."""
    located = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    return f"{located[2]}:{located[3]}: {located[1]}" if located else f"{len(text.splitlines())}: {error}"


def shown_path(path: Path) -> str:
    """The path as messages give it: short where it lies below the working directory."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
