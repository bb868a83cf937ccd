"""A part that is not Python costs no other part anything."""

from pathlib import Path

import pytest

from tapelint.finding import Place
from tapelint.source.document import Document
from tapelint.source.notebook import read_notebook
from tapelint.source.span import Span
from tapelint.syntax.legible import legible
from tapelint.syntax.parse import Unparsable
from tapelint.syntax.scopes import bound_names
from tests.notebooks import notebook


def read(*cells: str) -> tuple[set[str], list[tuple[int | None, int, int]]]:
    """The names that can be read, and where the parts stand that cannot."""
    document, module, broken = legible(read_notebook(Path("a.ipynb"), notebook(*cells).encode()))
    places = [Place.of(document, Span(error.position, error.position)) for error in broken]
    return set(bound_names(module.body)), [(each.cell, each.span.start.line, each.span.start.column) for each in places]


def test_what_is_python_is_read_whole() -> None:
    assert read("a = 1", "", "def f():\n    return await g()\nawait f()") == ({"a", "f"}, [])


@pytest.mark.parametrize(
    ("cell", "line", "column"),
    [
        ("b = 1\nprint 'x'", 2, 1),
        ("b = f(", 1, 6),
        ("b = '''x", 1, 5),
        ("if b:", 1, 6),
        ("b = 1\nelse:\n    pass", 2, 1),
        ("    b = 1\n  c = 2", 2, 3),
        ("@decorator", 1, 11),
        ("b = 1\x00", 1, 6),
    ],
)
def test_a_cell_that_is_not_python_is_left_out(cell: str, line: int, column: int) -> None:
    names, broken = read("a = 1", cell, "d = 1")
    assert names == {"a", "d"}
    assert [each[:2] for each in broken] == [(2, line)]
    assert broken[0][2] <= column


@pytest.mark.parametrize(
    ("begun", "ended"), [("b = (", "c)"), ("b = '''", "'''"), ("if b:", "    c = 1"), ("b = 1 + \\", "c")]
)
def test_no_cell_completes_another(begun: str, ended: str) -> None:
    names, broken = read("a = 1", begun, ended, "d = 1")
    assert names >= {"a", "d"}
    assert "b" not in names
    assert 2 in [cell for cell, _, _ in broken]


def test_imports_of_a_cell_that_is_left_out_stay() -> None:
    names, broken = read("import os, sys as s\nfrom a import (\n  b)\nfrom c import d\nprint 'x'\nimport e f")
    assert names == {"os", "s", "d"}
    assert len(broken) == 1


def test_a_text_without_parts_is_read_or_not() -> None:
    with pytest.raises(Unparsable):
        legible(Document(Path("a.py"), "print 'x'"))
