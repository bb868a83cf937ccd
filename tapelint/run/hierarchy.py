"""Which settings are in force where: the nearest configuration above a file wins."""

from collections.abc import Sequence
from pathlib import Path

from tapelint.run.config import FILE_NAMES, file_layer
from tapelint.run.settings import Layer, Settings, merge


class Hierarchy:
    """The settings of every directory, read as they are asked for.

    `home` is where the run starts: its configuration holds for files that have none above them. `above` are the layers
    that win over configuration files. Without `search` no file is looked for, and `fixed` is the only one that counts.
    """

    def __init__(
        self, home: Path, above: Sequence[Layer] = (), *, fixed: Layer | None = None, search: bool = True
    ) -> None:
        self._home = home
        self._above = tuple(above)
        self._fixed = fixed
        self._search = search and fixed is None
        self._layers: dict[Path, Layer | None] = {}
        self._merged: dict[Layer | None, Settings] = {}

    @classmethod
    def of(cls, settings: Settings) -> "Hierarchy":
        """The same settings everywhere."""
        everywhere = cls(Path("/"), search=False)
        everywhere._merged[None] = settings
        return everywhere

    @property
    def run(self) -> Settings:
        """The settings for what concerns the whole run, such as the output format."""
        return self.at(self._home)

    def at(self, directory: Path) -> Settings:
        """The settings for the files in a directory. Raises ConfigError."""
        layer = self._fixed
        if self._search:
            layer = self._nearest(directory) or self._nearest(self._home)
        if layer not in self._merged:
            self._merged[layer] = merge([*([layer] if layer else []), *self._above])
        return self._merged[layer]

    def _nearest(self, directory: Path) -> Layer | None:
        if directory not in self._layers:
            layer = _layer_in(directory)
            if layer is None and directory != directory.parent:
                layer = self._nearest(directory.parent)
            self._layers[directory] = layer
        return self._layers[directory]


def _layer_in(directory: Path) -> Layer | None:
    for name in FILE_NAMES:
        path = directory / name
        if path.is_file() and (layer := file_layer(path)):
            return layer
    return None
