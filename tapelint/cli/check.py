"""`tapelint check`: the main job."""

from pathlib import Path
from typing import Annotated

import typer

from tapelint.cli import options
from tapelint.cli.evidence import Trial
from tapelint.cli.guard import guarded, hushed
from tapelint.cli.output import When
from tapelint.cli.task import Task


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
    extend_per_file_ignores: options.ExtendPerFileIgnores = None,
    preview: options.Preview = None,
    ignore_suppressions: options.IgnoreSuppressions = None,
    fix: options.Fix = None,
    unsafe_fixes: options.UnsafeFixes = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what the fixes would change, and change nothing.")] = False,
    fix_only: options.FixOnly = None,
    show_fixes: options.ShowFixes = None,
    fixable: options.Fixable = None,
    unfixable: options.Unfixable = None,
    extend_fixable: options.ExtendFixable = None,
    add_ignore: Annotated[
        str | None,
        typer.Option("--add-ignore", metavar="[=REASON]", help="Silence all findings by comments in the files."),
    ] = None,
    baseline: options.Baseline = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write what is found into the baseline, and report nothing.")
    ] = False,
    diff_base: Annotated[
        str | None,
        typer.Option(
            "--diff-base", metavar="REV", help="Report only what is on lines changed since this revision of git."
        ),
    ] = None,
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
    allow_unconfined: options.AllowUnconfined = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Do it again whenever a file changes.")] = False,
    show_files: Annotated[bool, typer.Option("--show-files", help="Print the files that would be linted.")] = False,
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Print the settings in force for the first path.")
    ] = False,
    color: Annotated[When, typer.Option("--color", help="Whether to print in colours.")] = "auto",
    quiet: options.Quiet = False,
    silent: Annotated[bool, typer.Option("--silent", "-s", help="Print nothing but errors of usage.")] = False,
    verbose: options.Verbose = False,
    version: options.Version = False,  # noqa: ARG001  its callback does the work
) -> None:
    """Lint Python files, notebooks, and the Python that Markdown quotes. This is the default command.

    Exit status: 0 nothing to report, 1 findings, 2 wrong usage or configuration, or a bug of tapelint itself.
    """
    task = Task(
        paths=paths or (),
        stdin_filename=stdin_filename,
        config=config,
        isolated=isolated,
        settings={
            "select": select,
            "ignore": ignore,
            "extend_select": extend_select,
            "extend_ignore": extend_ignore,
            "per_file_ignores": per_file_ignores,
            "extend_per_file_ignores": extend_per_file_ignores,
            "preview": preview,
            "ignore_suppressions": ignore_suppressions,
            "fix": fix,
            "unsafe_fixes": unsafe_fixes,
            "fix_only": fix_only,
            "show_fixes": show_fixes,
            "fixable": fixable,
            "unfixable": unfixable,
            "extend_fixable": extend_fixable,
            "baseline": baseline,
            "output_format": output_format,
            "exclude": exclude,
            "extend_exclude": extend_exclude,
            "force_exclude": force_exclude,
            "respect_gitignore": respect_gitignore,
            "jobs": jobs,
            "severity_threshold": severity_threshold,
        },
        diff=diff,
        add_ignore=add_ignore,
        update_baseline=update_baseline,
        diff_base=diff_base,
        trial=Trial(steps, seconds, quiet, unconfined=allow_unconfined) if probe else None,
        output_file=output_file,
        statistics=statistics,
        exit_zero=exit_zero,
        exit_non_zero_on_fix=exit_non_zero_on_fix,
        quiet=quiet or silent,
        silent=silent,
        verbose=verbose,
        colours=color,
    )
    status = 0
    with guarded(verbose=verbose), hushed(really=silent):
        if show_files:
            from tapelint.cli.listing import list_files

            list_files(task)
        elif show_settings:
            from tapelint.cli.listing import list_settings

            list_settings(task)
        elif watch:
            from tapelint.cli.watch import watch as keep_watching

            keep_watching(task)
        else:
            status = task.carry_out(task.hierarchy())
    raise typer.Exit(status)
