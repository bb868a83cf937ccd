"""What `tapelint check` lints: files and directories, or standard input."""

import difflib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tapelint.cli.guard import Refusal, warn
from tapelint.cli.progress import Onlooker
from tapelint.run.fix import Lint
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.outcome import Outcome
from tapelint.source.discover import MissingPath
from tapelint.source.disk import ON_DISK, Files

STDIN = Path("-")
COMMANDS = ("check", "probe", "explain", "show", "config", "lsp")
# What the same is called where people come from.
ELSEWHERE = {"help": "--help", "linter": "explain --all", "rule": "explain", "server": "lsp", "version": "--version"}


@dataclass(frozen=True)
class Intake:
    """What is linted, and how. `stdin` is the name of what came from standard input."""

    lint: Lint
    files: Files = ON_DISK
    stdin: Path | None = None


def from_disk(paths: list[Path], hierarchy: Hierarchy, audience: Callable[[], Onlooker]) -> Intake:
    """Files and directories."""
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


def from_standard_input(
    paths: list[Path], name: Path | None, hierarchy: Hierarchy, audience: Callable[[], Onlooker]
) -> Intake:
    """Standard input under a name. Raises Refusal if it is closed."""
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


def _hint(missing: Path) -> str:
    if missing == STDIN:
        return "; standard input is read if no other path is given"
    known = ELSEWHERE.get(str(missing))
    close = [known] if known else difflib.get_close_matches(str(missing), COMMANDS, n=1)
    return f", or is it `tapelint {close[0]}` that you mean?" if close else ""
