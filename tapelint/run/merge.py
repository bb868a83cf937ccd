"""How layers of settings become those in force."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tapelint import catalog
from tapelint.finding import Safety
from tapelint.program.wrappers import Wrappers
from tapelint.run.keys import DEFAULTS
from tapelint.run.layer import Layer
from tapelint.run.select import choices, preview_rules_asked_for, rules_in_force
from tapelint.run.settings import FileIgnores, Settings
from tapelint.source.discover import USUAL, Wanted
from tapelint.source.patterns import Patterns

ROCK_BOTTOM = Layer(DEFAULTS, Path("/"))
"""What holds when nobody says anything."""


def merge(layers: Sequence[Layer] = ()) -> Settings:
    """The settings that come of the defaults and the layers, the farthest first."""
    stack = (ROCK_BOTTOM, *layers)
    last = {key: layer for layer in stack for key in layer.values}
    value = {key: layer.values[key] for key, layer in last.items()}
    selections = [layer.selection for layer in stack]
    levels = {rule: level for layer in stack for rule, level in layer.values.get("severity", {}).items()}
    rules = rules_in_force(selections, preview=value["preview"], levels=levels)
    return Settings(
        rules=rules,
        severities={rule: level for rule, level in levels.items() if level != "off"},
        file_ignores=(*_ignores(last, "per-file-ignores"), *_more_ignores(stack)),
        exclude=_exclusions(last["exclude"], stack),
        wanted=_wanted(last["include"], stack),
        force_exclude=value["force-exclude"],
        respect_gitignore=value["respect-gitignore"],
        output_format=value["output-format"],
        severity_threshold=value["severity-threshold"],
        jobs=value.get("jobs"),
        baseline=last["baseline"].path("baseline") if "baseline" in last else None,
        preview=value["preview"],
        wrappers=_wrappers(stack),
        target=value.get("target", {}).get("keras"),
        fix=value["fix"],
        fix_only=value["fix-only"],
        show_fixes=value["show-fixes"],
        unsafe_fixes=value["unsafe-fixes"],
        unfixable=_unfixable(stack),
        ignore_suppressions=value["ignore-suppressions"],
        safety=_safety(stack),
        warnings=(*_told(stack), *_preview_asked_for(stack, rules)),
    )


def _ignores(last: Mapping[str, Layer], key: str) -> Iterator[FileIgnores]:
    if key in last:
        entries: Mapping[str, Iterable[str]] = last[key].values[key]
        for pattern, selectors in entries.items():
            yield FileIgnores.parse(pattern, selectors, last[key].root)


def _more_ignores(stack: Sequence[Layer]) -> Iterator[FileIgnores]:
    for layer in stack:
        yield from _ignores(dict.fromkeys(layer.values, layer), "extend-per-file-ignores")


def _wrappers(stack: Sequence[Layer]) -> Wrappers:
    """The helpers that the layers name; of one that several name, the last says what it does."""
    roles = {
        name: role for layer in stack for role, names in layer.values.get("wrappers", {}).items() for name in names
    }
    return Wrappers(tuple(sorted(roles.items())))


def _exclusions(exclude: Layer, stack: Sequence[Layer]) -> tuple[Patterns, ...]:
    return (Patterns(exclude.root, exclude.values["exclude"]), *_patterns(stack, "extend-exclude"))


def _wanted(include: Layer, stack: Sequence[Layer]) -> Wanted:
    more = tuple(_patterns(stack, "extend-include"))
    if include is ROCK_BOTTOM:
        return Wanted(patterns=more) if more else USUAL
    return Wanted((), (Patterns(include.root, include.values["include"]), *more))


def _patterns(stack: Sequence[Layer], key: str) -> Iterator[Patterns]:
    return (Patterns(layer.root, layer.values[key]) for layer in stack if key in layer.values)


def _unfixable(stack: Sequence[Layer]) -> frozenset[str]:
    chosen = choices(dict.fromkeys(catalog.rules(), False), (layer.fixable for layer in stack))
    return frozenset(name for name, choice in chosen.items() if not choice.on)


def _safety(stack: Sequence[Layer]) -> dict[str, Safety]:
    chosen = choices({}, (layer.safety for layer in stack))
    return {name: "safe" if choice.on else "unsafe" for name, choice in chosen.items()}


def _told(stack: Sequence[Layer]) -> Iterator[str]:
    for layer in stack:
        yield from layer.warnings


def _preview_asked_for(stack: Sequence[Layer], rules: frozenset[str]) -> Iterator[str]:
    for text in preview_rules_asked_for([layer.selection for layer in stack], rules):
        yield f"selecting `{text}` has no effect: it is a preview rule, and preview is off"
