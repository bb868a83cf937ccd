"""`tapelint check`: the main job."""

import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tapelint.cli import options
from tapelint.cli.evidence import Trial, gather
from tapelint.cli.guard import FAILED, FOUND, Refusal, guarded, tell, warn
from tapelint.cli.mending import Wishes, write
from tapelint.cli.output import Output, tell_troubles
from tapelint.cli.progress import Onlooker, onlooker
from tapelint.finding import Finding, Severity
from tapelint.report.fixes import difference
from tapelint.run.fix import Lint, Mending
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Outcome
from tapelint.run.settings import THRESHOLDS
from tapelint.source.discover import MissingPath
from tapelint.source.disk import ON_DISK, Files

if TYPE_CHECKING:
    from tapelint.report.html.runs import Run

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
    fix: options.Fix = None,
    unsafe_fixes: options.UnsafeFixes = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what the fixes would change, and change nothing.")] = False,
    fix_only: options.FixOnly = None,
    show_fixes: options.ShowFixes = None,
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
    exit_non_zero_on_fix: Annotated[
        bool, typer.Option("--exit-non-zero-on-fix", help="Exit with status 1 if something was fixed.")
    ] = False,
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
        if probe and diff:
            raise Refusal("`--probe` runs files as they are, and `--diff` leaves them so; try `--fix --probe`")
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
            fix=fix,
            unsafe_fixes=unsafe_fixes,
            fix_only=fix_only,
            show_fixes=show_fixes,
            output_format=output_format,
            exclude=exclude,
            extend_exclude=extend_exclude,
            force_exclude=force_exclude,
            respect_gitignore=respect_gitignore,
            jobs=jobs,
            severity_threshold=severity_threshold,
        )
        run = hierarchy.run
        output = Output(run.output_format, output_file, quiet, statistics)
        wishes = Wishes(run.fix, run.unsafe_fixes, run.fix_only, diff, run.show_fixes, quiet)
        for message in run.warnings:
            warn(message)
        trial = Trial(steps, seconds, quiet) if probe else None
        audience = partial(onlooker, quiet=quiet, verbose=verbose)
        if reads_stdin:
            intake = _standard_input(paths or [], stdin_filename, hierarchy, audience)
        else:
            intake = _files(paths or [Path()], hierarchy, audience)
        result = _examined(intake, hierarchy, wishes, trial)
        _tell(result, intake, wishes, output, verbose=verbose)
        if result.interrupted:
            raise KeyboardInterrupt
        status = _status(result, wishes, run.severity_threshold, exit_zero=exit_zero)
        if exit_non_zero_on_fix and result.mending and result.mending.applied:
            status = max(status, FOUND)
    raise typer.Exit(status)


@dataclass(frozen=True)
class Intake:
    """What is linted, and how. `stdin` is the name of what came from standard input."""

    lint: Lint
    files: Files = ON_DISK
    stdin: Path | None = None


@dataclass(frozen=True)
class Result:
    """What is found, what was mended before if anything was to be, and whether somebody cut it short."""

    outcome: Outcome
    mending: Mending | None = None
    interrupted: bool = False
    runs: "tuple[Run, ...]" = ()


def _examined(intake: Intake, hierarchy: Hierarchy, wishes: Wishes, trial: Trial | None) -> Result:
    if wishes.any and trial:
        from tapelint.cli.proof import mended_and_proved

        return Result(*mended_and_proved(intake.lint, wishes, trial, hierarchy))
    if wishes.any:
        mending = wishes.mended(intake.lint, intake.files)
        if not wishes.diff and intake.stdin is None:
            write(mending.changes)
        return Result(mending.outcome, mending)
    outcome = intake.lint(intake.files)
    if trial is None:
        return Result(outcome)
    evidence = gather(outcome, trial)
    return Result(evidence.outcome(hierarchy), None, evidence.interrupted, evidence.runs)


def _tell(result: Result, intake: Intake, wishes: Wishes, output: Output, *, verbose: bool) -> None:
    tell_troubles(result.outcome, verbose=verbose)
    mending = result.mending
    if mending is None:
        output.report(result.outcome, result.runs)
        return
    if wishes.diff:
        output.write(difference(mending.changes))
    elif intake.stdin is not None:
        # What was read goes on to whoever asked for it to be mended; what is left to say goes beside it.
        change = mending.changes.get(intake.stdin)
        sys.stdout.buffer.write(change.after if change else intake.files.read(intake.stdin))
        sys.stdout.flush()
        if not wishes.only:
            tell(output.findings(result.outcome).rstrip())
    elif not wishes.only:
        output.report(result.outcome, result.runs)
    wishes.tell(mending)


def _status(result: Result, wishes: Wishes, threshold: Severity, *, exit_zero: bool) -> int:
    if wishes.diff and result.mending and result.outcome.complete:
        return FOUND if result.mending.changes and not exit_zero else 0
    if wishes.only and result.outcome.complete:
        return 0
    return exit_status(result.outcome, threshold, exit_zero=exit_zero)


def exit_status(outcome: Outcome, threshold: Severity, *, exit_zero: bool = False) -> int:
    """What the process tells whoever called it. A finding that running the program has refuted does not count."""
    if not outcome.complete:
        return FAILED
    serious = THRESHOLDS[: THRESHOLDS.index(threshold) + 1]
    counts = any(finding.severity in serious and not _refuted(finding) for finding in outcome.findings)
    return FOUND if counts and not exit_zero else 0


def _refuted(finding: Finding) -> bool:
    return finding.verdict is not None and finding.verdict.kind == "refuted"


def _files(paths: list[Path], hierarchy: Hierarchy, audience: Callable[[], Onlooker]) -> Intake:
    from tapelint import lint

    def linted(files: Files) -> Outcome:
        try:
            with audience() as onlooker:
                outcome = lint(paths, configuration=hierarchy, audience=onlooker, files=files)
        except MissingPath as error:
            raise Refusal(f"{error}{_hint(error.paths[0])}") from None
        if not outcome.files and not outcome.failures and not outcome.skipped:
            warn("no files to lint found under the given path" + "s" * (len(paths) > 1))
        return outcome

    return Intake(linted)


def _hint(missing: Path) -> str:
    if missing == STDIN:
        return "; standard input is read if no other path is given"
    close = difflib.get_close_matches(str(missing), COMMANDS, n=1)
    return f", or is it the command `{close[0]}` that you mean?" if close else ""


def _standard_input(
    paths: list[Path], name: Path | None, hierarchy: Hierarchy, audience: Callable[[], Onlooker]
) -> Intake:
    from tapelint import lint

    for path in paths:
        if path not in (STDIN, name):
            warn(f"standard input is read, not `{path}`")
    if sys.stdin is None:
        raise Refusal("standard input is closed")
    path = Path.cwd() / name if name else STDIN

    def linted(files: Files) -> Outcome:
        with audience() as onlooker:
            return lint(source=files.read(path), filename=path, configuration=hierarchy, audience=onlooker)

    audience().note("reading standard input")
    return Intake(linted, Files({path: sys.stdin.buffer.read()}), path)


def _home(stdin_filename: Path | None) -> Path:
    return (Path.cwd() / stdin_filename).parent if stdin_filename else Path.cwd()
