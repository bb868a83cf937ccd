"""Which command is meant: `tapelint train.py` means `tapelint check train.py`."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tapelint.cli.options import version_and_exit

OWN_OPTIONS = frozenset(("-h", "--help", "-V", "--version", "--install-completion", "--show-completion"))

# What may stand without a value, as in ruff; the parser knows options with one and without, and none in between.
OPTIONAL_VALUE = ("--add-ignore",)


class BareCheck(TyperGroup):
    """Commands of which `check` needs not be named: whatever is no command is its argument or option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in OWN_OPTIONS):
            args = ["check", *args]
        return super().parse_args(ctx, [f"{arg}=" if arg in OPTIONAL_VALUE else arg for arg in args])


def root(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Print the version and exit.", is_eager=True, callback=version_and_exit),
    ] = False,
) -> None:
    """Lint TensorFlow/Keras training code, and prove the findings by running it.

    `tapelint PATH...` is short for `tapelint check PATH...`, and `tapelint` alone for `tapelint check .`
    """
