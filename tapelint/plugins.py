"""The installed packages that bring rules of their own: entry points of the group `tapelint.rules`."""

import functools
import importlib
import importlib.metadata
import importlib.util
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

GROUP = "tapelint.rules"
OURS = "TL"
"""What the codes of tapelint's own rules begin with."""
_TAKEN = (OURS, "ALL")
_PREFIX = re.compile(r"[A-Z]{2,10}")


class BrokenPlugin(Exception):
    """A package whose rules cannot be used; the message names it and says why."""


class BrokenCheck(Exception):
    """A check of a plugin that cannot cope with a program. `plugin` says whose it is."""

    def __init__(self, message: str, plugin: str) -> None:
        super().__init__(message)
        self.plugin = plugin


@dataclass(frozen=True, slots=True, order=True)
class Plugin:
    """A package with rules. The codes of all of them begin with `prefix`; importing `module` files their checks."""

    prefix: str
    module: str
    distribution: str

    def __str__(self) -> str:
        return self.distribution

    @property
    def shelf(self) -> Path:
        """Where the pages of the rules lie: in the folder `rules` of the package, which needs not be imported for that.

        Raises BrokenPlugin.
        """
        try:
            spec = importlib.util.find_spec(self.module)
        except Exception as error:
            raise self.broken(f"`{self.module}` cannot be found: {_told(error)}") from error
        if spec is None:
            raise self.broken(f"there is no package `{self.module}`")
        folders = [Path(place) / "rules" for place in spec.submodule_search_locations or ()]
        shelf = next((folder for folder in folders if folder.is_dir()), None)
        if shelf is None:
            raise self.broken(f"`{self.module}` is not a package with a folder `rules` in it")
        return shelf

    def load(self) -> None:
        """Imports the package, whatever it does then. Raises BrokenPlugin."""
        try:
            importlib.import_module(self.module)
        except (Exception, SystemExit) as error:
            raise self.broken(f"importing `{self.module}` fails: {_told(error)}") from error

    def broken(self, why: str) -> BrokenPlugin:
        """The exception for this plugin."""
        return BrokenPlugin(f"the plugin {self.distribution} is broken: {why}; mend it or uninstall it")


@functools.cache
def plugins() -> tuple[Plugin, ...]:
    """The plugins that are installed, by their prefixes. Raises BrokenPlugin."""
    points = importlib.metadata.entry_points(group=GROUP)
    found = sorted({Plugin(point.name, point.value, _distribution(point)) for point in points})
    counted = Counter(plugin.prefix for plugin in found)
    for plugin in found:
        if not _PREFIX.fullmatch(plugin.prefix) or plugin.prefix in _TAKEN:
            raise plugin.broken(
                f"its entry point must be called by the prefix of its codes, two to ten capital letters "
                f"other than {' and '.join(_TAKEN)}, not `{plugin.prefix}`"
            )
        if counted[plugin.prefix] > 1:
            others = [str(other) for other in found if other.prefix == plugin.prefix and other != plugin]
            raise plugin.broken(f"the prefix `{plugin.prefix}` belongs to {', '.join(others)}, too")
    return tuple(found)


def _distribution(point: importlib.metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
