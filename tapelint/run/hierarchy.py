"""Which settings are in force where: the nearest configuration above a file wins."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tapelint.run.config import FILE_NAMES, ConfigError, file_layers
from tapelint.run.layer import Layer
from tapelint.run.merge import ROCK_BOTTOM, merge
from tapelint.run.settings import Settings

Layers = tuple[Layer, ...]


class Hierarchy:
    """The settings of every directory, read as they are asked for.

    `home` is where the run starts: its configuration holds for files that have none above them, and if it has none
    either, the user's own does. `above` are the layers that win over configuration files. Without `search` no file is
    looked for; `fixed` are the layers of the only file that counts.
    """

    def __init__(
        self, home: Path, above: Sequence[Layer] = (), *, fixed: Sequence[Layer] = (), search: bool = True
    ) -> None:
        self._home = home
        self._above = tuple(above)
        self._fixed = tuple(fixed)
        self._search = search and not fixed
        self._files: dict[Path, Layers] = {}
        self._merged: dict[Layers, Settings] = {}

    @classmethod
    def configured(
        cls, home: Path, above: Sequence[Layer] = (), *, file: Path | None = None, isolated: bool = False
    ) -> "Hierarchy":
        """The settings of a run from `home`: with the configuration files that are found, with this one, or with none.

        Patterns in a file that is named count from the working directory. Raises ConfigError.
        """
        if file is None:
            return cls(home, above, search=not isolated)
        if isolated:
            raise ConfigError(f"`--config {file}` contradicts `--isolated`, which says to read no configuration file")
        layers = file_layers(Path.cwd() / file, root=Path.cwd())
        if not layers:
            raise ConfigError(f"{file}: has no `[tool.tapelint]`")
        return cls(home, above, fixed=layers)

    @classmethod
    def of(cls, settings: Settings) -> "Hierarchy":
        """The same settings everywhere."""
        everywhere = cls(Path("/"), search=False)
        everywhere._merged[()] = settings
        return everywhere

    @property
    def run(self) -> Settings:
        """The settings for what concerns the whole run, such as the output format."""
        return self.at(self._home)

    @property
    def files(self) -> frozenset[Path]:
        """The configuration files that have been read so far."""
        layers = (*self._fixed, *(layer for found in self._files.values() for layer in found))
        return frozenset(layer.file for layer in layers if layer.file)

    def at(self, directory: Path) -> Settings:
        """The settings for the files in a directory. Raises ConfigError."""
        layers = self._beneath(directory)
        if layers not in self._merged:
            self._merged[layers] = merge([*layers, *self._above])
        return self._merged[layers]

    def layers(self, directory: Path) -> Layers:
        """Everything that has a say about the files in a directory, the farthest first. Raises ConfigError."""
        return (ROCK_BOTTOM, *self._beneath(directory), *self._above)

    def _beneath(self, directory: Path) -> Layers:
        """What the configuration files say about a directory."""
        if not self._search:
            return self._fixed
        return self._nearest(directory) or self._nearest(self._home) or self._of_the_user()

    def _nearest(self, directory: Path) -> Layers:
        if directory not in self._files:
            layers = _layers_in(directory)
            if not layers and directory != directory.parent:
                layers = self._nearest(directory.parent)
            self._files[directory] = layers
        return self._files[directory]

    def _of_the_user(self) -> Layers:
        folder = user_folder()
        if folder not in self._files:
            self._files[folder] = _layers_in(folder, root=self._home)
        return self._files[folder]


def user_folder() -> Path:
    """Where the user's own configuration lies, for projects without any."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", "~/AppData/Roaming")).expanduser() / "tapelint"
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "tapelint"


def _layers_in(directory: Path, root: Path | None = None) -> Layers:
    for name in FILE_NAMES:
        path = directory / name
        if path.is_file() and (layers := file_layers(path, root)):
            return layers
    return ()
