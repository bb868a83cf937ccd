"""`tapelint config`: the settings in force, and where each of them came from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tapelint import catalog
from tapelint.cli import options
from tapelint.cli.guard import Refusal, guarded
from tapelint.report.address import shown
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.merge import merge
from tapelint.run.origins import Origin, Reason, reasons, values
from tapelint.run.settings import Settings

FORMATS = ("toml", "json")


def config(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A file or directory: which settings hold there?", show_default=".")
    ] = Path(),
    config: options.Config = None,
    isolated: options.Isolated = False,
    output_format: Annotated[
        str, typer.Option("--output-format", metavar="|".join(FORMATS), help="How to print the settings.")
    ] = "toml",
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the configuration, for editors.")
    ] = False,
) -> None:
    """Show the settings in force and where each one came from, as TOML."""
    with guarded():
        if output_format not in FORMATS:
            raise Refusal(f"`--output-format` must be one of {', '.join(FORMATS)}, not `{output_format}`")
        if schema:
            from tapelint.run.schema import schema as described

            typer.echo(json.dumps(described(), indent=2))
            return
        place = Path.cwd() / path
        if not place.exists():
            raise Refusal(f"no such file or directory: `{path}`")
        typer.echo(told(place, options.hierarchy(config, isolated, Path.cwd()), output_format))


def told(place: Path, hierarchy: Hierarchy, output_format: str = "toml") -> str:
    """The settings in force for a file or directory, and where they came from."""
    layers = hierarchy.layers(place if place.is_dir() else place.parent)
    settings = merge(layers[1:])
    why = reasons(layers, None if place.is_dir() else place)
    if output_format == "json":
        return json.dumps(_facts(place, values(layers), settings, why), indent=2, ensure_ascii=False)
    return "\n".join((f"# settings for {shown(place)}", *_toml(values(layers)), "", *_rules(settings, why)))


def _facts(
    place: Path, said: Mapping[str, Sequence[Origin]], settings: Settings, why: Mapping[str, Reason]
) -> dict[str, Any]:
    return {
        "path": shown(place),
        "settings": {key: [_fact(origin) for origin in origins] for key, origins in said.items()},
        "rules": [
            {
                "rule": name,
                "code": rule.code,
                "on": why[name].on,
                "severity": settings.severities.get(name, rule.severity),
                "reason": why[name].words,
                "origin": why[name].place,
            }
            for name, rule in catalog.rules().items()
        ],
    }


def _fact(origin: Origin) -> dict[str, Any]:
    return ({"name": origin.name} if origin.name else {}) | {"value": origin.value, "origin": origin.place}


def _toml(said: Mapping[str, Sequence[Origin]]) -> Iterator[str]:
    """What is said as TOML, with tables behind everything else."""
    for key, origins in said.items():
        if origins[0].name is None:
            yield from _item(key, origins)
    for key, origins in said.items():
        if origins[0].name is not None:
            yield f"\n[{key}]"
            # Of an entry that several layers have, the last word counts.
            last = {origin.name: origin for origin in origins}
            yield from (
                f"{_key(str(name))} = {_value(origin.value)}  # {origin.place}" for name, origin in last.items()
            )


def _item(key: str, origins: Sequence[Origin]) -> Iterator[str]:
    places = {origin.place for origin in origins}
    if len(places) == 1:
        is_list = isinstance(origins[0].value, tuple)
        value = tuple(item for origin in origins for item in origin.value) if is_list else origins[0].value
        yield f"{key} = {_value(value)}  # {places.pop()}"
        return
    yield f"{key} = ["
    for origin in origins:
        yield from (f"  {_value(item)},  # {origin.place}" for item in origin.value)
    yield "]"


def _rules(settings: Settings, why: Mapping[str, Reason]) -> Iterator[str]:
    for on, words in ((True, "in force"), (False, "off")):
        names = [name for name in catalog.rules() if why[name].on is on]
        yield f"# {len(names)} rules {words}"
        width = max(map(len, names), default=0)
        for name in names:
            rule, reason = catalog.rules()[name], why[name]
            level = settings.severities.get(name, rule.severity)
            place = "" if reason.place == reason.words else f", {reason.place}"
            yield f"# {rule.code} {level:7} {name:{width}}  {reason.words}{place}"
        yield ""


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def _value(value: Any) -> str:
    """A setting's value as TOML writes it; for strings and numbers that is what JSON writes."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
