"""What `tapelint check --add-ignore` does: comments are put beside what is found, and the rest is told."""

from tapelint.cli.guard import tell, warn
from tapelint.cli.intake import Intake
from tapelint.cli.mending import counted, where, write
from tapelint.report.address import shown
from tapelint.report.fixes import difference
from tapelint.run.outcome import Outcome
from tapelint.run.silence import silence


def silenced(intake: Intake, reason: str, *, diff: bool, quiet: bool) -> tuple[Outcome, str]:
    """What is still found with the comments, and as a text what they change if that is all that is wanted.

    Raises Refusal if a file cannot be written.
    """
    result = silence(intake.lint, reason, intake.files)
    if not diff:
        write(result.changes)
    for path, problem in result.failures:
        warn(f"{shown(path)}: nothing is added: {problem}")
    for finding in result.outcome.findings:
        warn(f"{where(finding)}: `{finding.rule}` cannot be silenced by a comment: {finding.message}")
    if not quiet:
        verb = "would add" if diff else "added"
        tell(f"{verb} {counted(result.comments, 'comment')} in {counted(len(result.changes), 'file')}")
    return result.outcome, difference(result.changes) if diff else ""
