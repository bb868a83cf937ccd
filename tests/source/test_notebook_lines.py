"""Every line of a cell is found in the notebook's file."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint.source.notebook_lines import lines_in_file

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\n\n{}[]",:\\'), max_size=40)


def book(*sources: object, indent: int | None = 1) -> bytes:
    cells = [
        {"cell_type": "code", "metadata": {"source": ["no"]}, "outputs": [{"text": ["source", 1e9]}], "source": source}
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=indent).encode()


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_the_file_has_on_the_line_what_the_cell_has_on_its(texts: list[str]) -> None:
    data = book(*(text.replace("\r", "").splitlines(keepends=True) for text in texts))
    rows = data.decode().split("\n")
    found = lines_in_file(data)
    for number, text in enumerate(texts, 1):
        for line, code in enumerate(text.replace("\r", "").split("\n")):
            if code:
                row = json.loads(rows[found[number][line] - 1].strip().removesuffix(","))
                assert code.startswith(row.rstrip("\n"))


def test_a_source_in_one_string_is_on_one_line() -> None:
    data = book("a = 1\nb = 2", "c = 3")
    first, second = (
        next(n for n, row in enumerate(data.decode().split("\n"), 1) if f"{word} =" in row) for word in "ac"
    )
    assert lines_in_file(data) == {1: [first, first], 2: [second]}


def test_a_notebook_on_one_line_has_only_this_one() -> None:
    assert lines_in_file(book(["a\n", "b"], indent=None)) == {1: [1, 1]}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems(end: str) -> None:
    data = book(["a\n", "b"])
    assert lines_in_file(data.replace(b"\n", end.encode())) == lines_in_file(data)


def test_pieces_need_not_be_lines() -> None:
    data = book(["a = ", "1\nb", " = 2\n", "c"])
    start = next(n for n, row in enumerate(data.decode().split("\n"), 1) if "a = " in row)
    assert lines_in_file(data)[1] == [start, start + 1, start + 3]


def test_before_version_4_cells_lay_in_a_worksheet() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a\n", "b"]}]}]}
    assert len(lines_in_file(json.dumps(old, indent=1).encode())[1]) == 2


def test_an_encoding_with_a_mark() -> None:
    assert lines_in_file(b"\xef\xbb\xbf" + book("a")) == lines_in_file(book("a"))
