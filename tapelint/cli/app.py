"""The program `tapelint`: from the command line to the command that was meant."""

import sys
from typing import TYPE_CHECKING

from tapelint import __version__

if TYPE_CHECKING:
    import typer

VERSION_OPTIONS = ("--version", "-V")


def main() -> None:
    """Runs the program with the arguments of the process, and ends it."""
    if len(sys.argv) == 2 and sys.argv[1] in VERSION_OPTIONS:
        # Asked so often, by so many tools, that it is answered without loading anything.
        print(f"tapelint {__version__}")
        return
    from tapelint.cli.guard import guarded

    with guarded(verbose=not {"-v", "--verbose"}.isdisjoint(sys.argv)):
        application()(prog_name="tapelint")


def application() -> "typer.Typer":
    """All commands."""
    import typer

    from tapelint.cli.check import check
    from tapelint.cli.config import config
    from tapelint.cli.dispatch import BareCheck, root
    from tapelint.cli.explain import explain
    from tapelint.cli.lsp import lsp
    from tapelint.cli.probe import probe
    from tapelint.cli.show import show

    app = typer.Typer(
        cls=BareCheck,
        # Plain help: it needs neither rich nor the time to load it.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    for command in (check, probe, explain, show, config, lsp):
        app.command()(command)
    return app
