"""Where settings come from: which layer said what, and why a rule is on or off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.run.keys import KEYS
from tapelint.run.layer import DEFAULT, Layer
from tapelint.run.merge import merge
from tapelint.run.select import Choice, at_first, choices, on_by_default
from tapelint.run.settings import FileIgnores

_SELECTING = ("select", "extend-select")
_IGNORING = ("ignore", "extend-ignore")


@dataclass(frozen=True, slots=True)
class Origin:
    """A value, or an item or entry of it, and where it was said: a file and line, an option, or `default`."""

    value: Any
    place: str
    name: str | None = None


def values(layers: Sequence[Layer]) -> dict[str, tuple[Origin, ...]]:
    """The values in force, key by key; of a list its items and of a table its entries, each with its origin."""
    last = {key: layer for layer in layers for key in layer.values}
    # A layer that selects makes void what the layers before it said about rules.
    selecting = max((number for number, layer in enumerate(layers) if "select" in layer.values), default=0)

    def counts(key: str, number: int) -> bool:
        if key in (*_SELECTING, *_IGNORING) and number < selecting:
            return False
        return KEYS[key].adds or last[key] is layers[number]

    return {
        key: tuple(
            origin
            for number, layer in enumerate(layers)
            if key in layer.values and counts(key, number)
            for origin in _parts(key, layer)
        )
        for key in sorted(last)
        if any(key in layer.values and counts(key, number) for number, layer in enumerate(layers))
    }


def _parts(key: str, layer: Layer) -> Iterator[Origin]:
    match layer.values[key]:
        case tuple() as items:
            if not items:
                yield Origin((), layer.place(key))
            for number, item in enumerate(items):
                yield Origin((item,), layer.place(key, number))
        case dict() as entries:
            for name, value in layer.written.get(key, entries).items():
                yield Origin(value, layer.place(key, name), name)
        case value:
            yield Origin(value, layer.place(key))


@dataclass(frozen=True, slots=True)
class Reason:
    """Whether a rule is on in a file, and what made it so."""

    on: bool
    words: str
    place: str


def reasons(layers: Sequence[Layer], path: Path | None = None) -> dict[str, Reason]:
    """For each rule, whether and why it is on: in the file `path`, or where no pattern speaks of a file."""
    preview = merge(layers[1:]).preview
    levels = {rule for layer in layers for rule in layer.values.get("severity", {})}
    chosen = choices(at_first(preview=preview, levels=levels), (layer.selection for layer in layers))
    return {name: _reason(layers, rule, chosen[name], preview, path) for name, rule in catalog.rules().items()}


def _reason(layers: Sequence[Layer], rule: Rule, choice: Choice, preview: bool, path: Path | None) -> Reason:
    level = _leveled(layers, rule.name)
    if level and not level.on:
        return level
    decided = _selected(layers, choice) or level or _by_default(rule, preview)
    if decided.on and rule.preview and not preview:
        return Reason(False, "a preview rule, and preview is off", _last(layers, "preview").place("preview"))
    return (path and decided.on and _ignored(layers, rule, path)) or decided


def _selected(layers: Sequence[Layer], choice: Choice) -> Reason | None:
    if choice.selection is None:
        return None
    layer = layers[choice.selection]
    for key in _SELECTING if choice.on else _IGNORING:
        items: Sequence[str] = layer.values.get(key) or ()
        if choice.selector in items:
            return Reason(choice.on, f"{key} `{choice.selector}`", layer.place(key, items.index(choice.selector)))
    return Reason(False, "not selected", layer.place("select"))


def _leveled(layers: Sequence[Layer], name: str) -> Reason | None:
    for layer in reversed(layers):
        for spelled, level in layer.written.get("severity", {}).items():
            if catalog.named(spelled).name == name:
                return Reason(level != "off", f"severity `{level}`", layer.place("severity", spelled))
    return None


def _by_default(rule: Rule, preview: bool) -> Reason:
    if on_by_default(rule, preview=preview):
        return Reason(True, DEFAULT, DEFAULT)
    why = "preview" if rule.preview else "low precision" if rule.precision == "low" else rule.category
    return Reason(False, f"off by default: {why}", DEFAULT)


def _ignored(layers: Sequence[Layer], rule: Rule, path: Path) -> Reason | None:
    nearest = _last(layers, "per-file-ignores")
    for layer in layers:
        for key in ("per-file-ignores", "extend-per-file-ignores"):
            if key in layer.values and (key.startswith("extend") or layer is nearest):
                for pattern, selectors in layer.values[key].items():
                    ignores = FileIgnores.parse(pattern, selectors, layer.root)
                    if rule.name in ignores.rules and ignores.concern(path):
                        return Reason(False, f"{key} `{pattern}`", layer.place(key, pattern))
    return None


def _last(layers: Sequence[Layer], key: str) -> Layer:
    return next((layer for layer in reversed(layers) if key in layer.values), layers[0])
