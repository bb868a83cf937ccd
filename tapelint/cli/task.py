"""One run of `tapelint check`: what is asked for, and what is done about it."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapelint.cli import options
from tapelint.cli.adoption import Adoption
from tapelint.cli.evidence import Trial, gather, runs_of
from tapelint.cli.guard import FOUND, Refusal, tell, warn
from tapelint.cli.intake import STDIN, Intake, from_disk, from_standard_input
from tapelint.cli.mending import Wishes, write
from tapelint.cli.output import Output, When, tell_troubles
from tapelint.cli.progress import onlooker
from tapelint.cli.status import exit_status
from tapelint.report.fixes import difference
from tapelint.run.fix import Mending
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Outcome

if TYPE_CHECKING:
    from tapelint.report.html.runs import Run


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the command line asks for. `settings` are the options that a configuration file may hold as well."""

    paths: Sequence[Path]
    stdin_filename: Path | None
    config: Sequence[str] | None
    isolated: bool
    settings: Mapping[str, Any]
    diff: bool
    add_ignore: str | None
    update_baseline: bool
    diff_base: str | None
    trial: Trial | None
    output_file: Path | None
    statistics: bool
    exit_zero: bool
    exit_non_zero_on_fix: bool
    quiet: bool
    silent: bool
    verbose: bool
    colours: When

    @property
    def reads_stdin(self) -> bool:
        return self.stdin_filename is not None or list(self.paths) == [STDIN]

    @property
    def home(self) -> Path:
        """The directory whose configuration holds for the run."""
        return (Path.cwd() / self.stdin_filename).parent if self.stdin_filename else Path.cwd()

    def hierarchy(self) -> Hierarchy:
        """The settings. Raises ConfigError."""
        return options.hierarchy(self.config, self.isolated, self.home, **self.settings)

    def carry_out(self, hierarchy: Hierarchy) -> int:
        """Does what is asked for, and returns the exit status. Raises Refusal, ConfigError and KeyboardInterrupt."""
        for contradiction in self._contradictions():
            raise Refusal(contradiction)
        run = hierarchy.run
        for message in run.warnings:
            warn(message)
        output = Output(run.output_format, self.output_file, self.quiet, self.statistics, self.colours)
        wishes = Wishes(run.fix, run.unsafe_fixes, run.fix_only, self.diff, run.show_fixes, self.quiet)
        if self.silent and self.reads_stdin and wishes.any:
            raise Refusal("`--silent` would swallow what is mended of standard input; `--quiet` does not")
        adoption = Adoption(run.baseline, update=self.update_baseline, diff_base=self.diff_base)
        intake = adoption.news_of(self._intake(hierarchy))
        if self.add_ignore is not None:
            from tapelint.cli.silencing import silenced

            outcome, told = silenced(intake, self.add_ignore, diff=self.diff, quiet=self.quiet)
            tell_troubles(outcome, verbose=self.verbose)
            if told:
                output.write(told)
            status = exit_status(outcome, run.severity_threshold, exit_zero=self.exit_zero)
            return max(status, FOUND) if told and not self.exit_zero else status
        result = _examined(intake, hierarchy, wishes, self.trial, adoption)
        if not result.interrupted:
            ran = [Path(run.record.script) for run in result.runs]
            result.outcome = adoption.settle(result.outcome, hierarchy, ran=ran, quiet=self.quiet)
        _tell(result, intake, wishes, output, verbose=self.verbose)
        if result.interrupted:
            raise KeyboardInterrupt
        return self._status(result, wishes, hierarchy)

    def _contradictions(self) -> Iterator[str]:
        if self.trial and self.reads_stdin:
            yield "`--probe` runs files, and standard input is none"
        if self.trial and self.diff:
            yield "`--probe` runs files as they are, and `--diff` leaves them so; try `--fix --probe`"
        if self.update_baseline:
            if self.diff:
                yield "`--update-baseline` writes, and `--diff` changes nothing"
            if self.diff_base is not None:
                yield "`--update-baseline` writes down all findings, and `--diff-base` leaves some out"
        if self.add_ignore is not None:
            if self.reads_stdin:
                yield "`--add-ignore` changes files, and standard input is none"
            if self.trial:
                yield "`--add-ignore` silences what reading finds; leave out `--probe`"
            if self.settings.get("fix") or self.settings.get("fix_only"):
                yield "`--add-ignore` silences what `--fix` would mend: fix first, and then silence the rest"
            if self.update_baseline:
                yield "`--add-ignore` silences what `--update-baseline` would write down: one of them is enough"
            if len(self.add_ignore.splitlines()) > 1:
                yield "`--add-ignore` needs a reason that fits on one line"

    def _intake(self, hierarchy: Hierarchy) -> Intake:
        audience = partial(onlooker, quiet=self.quiet, verbose=self.verbose)
        if self.reads_stdin:
            return from_standard_input(list(self.paths), self.stdin_filename, hierarchy, audience)
        return from_disk(list(self.paths) or [Path()], hierarchy, audience)

    def _status(self, result: "Result", wishes: Wishes, hierarchy: Hierarchy) -> int:
        mending = result.mending
        if wishes.diff and mending and result.outcome.complete:
            status = FOUND if mending.changes and not self.exit_zero else 0
        elif wishes.only and result.outcome.complete:
            status = 0
        else:
            status = exit_status(result.outcome, hierarchy.run.severity_threshold, exit_zero=self.exit_zero)
        if self.exit_non_zero_on_fix and mending and mending.applied:
            return max(status, FOUND)
        return status


@dataclass
class Result:
    """What is found, what was mended before if anything was to be, and whether somebody cut it short."""

    outcome: Outcome
    mending: Mending | None = None
    interrupted: bool = False
    runs: "tuple[Run, ...]" = field(default=())


def _examined(intake: Intake, hierarchy: Hierarchy, wishes: Wishes, trial: Trial | None, adoption: Adoption) -> Result:
    if wishes.any and trial:
        from tapelint.cli.proof import mended_and_proved

        outcome, mending, interrupted, runs = mended_and_proved(intake.lint, wishes, trial, hierarchy)
        return Result(adoption.news_of_running(outcome), mending, interrupted, runs)
    if wishes.any:
        mending = wishes.mended(intake.lint, intake.files)
        if not wishes.diff and intake.stdin is None:
            write(mending.changes)
        return Result(mending.outcome, mending)
    outcome = intake.lint(intake.files)
    if trial is None:
        return Result(outcome)
    evidence = gather(outcome, trial)
    judged = adoption.news_of_running(evidence.outcome(hierarchy))
    return Result(judged, interrupted=evidence.interrupted, runs=runs_of(evidence))


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
