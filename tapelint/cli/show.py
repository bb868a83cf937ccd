"""`tapelint show`: what the analyzer has understood of a file."""

from pathlib import Path
from typing import Annotated

import typer

from tapelint.cli.guard import Refusal, guarded, warn
from tapelint.finding import Place
from tapelint.report.address import coordinates
from tapelint.run.hierarchy import Hierarchy
from tapelint.source.disk import Files, UnreadableFile
from tapelint.source.document import Document, OtherLanguage, UndecodableSource
from tapelint.source.formats import decode
from tapelint.source.span import Span


def show(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to show.")]) -> None:
    """Show what tapelint understands of a file: tapes, models, optimizers, data, steps, and what it cannot tell."""
    with guarded():
        document = _document(file)
        from tapelint.program.build import build
        from tapelint.program.description.show import render
        from tapelint.syntax.programs import programs

        settings = Hierarchy(Path.cwd()).at(document.path.parent)
        for one in programs(document):
            built = build([one], Files().load, settings.wrappers)
            shown = render(built, one).rstrip()
            for broken, message, position in built.unparsable:
                told = f"{file}{coordinates(Place.of(broken, Span(position, position)))}: {message}"
                if not document.parts:
                    raise Refusal(told)
                warn(told)
            typer.echo(shown)


def _document(file: Path) -> Document:
    path = Path.cwd() / file
    try:
        return decode(path, Files().read(path))
    except (UnreadableFile, UndecodableSource, OtherLanguage) as error:
        raise Refusal(f"{file}: {error}") from None
