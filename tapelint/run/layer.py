"""What one place says about settings."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tapelint.run.select import Selection

DEFAULT = "default"


def expanded(path: str) -> Path:
    """A path with the user's home for `~`, and with variables of the environment."""
    return Path(os.path.expandvars(path)).expanduser()


@dataclass(frozen=True, eq=False)
class Layer:
    """What one place says: the defaults, a configuration file, `--config`, the options of the command line.

    `values` are checked and keyed as in a configuration file; `place` says where a key, or a part of its value, stands,
    when somebody asks, and `written` is how they are spelled there. Patterns and paths count from `root`.
    """

    values: Mapping[str, Any]
    root: Path
    place: Callable[..., str] = lambda *_: DEFAULT
    warnings: tuple[str, ...] = ()
    written: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None

    @property
    def selection(self) -> Selection:
        """The layer's say in which rules are on."""
        return self._selection("select", ("extend-select",), ("ignore", "extend-ignore"))

    @property
    def fixable(self) -> Selection:
        """The layer's say in which rules' findings may be fixed."""
        return self._selection("fixable", ("extend-fixable",), ("unfixable",))

    @property
    def safety(self) -> Selection:
        """The layer's say in whose fixes are safe."""
        return self._selection(None, ("extend-safe-fixes",), ("extend-unsafe-fixes",))

    def path(self, key: str) -> Path:
        """The path that is the value of a key."""
        return self.root / expanded(self.values[key])

    def _selection(self, select: str | None, extending: tuple[str, ...], ignoring: tuple[str, ...]) -> Selection:
        def together(keys: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(text for key in keys for text in self.values.get(key, ()))

        return Selection(self.values.get(select) if select else None, together(extending), together(ignoring))
