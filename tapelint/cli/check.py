"""`tapelint check`: the main job."""

import difflib
import sys
from pathlib import Path
from typing import Annotated

import typer

from tapelint.cli import options
from tapelint.cli.guard import FAILED, FOUND, Refusal, guarded, warn
from tapelint.cli.output import Output, tell_troubles
from tapelint.cli.progress import Onlooker, onlooker
from tapelint.finding import Finding, Severity
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Outcome
from tapelint.run.settings import THRESHOLDS
from tapelint.source.discover import MissingPath

STDIN = Path("-")
COMMANDS = ("check", "probe", "explain", "show", "config")


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Files and directories, or `-` for standard input.", show_default="."),
    ] = None,
    *,
    select: options.Select = None,
    ignore: options.Ignore = None,
    extend_select: options.ExtendSelect = None,
    extend_ignore: options.ExtendIgnore = None,
    per_file_ignores: options.PerFileIgnores = None,
    preview: options.Preview = None,
    output_format: options.OutputFormat = None,
    output_file: options.OutputFile = None,
    statistics: Annotated[bool, typer.Option("--statistics", help="Print how often each rule was broken.")] = False,
    exclude: options.Exclude = None,
    extend_exclude: options.ExtendExclude = None,
    force_exclude: options.ForceExclude = None,
    respect_gitignore: options.RespectGitignore = None,
    jobs: options.Jobs = None,
    no_cache: options.NoCache = False,  # noqa: ARG001  nothing is cached yet, and scripts may already say so
    config: options.Config = None,
    isolated: options.Isolated = False,
    exit_zero: options.ExitZero = False,
    severity_threshold: options.SeverityThreshold = None,
    stdin_filename: Annotated[
        Path | None, typer.Option("--stdin-filename", help="The name of the file that is read from standard input.")
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Run scripts with findings for a few steps, and say what was seen.")
    ] = False,
    steps: options.Steps = 4,
    seconds: options.Seconds = 60,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    version: options.Version = False,  # noqa: ARG001  its callback does the work
) -> None:
    """Lint Python files, notebooks, and the Python that Markdown quotes. This is the default command.

    Exit status: 0 nothing to report, 1 findings, 2 wrong usage or configuration, or a bug of tapelint itself.
    """
    with guarded(verbose=verbose):
        reads_stdin = stdin_filename is not None or paths == [STDIN]
        if probe and reads_stdin:
            raise Refusal("`--probe` runs files, and standard input is none")
        hierarchy = options.hierarchy(
            config,
            isolated,
            _home(stdin_filename),
            select=select,
            ignore=ignore,
            extend_select=extend_select,
            extend_ignore=extend_ignore,
            per_file_ignores=per_file_ignores,
            preview=preview,
            output_format=output_format,
            exclude=exclude,
            extend_exclude=extend_exclude,
            force_exclude=force_exclude,
            respect_gitignore=respect_gitignore,
            jobs=jobs,
            severity_threshold=severity_threshold,
        )
        output = Output(hierarchy.run.output_format, output_file, quiet, statistics)
        for message in hierarchy.run.warnings:
            warn(message)
        with onlooker(quiet=quiet, verbose=verbose) as audience:
            if reads_stdin:
                outcome = _lint_stdin(paths or [], stdin_filename, hierarchy, audience)
            else:
                outcome = _lint_paths(paths or [Path()], hierarchy, audience)
        interrupted = False
        if probe:
            from tapelint.cli.evidence import Trial, gather

            evidence = gather(outcome, Trial(steps, seconds, quiet))
            outcome, interrupted = evidence.outcome(hierarchy), evidence.interrupted
        tell_troubles(outcome, verbose=verbose)
        output.report(outcome)
        if interrupted:
            raise KeyboardInterrupt
        status = exit_status(outcome, hierarchy.run.severity_threshold, exit_zero=exit_zero)
    raise typer.Exit(status)


def exit_status(outcome: Outcome, threshold: Severity, *, exit_zero: bool = False) -> int:
    """What the process tells whoever called it. A finding that running the program has refuted does not count."""
    if not outcome.complete:
        return FAILED
    serious = THRESHOLDS[: THRESHOLDS.index(threshold) + 1]
    counts = any(finding.severity in serious and not _refuted(finding) for finding in outcome.findings)
    return FOUND if counts and not exit_zero else 0


def _refuted(finding: Finding) -> bool:
    return finding.verdict is not None and finding.verdict.kind == "refuted"


def _lint_paths(paths: list[Path], hierarchy: Hierarchy, audience: Onlooker) -> Outcome:
    from tapelint.run.lint import lint

    try:
        outcome = lint(paths, hierarchy, audience)
    except MissingPath as error:
        raise Refusal(f"{error}{_hint(error.paths[0])}") from None
    if not outcome.files and not outcome.failures and not outcome.skipped:
        warn("no files to lint found under the given path" + "s" * (len(paths) > 1))
    return outcome


def _hint(missing: Path) -> str:
    if missing == STDIN:
        return "; standard input is read if no other path is given"
    close = difflib.get_close_matches(str(missing), COMMANDS, n=1)
    return f", or is it the command `{close[0]}` that you mean?" if close else ""


def _lint_stdin(paths: list[Path], name: Path | None, hierarchy: Hierarchy, audience: Onlooker) -> Outcome:
    from tapelint.run.lint import lint_text

    for path in paths:
        if path not in (STDIN, name):
            warn(f"standard input is read, not `{path}`")
    if sys.stdin is None:
        raise Refusal("standard input is closed")
    audience.note("reading standard input")
    return lint_text(Path.cwd() / name if name else STDIN, sys.stdin.buffer.read(), hierarchy, audience)


def _home(stdin_filename: Path | None) -> Path:
    return (Path.cwd() / stdin_filename).parent if stdin_filename else Path.cwd()
