"""Jupyter notebooks: the code cells of one as the program that they are together."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tapelint.source.commands import as_python
from tapelint.source.document import Assembly, Document, OtherLanguage, Part, UndecodableSource

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A code cell: its number among all cells, its lines, and when it was run, if it is known."""

    number: int
    lines: list[str]
    count: int | None

    @property
    def is_blank(self) -> bool:
        return not any(line.strip() for line in self.lines)


def read_notebook(path: Path, data: bytes) -> Document:
    """The document in a notebook of any version of nbformat.

    Raises UndecodableSource for what is no notebook, and OtherLanguage for one that is not in Python.
    """
    notebook = _parsed(data)
    cells = _cells(notebook)
    language = _language(notebook)
    if not _is_python(language):
        raise OtherLanguage(f"the notebook is in {language}")
    code = [_Cell(number, _lines(cell, number), _count(cell)) for number, cell in enumerate(cells, 1) if _is_code(cell)]
    return _assembled(path, _in_order(code))


def _assembled(path: Path, cells: list[_Cell]) -> Document:
    assembly = Assembly()
    for cell in cells:
        lines, shifts = as_python(cell.lines)
        assembly.add(lines, shifts, Part(cell=cell.number))
    written: dict[int | None, tuple[str, ...]] = {cell.number: tuple(cell.lines) for cell in cells}
    return Document(path, assembly.text, tuple(assembly.parts), written, assembly.shifts, shows_values=True)


def _in_order(cells: list[_Cell]) -> list[_Cell]:
    """The cells as they were run, if their counts tell it beyond doubt; else as they stand."""
    run = [cell for cell in cells if not cell.is_blank]
    counts = [cell.count for cell in run]
    if sorted(count or 0 for count in counts) != list(range(1, len(run) + 1)):
        return cells
    return sorted(run, key=lambda cell: cell.count or 0)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        notebook = json.loads(data)
    except json.JSONDecodeError as error:
        if not data.strip():
            raise UndecodableSource("the notebook is empty: not even its JSON is there") from None
        where = f"line {error.lineno}, column {error.colno}"
        raise UndecodableSource(f"the notebook is damaged: its JSON is not valid at {where}") from None
    except UnicodeDecodeError as error:
        raise UndecodableSource(f"the notebook is damaged: byte {error.start} is not valid {error.encoding}") from None
    except RecursionError:
        raise UndecodableSource("the notebook is damaged: its JSON is nested too deep") from None
    if not isinstance(notebook, dict):
        raise UndecodableSource("this is not a notebook: its JSON is not an object")
    return notebook


def _cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells in their order; before version 4 they lay in worksheets."""
    cells = notebook.get("cells")
    if cells is None and isinstance(sheets := notebook.get("worksheets"), list):
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or ()]
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise UndecodableSource("this is not a notebook: it has no list of cells")
    return cells


def _is_code(cell: dict[str, Any]) -> bool:
    """Whether a cell is Python: an editor may have marked single cells as something else."""
    marked = _table(_table(cell.get("metadata")).get("vscode")).get("languageId")
    return cell.get("cell_type") == "code" and _is_python(_first_named(marked, cell.get("language")))


def _language(notebook: dict[str, Any]) -> str:
    metadata = _table(notebook.get("metadata"))
    return _first_named(
        _table(metadata.get("language_info")).get("name"), _table(metadata.get("kernelspec")).get("language")
    )


def _first_named(*languages: object) -> str:
    """The first language that is named; Python if none is."""
    return next((language for language in languages if isinstance(language, str) and language), "Python")


def _is_python(language: str) -> bool:
    return language.lower().rstrip("0123456789.") in ("python", "ipython")


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _lines(cell: dict[str, Any], number: int) -> list[str]:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise UndecodableSource(f"this is not a notebook: the source of cell {number} is no text")
    # JSON can spell halves of characters, which no text may contain.
    return _SURROGATE.sub("\ufffd", source).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _count(cell: dict[str, Any]) -> int | None:
    count = cell.get("execution_count", cell.get("prompt_number"))
    return count if isinstance(count, int) and not isinstance(count, bool) else None
