"""`tapelint explain`: what a rule says, why, and what to do."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.cli import options
from tapelint.cli.guard import Refusal, guarded
from tapelint.report.reference import page, prose

FORMATS = ("full", "json")


def explain(
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="RULE",
            help="A rule's name or code.",
            autocompletion=options.rules_beginning_with,
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List every rule.")] = False,
    output_format: Annotated[
        str, typer.Option("--output-format", metavar="|".join(FORMATS), help="How to print the rules.")
    ] = "full",
) -> None:
    """Explain a rule, or list all of them."""
    with guarded():
        if output_format not in FORMATS:
            raise Refusal(f"`--output-format` must be one of {', '.join(FORMATS)}, not `{output_format}`")
        if every is (rule is not None):
            raise Refusal("explain which rule? name one, or list them with `--all`")
        chosen = _chosen(rule)
        if output_format == "json":
            described = [_facts(each) for each in chosen]
            typer.echo(json.dumps(described if every else described[0], indent=2, ensure_ascii=False))
        elif every:
            typer.echo("\n".join(_rows(chosen)))
        else:
            _show_page(chosen[0])


def _chosen(name: str | None) -> list[Rule]:
    if name is None:
        return list(catalog.rules().values())
    try:
        return [catalog.named(name)]
    except catalog.UnknownRule as error:
        raise Refusal(str(error)) from None


def _facts(rule: Rule) -> Mapping[str, Any]:
    return {
        "name": rule.name,
        "code": rule.code,
        "category": rule.category,
        "severity": rule.severity,
        "precision": rule.precision,
        "preview": rule.preview,
        "since": rule.since,
        "fix": rule.fix,
        "probe": rule.probe,
        "summary": rule.summary,
        "aliases": list(rule.aliases),
        "plugin": rule.plugin,
        "url": page(rule),
        "text": rule.text,
    }


def _rows(rules: Sequence[Rule]) -> list[str]:
    width = max(len(rule.name) for rule in rules)
    return [f"{rule.code}  {rule.name:{width}}  {rule.severity:7}  {rule.summary}" for rule in rules]


def _show_page(rule: Rule) -> None:
    text = prose(rule)
    if not on_a_terminal():
        typer.echo(text.rstrip())
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def on_a_terminal() -> bool:
    """Whether a person reads the page as it is printed."""
    return sys.stdout.isatty()
