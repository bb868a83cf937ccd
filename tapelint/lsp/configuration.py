"""The settings in force: those of the editor, over those of the configuration files as they are now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tapelint.run import dependencies
from tapelint.run.config import FILE_NAMES, checked
from tapelint.run.hierarchy import Hierarchy

SECTION = "tapelint"
"""The name under which an editor keeps these settings."""

_RULES = {"select": "select", "ignore": "ignore", "extendSelect": "extend-select", "preview": "preview"}


@dataclass(frozen=True)
class Wishes:
    """What the user has told the editor. What is None was not said."""

    configuration: str | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)
    code_lens: bool = True
    probe_timeout: float = 60.0
    complaints: tuple[str, ...] = ()

    @classmethod
    def parse(cls, said: object) -> "Wishes":
        """The wishes in a section of an editor's settings; what is not understood is complained about and left out."""
        table = said if isinstance(said, dict) else {}
        complaints = []

        def told(key: str, kind: type | tuple[type, ...], demand: str) -> Any:
            value = table.get(key)
            if value is None or value == "":
                return None
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                complaints.append(f"`{SECTION}.{key}` must be {demand}, not `{value}`")
                return None
            return value

        lens, seconds = told("codeLens", bool, "true or false"), told("probeTimeout", (int, float), "a number")
        kinds = {"preview": (bool, "true or false")}
        rules = {key: told(name, *kinds.get(name, (list, "a list of rules"))) for name, key in _RULES.items()}
        return cls(
            told("configuration", str, "the path of a configuration file"),
            {key: value for key, value in rules.items() if value is not None},
            lens is not False,
            float(seconds) if seconds and seconds > 0 else cls.probe_timeout,
            tuple(complaints),
        )


class Configuration:
    """The settings for every directory. They are read again when a file that has a say in them has changed."""

    def __init__(self, home: Path) -> None:
        self.wishes = Wishes()
        self._home = home
        self._hierarchy: Hierarchy | None = None
        self._stamps: dict[Path, tuple[int, int] | None] = {}

    def wish(self, wishes: Wishes) -> None:
        """From now on these are the editor's settings."""
        self.wishes = wishes
        self.look_again()

    def look_again(self) -> None:
        """Something may be different: read everything anew."""
        self._stamps.clear()
        dependencies.look_again()

    def current(self, folders: Iterable[Path]) -> Hierarchy:
        """The settings as they are now, for files in these folders among others. Raises ConfigError."""
        starts = {self._home, *folders}
        watched = {folder / name for start in starts for folder in _up(start) for name in FILE_NAMES}
        if self._hierarchy is not None and watched <= self._stamps.keys() and self._is_current():
            return self._hierarchy
        hierarchy = self._made()
        for folder in starts:
            hierarchy.at(folder)
        self._hierarchy = hierarchy
        self._stamps = {path: _stamp(path) for path in watched | hierarchy.files}
        return hierarchy

    def _is_current(self) -> bool:
        return bool(self._stamps) and all(_stamp(path) == before for path, before in self._stamps.items())

    def _made(self) -> Hierarchy:
        table = {**self.wishes.rules, "force-exclude": True}
        above = [checked(table, self._home, lambda *inside: f"the editor's setting `{SECTION}.{_spelled(inside[0])}`")]
        named = self.wishes.configuration
        file = self._home / Path(named).expanduser() if named else None
        return Hierarchy.configured(self._home, above, file=file)


def _spelled(key: str) -> str:
    return next((name for name, meant in _RULES.items() if meant == key), key)


def _up(folder: Path) -> tuple[Path, ...]:
    return folder, *folder.parents


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size
