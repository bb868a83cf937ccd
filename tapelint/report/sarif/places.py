"""Places as SARIF has them: relative URIs, lines from 1, columns in UTF-16 code units."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tapelint.finding import Place
from tapelint.report.address import shown
from tapelint.report.columns import units_before
from tapelint.report.whereabouts import stretch
from tapelint.source.document import Document
from tapelint.source.span import Position, Span

BASE = "%SRCROOT%"
Documents = Mapping[Path, Document]


def bases() -> dict[str, Any]:
    """What the relative URIs are relative to: the working directory."""
    return {BASE: {"uri": f"{Path.cwd().as_uri().rstrip('/')}/"}}


def artifact(path: Path) -> dict[str, str]:
    """The file, relative to the working directory if it lies in there."""
    name = Path(shown(path))
    if name.is_absolute():
        return {"uri": name.as_uri()}
    return {"uri": quote(os.fsencode(name.as_posix())), "uriBaseId": BASE}


def location(place: Place, documents: Documents, message: str | None = None) -> dict[str, Any]:
    """The place, with what there is to say about it; in a notebook the lines of the file, and the name of the cell."""
    there = stretch(place, documents)
    where = region(there.span, _lines(place, documents)) if there.span else _whole_lines(there.first, there.last)
    return {
        "physicalLocation": {"artifactLocation": artifact(place.path), "region": where},
        **({"logicalLocations": [{"name": f"cell {place.cell}", "kind": "cell"}]} if place.cell else {}),
        **({"message": {"text": message}} if message else {}),
    }


def region(span: Span, lines: tuple[str, ...]) -> dict[str, Any]:
    """The region that a span is in a text of these lines."""
    return {
        "startLine": span.start.line,
        "startColumn": _column(span.start, lines),
        "endLine": span.end.line,
        "endColumn": _column(span.end, lines),
        **_snippet(span, lines),
    }


def lines_of(path: Path, documents: Documents) -> tuple[str, ...]:
    """The lines of a file that is no notebook, as far as they are known."""
    return _lines(Place(path, Span(Position(1, 1), Position(1, 1))), documents)


def _lines(place: Place, documents: Documents) -> tuple[str, ...]:
    document = documents.get(place.path)
    return tuple(document.lines_of(place.cell)) if document else ()


def _whole_lines(first: int, last: int) -> dict[str, int]:
    return {"startLine": first, "endLine": last}


def _column(position: Position, lines: tuple[str, ...]) -> int:
    return units_before(lines, position, "utf-16-le") + 1


def _snippet(span: Span, lines: tuple[str, ...]) -> dict[str, Any]:
    """The code of a region, for viewers that do not have the file."""
    covered = list(lines[span.start.line - 1 : span.end.line])
    if len(covered) <= span.end.line - span.start.line:
        return {}
    covered[-1] = covered[-1][: span.end.column - 1]
    covered[0] = covered[0][span.start.column - 1 :]
    code = "\n".join(covered)
    return {"snippet": {"text": code}} if code else {}
