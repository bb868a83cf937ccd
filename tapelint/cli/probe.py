"""`tapelint probe`: run a training script for a few steps, and tell what really happened."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tapelint.cli import options
from tapelint.cli.guard import FAILED, FOUND, Refusal, guarded, tell, warn
from tapelint.cli.output import FOR_PEOPLE, Output, tell_troubles
from tapelint.cli.status import exit_status
from tapelint.run.outcome import Outcome

if TYPE_CHECKING:
    from tapelint.probe.evidence import Evidence


def probe(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="The training script.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGUMENT", help="What the script gets to see; put `--` before it.")
    ] = None,
    *,
    steps: options.Steps = 4,
    seconds: options.Seconds = 60,
    allow_unconfined: options.AllowUnconfined = False,
    loss: Annotated[
        str, typer.Option(help="What a step is meant to have that computes its own, as Keras names it, such as `mse`.")
    ] = "",
    select: options.Select = None,
    ignore: options.Ignore = None,
    preview: options.Preview = None,
    output_format: options.OutputFormat = None,
    output_file: options.OutputFile = None,
    config: options.Config = None,
    isolated: options.Isolated = False,
    exit_zero: options.ExitZero = False,
    severity_threshold: options.SeverityThreshold = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Run a training script for a few steps under observation, and report what happened.

    The script runs in a process of its own that may not write anywhere but to a private directory.
    Exit status: 0 nothing to report, 1 findings or a script that fails, 2 the script could not be run.
    """
    with guarded(verbose=verbose):
        path = Path.cwd() / script
        if not path.is_file():
            raise Refusal(f"no such file: `{script}`" if not path.exists() else f"not a file: `{script}`")
        hierarchy = options.hierarchy(
            config,
            isolated,
            Path.cwd(),
            select=select,
            ignore=ignore,
            preview=preview,
            output_format=output_format,
            severity_threshold=severity_threshold,
        )
        output = Output(hierarchy.run.output_format, output_file, quiet)
        for message in hierarchy.run.warnings:
            warn(message)
        from tapelint.cli.evidence import Trial, try_out
        from tapelint.probe.evidence import Evidence
        from tapelint.run.lint import lint

        evidence = Evidence(lint([path], hierarchy))
        trial = Trial(steps, seconds, quiet, loss, allow_unconfined)
        try_out(evidence, [path], trial, arguments or (), thorough=output.format == "html")
        record = evidence.records.get(path)
        if record is None:
            raise KeyboardInterrupt
        outcome = evidence.outcome(hierarchy)
        tell_troubles(outcome, verbose=verbose)
        if verbose:
            tell(f"the script said:\n{record.stdout}{record.stderr}".rstrip())
        output.write(_report(output, outcome, evidence))
        if evidence.interrupted:
            raise KeyboardInterrupt
        status = exit_status(outcome, hierarchy.run.severity_threshold, exit_zero=exit_zero)
        if record.end == "unstarted":
            status = FAILED
        elif record.end in ("raised", "crashed") and not exit_zero:
            status = max(status, FOUND)
    raise typer.Exit(status)


def _report(output: Output, outcome: Outcome, evidence: "Evidence") -> str:
    """The findings, and what happened if the format has a place for it."""
    from tapelint.cli.evidence import runs_of

    found = output.findings(outcome, runs_of(evidence))
    if output.format != "json" and output.format not in FOR_PEOPLE:
        return found
    (record,) = evidence.records.values()
    if output.format in FOR_PEOPLE:
        from tapelint.report import account

        return account.render(record, colour=output.colour) + "\n" + found
    from tapelint.record import plain

    return json.dumps({**json.loads(found), "record": plain(record)}, indent=2, ensure_ascii=False) + "\n"
