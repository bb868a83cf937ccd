"""Configuration as people write it: `[tool.tapelint]`, `tapelint.toml`, `--config`, the options of the command line."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tapelint.run.keys import KEYS, BadValue, unknown
from tapelint.run.settings import Layer
from tapelint.run.toml_lines import line_of

FILE_NAMES = ("tapelint.toml", "pyproject.toml")


class ConfigError(ValueError):
    """Configuration that cannot be obeyed; the message says where it stands and what is valid there."""


def file_layer(path: Path, root: Path | None = None) -> Layer | None:
    """What a configuration file says, or None for a `pyproject.toml` without `[tool.tapelint]`.

    Patterns count from `root`, by default from the file's directory. Raises ConfigError.
    """
    name = _named(path)
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        tree = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: not valid UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}{_told(error)}") from None
    home = ("tool", "tapelint") if path.name == "pyproject.toml" else ()

    def place(*inside: str) -> str:
        return f"{name}:{line_of(text, (*home, *inside))}"

    table: Any = tree
    for step in home:
        table = table.get(step) if isinstance(table, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{place()}: `tool.tapelint` must be a table")
    return checked(table, root or path.parent, place)


def inline_layer(text: str, root: Path) -> Layer:
    """What `--config 'key = value'` says. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"--config: `{text}` is neither an existing file nor valid TOML: {error}") from None
    return checked(table, root, lambda *_: "--config")


def option_layer(values: Mapping[str, Any], root: Path) -> Layer:
    """What the options of the command line say, keyed as in a configuration file. Raises ConfigError."""
    return checked(values, root, lambda *inside: f"--{inside[0]}")


def checked(table: Mapping[str, Any], root: Path, place: Callable[..., str]) -> Layer:
    """The layer that a table means. `place` tells where a key stands. Raises ConfigError."""
    values = {}
    for key, value in table.items():
        if key not in KEYS:
            raise ConfigError(f"{place(key)}: {unknown(key)}")
        try:
            values[key] = KEYS[key](value)
        except BadValue as error:
            spot = place(key, *error.inside)
            raise ConfigError(f"`{spot}` {error}" if spot == f"--{key}" else f"{spot}: `{key}` {error}") from None
    return Layer(values, root, place)


def _told(error: tomllib.TOMLDecodeError) -> str:
    """What the parser says, with the line where messages have it."""
    located = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    return f":{located[2]}:{located[3]}: {located[1]}" if located else f": {error}"


def _named(path: Path) -> str:
    """The path as messages give it: short where it lies below the working directory."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()
