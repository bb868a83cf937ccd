"""The options that commands share, and the settings that come of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tapelint import __version__, catalog
from tapelint.run.config import ConfigError, inline_layer, option_layer
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.settings import OUTPUT_FORMATS, THRESHOLDS


def version_and_exit(wanted: bool) -> None:
    """Prints the version and ends the program, if that is wanted."""
    if wanted:
        typer.echo(f"tapelint {__version__}")
        raise typer.Exit


def rules_beginning_with(incomplete: str) -> list[str]:
    """The names and codes of rules that complete what was typed."""
    names = (name for rule in catalog.rules().values() for name in (rule.name, rule.code))
    return [name for name in names if name.startswith(incomplete)]


def _words_beginning_with(words: Sequence[str]) -> Any:
    return lambda incomplete: [word for word in words if word.startswith(incomplete)]


def _rules(flag: str, text: str) -> Any:
    return typer.Option(flag, metavar="RULE,...", help=text, autocompletion=rules_beginning_with)


Select = Annotated[
    list[str] | None, _rules("--select", "The rules to check: names, codes, beginnings of codes, or ALL.")
]
Ignore = Annotated[list[str] | None, _rules("--ignore", "Rules not to check.")]
ExtendSelect = Annotated[list[str] | None, _rules("--extend-select", "Rules to check as well.")]
ExtendIgnore = Annotated[list[str] | None, _rules("--extend-ignore", "The same as --ignore.")]
PerFileIgnores = Annotated[
    list[str] | None,
    typer.Option(
        "--per-file-ignores", metavar="PATTERN:RULE,...", help="Rules not to check in the files that are named."
    ),
]
ExtendPerFileIgnores = Annotated[
    list[str] | None,
    typer.Option("--extend-per-file-ignores", metavar="PATTERN:RULE,...", help="More of --per-file-ignores."),
]
Fixable = Annotated[list[str] | None, _rules("--fixable", "The rules whose findings may be fixed, instead of all.")]
Unfixable = Annotated[list[str] | None, _rules("--unfixable", "Rules whose findings are not to be fixed.")]
ExtendFixable = Annotated[list[str] | None, _rules("--extend-fixable", "Rules whose findings may be fixed as well.")]
IgnoreSuppressions = Annotated[
    bool | None,
    typer.Option("--ignore-suppressions", "--ignore-noqa", help="Report what comments silence, too."),
]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Do not report the findings in this file.")
]
Preview = Annotated[bool | None, typer.Option("--preview/--no-preview", help="Check the preview rules, too.")]
OutputFormat = Annotated[
    str | None,
    typer.Option(
        "--output-format",
        metavar="|".join(OUTPUT_FORMATS),
        help="How to print the findings.",
        envvar="TAPELINT_OUTPUT_FORMAT",
        autocompletion=_words_beginning_with(OUTPUT_FORMATS),
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output-file", "-o", envvar="TAPELINT_OUTPUT_FILE", help="Write the report to this file."),
]
Fix = Annotated[bool | None, typer.Option("--fix/--no-fix", help="Mend what can be mended, and report the rest.")]
UnsafeFixes = Annotated[
    bool | None,
    typer.Option("--unsafe-fixes/--no-unsafe-fixes", help="Make the fixes that change the training, too."),
]
FixOnly = Annotated[
    bool | None, typer.Option("--fix-only/--no-fix-only", help="Mend what can be mended, and report nothing.")
]
ShowFixes = Annotated[bool | None, typer.Option("--show-fixes/--no-show-fixes", help="List the fixes that were made.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", "-e", help="Exit with status 0 despite findings.")]
SeverityThreshold = Annotated[
    str | None,
    typer.Option(
        "--severity-threshold",
        metavar="|".join(THRESHOLDS),
        help="The level from which on a finding makes the exit status 1.",
        autocompletion=_words_beginning_with(THRESHOLDS),
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="PATTERN,...", help="What to leave out, instead of the usual directories."),
]
ExtendExclude = Annotated[
    list[str] | None, typer.Option("--extend-exclude", metavar="PATTERN,...", help="What to leave out as well.")
]
ForceExclude = Annotated[
    bool | None,
    typer.Option("--force-exclude/--no-force-exclude", help="Leave out even what is named on the command line."),
]
RespectGitignore = Annotated[
    bool | None, typer.Option("--respect-gitignore/--no-respect-gitignore", help="Leave out what git ignores.")
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", help="How many processes to use at most.")]
NoCache = Annotated[bool, typer.Option("--no-cache", "-n", help="Taken, and without effect: there is no cache.")]
Config = Annotated[
    list[str] | None,
    typer.Option("--config", metavar="FILE|KEY=VALUE", help="A configuration file, or a setting in TOML."),
]
Isolated = Annotated[bool, typer.Option("--isolated", help="Read no configuration file.")]
Steps = Annotated[int, typer.Option("--steps", min=1, help="Stop a script when it has made so many updates.")]
Seconds = Annotated[float, typer.Option("--seconds", min=1, help="Stop a script after this time.")]
AllowUnconfined = Annotated[
    bool, typer.Option("--allow-unconfined", help="Run scripts even where the system cannot confine them.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the findings and nothing else.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell what is being done.")]
Version = Annotated[
    bool, typer.Option("--version", "-V", help="Print the version and exit.", is_eager=True, callback=version_and_exit)
]


def hierarchy(config: Sequence[str] | None, isolated: bool, home: Path, **options: Any) -> Hierarchy:
    """The settings for every directory, given the options of a command. `home` is where the run takes place.

    Lists are as they were typed, with commas; an option that is None was not given. Raises ConfigError.
    """
    here = Path.cwd()
    files = [text for text in config or () if _is_file(text)]
    if len(files) > 1:
        raise ConfigError("`--config` names more than one file: " + ", ".join(f"`{name}`" for name in files))
    inline = [inline_layer(text, here) for text in config or () if text not in files]
    above = [*inline, option_layer(_keyed(options), here)]
    return Hierarchy.configured(home, above, file=Path(files[0]) if files else None, isolated=isolated)


def _is_file(text: str) -> bool:
    # A missing file is more likely than TOML without an equals sign, and a better thing to complain about.
    return "=" not in text or Path(text).exists()


def _keyed(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as a configuration file would say it."""
    keyed: dict[str, Any] = {}
    for name, value in options.items():
        if name.endswith("per_file_ignores"):
            if value:
                keyed[name.replace("_", "-")] = _by_pattern(_split(value))
        elif isinstance(value, list):
            if value:
                keyed[name.replace("_", "-")] = _split(value)
        elif value is not None:
            keyed[name.replace("_", "-")] = str(value) if isinstance(value, Path) else value
    return keyed


def _split(values: Iterable[str]) -> list[str]:
    return [part for value in values for part in map(str.strip, value.split(",")) if part]


def _by_pattern(pairs: Iterable[str]) -> dict[str, list[str]]:
    ignores: dict[str, list[str]] = {}
    for pair in pairs:
        pattern, colon, rule = pair.rpartition(":")
        if not (colon and pattern.strip() and rule.strip()):
            raise ConfigError(f"`--per-file-ignores` needs a pattern, a colon and a rule, not `{pair}`")
        ignores.setdefault(pattern.strip(), []).append(rule.strip())
    return ignores
