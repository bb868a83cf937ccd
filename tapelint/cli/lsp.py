"""`tapelint lsp`: the linter for editors."""

import typer

from tapelint.cli.guard import Refusal, guarded


def lsp() -> None:
    """Serve an editor: speak the Language Server Protocol on standard input and output."""
    with guarded():
        try:
            from tapelint.lsp.server import serve
        except ModuleNotFoundError as error:
            raise Refusal(
                f"the language server needs the package `{error.name}`: install it with `pip install 'tapelint[lsp]'`"
            ) from None
        status = serve()
    raise typer.Exit(status)
