"""`tapelint config`: the settings in force, and where each of them came from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tapelint import catalog
from tapelint.cli import options
from tapelint.cli.guard import Refusal, guarded
from tapelint.report.address import shown
from tapelint.run.settings import Settings


def config(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A file or directory: which settings hold there?", show_default=".")
    ] = Path(),
    config: options.Config = None,
    isolated: options.Isolated = False,
) -> None:
    """Show the settings in force and where each one came from, as TOML."""
    with guarded():
        place = Path.cwd() / path
        if not place.exists():
            raise Refusal(f"no such file or directory: `{path}`")
        folder = place if place.is_dir() else place.parent
        settings = options.hierarchy(config, isolated, Path.cwd()).at(folder)
        on = settings.rules if place.is_dir() else settings.rules_for(place)
        typer.echo("\n".join(_lines(place, settings, on)))


def _lines(place: Path, settings: Settings, on: frozenset[str]) -> Iterator[str]:
    yield f"# settings for {shown(place)}"
    for source in sorted(settings.sources, key=lambda source: source.key):
        yield f"{source.key} = {_toml(source.value)}  # {source.place}"
    yield ""
    yield f"# {len(on)} rules in force"
    for name, rule in catalog.rules().items():
        if name in on:
            yield f"# {rule.code} {settings.severities.get(name, rule.severity):7} {name}"


def _toml(value: Any) -> str:
    """A setting's value as TOML writes it; for strings and numbers that is what JSON writes."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
