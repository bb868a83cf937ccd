"""A file is rewritten where edits are, and nowhere else."""

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelint.source.edit import Edit
from tapelint.source.rewrite import Unchangeable, rewritten
from tapelint.source.span import Position, Span
from tests.notebooks import notebook


def edit(line: int, column: int, end: int, text: str) -> Edit:
    return Edit(Span(Position(line, column), Position(line, end)), text)


def script(data: bytes, *edits: Edit, name: str = "train.py") -> bytes:
    return rewritten(Path(name), data, {None: edits})


def test_every_kind_of_line_end_stays_and_new_lines_take_the_first() -> None:
    data = b"a = 1\r\nb = 2\nc = 3\rd = 4"
    assert script(data, edit(2, 1, 2, "x\ny")) == b"a = 1\r\nx\r\ny = 2\nc = 3\rd = 4"
    assert script(data, edit(4, 6, 6, "0")) == b"a = 1\r\nb = 2\nc = 3\rd = 40"


def test_encodings_stay() -> None:
    latin = "# -*- coding: latin-1 -*-\nname = 'größe'\n".encode("latin-1")
    assert script(latin, edit(2, 1, 5, "n")) == "# -*- coding: latin-1 -*-\nn = 'größe'\n".encode("latin-1")
    marked = codecs.BOM_UTF8 + b"a = 1\n"
    assert script(marked, edit(1, 1, 2, "b")) == codecs.BOM_UTF8 + b"b = 1\n"


def test_what_an_encoding_does_not_have_is_refused() -> None:
    with pytest.raises(Unchangeable, match="encoding"):
        script(b"# -*- coding: latin-1 -*-\na = 1\n", edit(2, 1, 2, "π"))
    with pytest.raises(Unchangeable, match="encoding"):
        script(b"\xff\n```python\na = 1\n```\n", edit(3, 1, 2, "b"), name="page.md")


def test_edits_apply_to_the_text_before_in_any_order() -> None:
    edits = [edit(1, 5, 6, "two"), edit(1, 1, 1, "x = "), edit(2, 1, 2, "")]
    assert script(b"a = 1\nb\n", *edits) == b"x = a = two\n\n"


CELLS = ["# Größe", "import a\nb = 1\n", "c = 2"]


def book(*, indent: int | None, ascii_only: bool, strings: bool) -> str:
    made = json.loads(notebook(*CELLS, prose=[1], counts=[None, 7]))
    made["metadata"]["weird"] = [1, {"source": "no"}]
    made["cells"][1]["metadata"]["source"] = ["not", "this"]
    if strings:
        for cell in made["cells"]:
            cell["source"] = "".join(cell["source"])
    return json.dumps(made, indent=indent, ensure_ascii=ascii_only)


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("strings", [True, False])
def test_a_notebook_changes_in_the_source_of_its_cell_only(indent: int | None, ascii_only: bool, strings: bool) -> None:
    text = book(indent=indent, ascii_only=ascii_only, strings=strings)
    after = rewritten(Path("n.ipynb"), text.encode(), {2: [edit(2, 5, 6, "'ö'\nd = 3")], 3: [edit(1, 6, 6, "0")]})
    expected = json.loads(text)
    changed = ["import a\n", "b = 'ö'\n", "d = 3\n"]
    expected["cells"][1]["source"] = "".join(changed) if strings else changed
    expected["cells"][2]["source"] = "c = 20" if strings else ["c = 20"]
    assert json.loads(after) == expected
    assert after.decode() == json.dumps(expected, indent=indent, ensure_ascii=ascii_only)


def test_cells_in_worksheets_count_on() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1"]}]}, {"cells": [{"input": "b"}]}]}
    after = json.loads(rewritten(Path("n.ipynb"), json.dumps(old).encode(), {2: [edit(1, 1, 2, "c")]}))
    assert after["worksheets"][1]["cells"][0]["input"] == "c"
    assert after["worksheets"][0] == old["worksheets"][0]


def test_a_cell_that_is_not_there_is_refused() -> None:
    with pytest.raises(Unchangeable, match="no such cell"):
        rewritten(Path("n.ipynb"), b'{"cells": []}', {1: [edit(1, 1, 1, "x")]})


@given(st.lists(st.text(alphabet='aö\n\\"\u2028', max_size=6), min_size=1, max_size=5), st.data())
def test_a_cell_becomes_what_a_file_would(lines: list[str], data: st.DataObject) -> None:
    """However the source is cut into strings: an edit does to the cell what it does to its text."""
    text = "".join(lines)
    rows = text.split("\n")
    row = data.draw(st.integers(0, len(rows) - 1))
    start = data.draw(st.integers(0, len(rows[row])))
    end = data.draw(st.integers(start, len(rows[row])))
    change = edit(row + 1, start + 1, end + 1, "new\nline")
    cells = json.dumps({"cells": [{"cell_type": "code", "source": lines}]})
    after = json.loads(rewritten(Path("n.ipynb"), cells.encode(), {1: [change]}))
    assert "".join(after["cells"][0]["source"]) == script(text.encode(), change).decode()
