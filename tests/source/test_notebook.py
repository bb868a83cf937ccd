"""Notebooks become one text, from which every position leads back to its cell."""

import json
from pathlib import Path
from typing import Any

import pytest

from tapelint.source.document import SEPARATOR, Document, OtherLanguage, UndecodableSource
from tapelint.source.notebook import read_notebook
from tapelint.source.span import Position, Span
from tests.notebooks import notebook

PATH = Path("demo.ipynb")


def read(content: str | bytes | dict[str, Any] | list[Any]) -> Document:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return read_notebook(PATH, text.encode() if isinstance(text, str) else text)


def code(source: object, **more: object) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}


def texts(document: Document) -> list[str]:
    return [text.removesuffix("\n") for _, text in document.pieces]


def where(document: Document, word: str) -> tuple[int | None, int, int]:
    """The cell, line and column of a word of the text."""
    line, text = next((number, line) for number, line in enumerate(document.lines, 1) if word in line)
    start = Position(line, text.index(word) + 1)
    cell, span = document.locate(Span(start, Position(line, start.column + len(word))))
    return cell, span.start.line, span.start.column


def test_code_cells_are_one_text_and_know_their_numbers() -> None:
    document = read(notebook("a = 1\nb = 2", "# Title", "", "if a:\n    c = 3", prose=[2]))
    assert [(part.cell, part.count) for part in document.parts] == [(1, 2), (3, 1), (4, 2)]
    assert document.text.split(SEPARATOR) == ["a = 1\nb = 2\n", "\n\n", "\nif a:\n    c = 3\n"]
    assert (where(document, "b"), where(document, "c")) == ((1, 2, 1), (4, 2, 5))
    assert document.lines_of(4) == ("if a:", "    c = 3")


def test_a_source_may_be_a_list_of_lines() -> None:
    assert texts(read({"cells": [code(["a = 1\n", "b = 2"])]})) == ["a = 1\nb = 2"]


def test_line_ends_of_other_systems() -> None:
    assert texts(read({"cells": [code("a = 1\r\nb = 2\rc = 3")]})) == ["a = 1\nb = 2\nc = 3"]


def test_a_span_ends_in_its_cell() -> None:
    document = read(notebook("a = 1", "b = 2"))
    assert document.locate(Span(Position(1, 5), Position(3, 1))) == (1, Span(Position(1, 5), Position(1, 6)))


def test_a_line_of_a_cell_is_found_in_the_text() -> None:
    document = read(notebook("a = 1", "b = 2\nc = 3"))
    assert (document.line(2, 2), document.line(1, 1)) == (4, 1)


@pytest.mark.parametrize("version", [2, 3])
def test_older_versions_have_worksheets(version: int) -> None:
    cells = [
        {"cell_type": "heading", "level": 1, "source": "Title"},
        {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "language": "python", "outputs": [], "prompt_number": 1},
        {"cell_type": "code", "input": "puts 1", "language": "ruby", "outputs": []},
    ]
    document = read({"nbformat": version, "worksheets": [{"cells": cells}, {"cells": [cells[1]]}]})
    assert [(part.cell, part.count) for part in document.parts] == [(2, 2), (4, 2)]


class TestOrder:
    def test_counts_that_tell_another_order_are_followed(self) -> None:
        document = read(notebook("x = 1", "y = 2", "", "z = 3", counts=[2, 3, None, 1]))
        assert texts(document) == ["z = 3", "x = 1", "y = 2"]
        assert [where(document, name) for name in "xyz"] == [(1, 1, 1), (2, 1, 1), (4, 1, 1)]

    @pytest.mark.parametrize("counts", [[2, 2, 1], [2, None, 1], [3, 1, 5], [], [0, 2, 1], [-1, 2, 1]])
    def test_others_are_not(self, counts: list[int | None]) -> None:
        cells = [
            code(f"{name} = 1", execution_count=count)
            for name, count in zip("abc", [*counts, *[None] * 3], strict=False)
        ]
        assert texts(read({"cells": cells})) == ["a = 1", "b = 1", "c = 1"]


class TestLanguage:
    @pytest.mark.parametrize(
        "metadata",
        [
            {},
            {"kernelspec": {"name": "python3"}},
            {"kernelspec": {"language": "python"}, "language_info": {"name": "ipython"}},
            {"language_info": {"name": "Python", "version": "3.11"}},
            {"kernelspec": None, "language_info": []},
        ],
    )
    def test_python(self, metadata: dict[str, Any]) -> None:
        assert texts(read({"cells": [code("a = 1")], "metadata": metadata})) == ["a = 1"]

    @pytest.mark.parametrize("metadata", [{"kernelspec": {"language": "R"}}, {"language_info": {"name": "R"}}])
    def test_another(self, metadata: dict[str, Any]) -> None:
        with pytest.raises(OtherLanguage, match="the notebook is in R"):
            read({"cells": [code("a <- 1")], "metadata": metadata})

    def test_of_one_cell(self) -> None:
        cells = [code("select 1", metadata={"vscode": {"languageId": "sql"}}), code("a = 1")]
        assert texts(read({"cells": cells})) == ["a = 1"]


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "the notebook is empty"),
            ("  \n", "the notebook is empty"),
            ('{"cells": [', r"its JSON is not valid at line 1, column 12"),
            ("import tensorflow as tf\n", "its JSON is not valid at line 1, column 1"),
            (b'{"cells": "\xff"}', r"byte 11 is not valid utf-8"),
            ([], "its JSON is not an object"),
            ({}, "it has no list of cells"),
            ({"cells": {}}, "it has no list of cells"),
            ({"cells": ["a"]}, "it has no list of cells"),
            ({"worksheets": [{}]}, None),
            ({"cells": [code(1)]}, "the source of cell 1 is no text"),
            ({"cells": [code(["a", 1])]}, "the source of cell 1 is no text"),
            ("[" * 100_000, "nested too deep"),
        ],
    )
    def test_it_is_told(self, content: object, message: str | None) -> None:
        if message is None:
            assert read(content).parts == ()  # type: ignore[arg-type]
            return
        with pytest.raises(UndecodableSource, match=message):
            read(content)  # type: ignore[arg-type]

    def test_a_byte_order_mark_is_none(self) -> None:
        assert texts(read(b"\xef\xbb\xbf" + notebook("a = 1").encode())) == ["a = 1"]

    def test_half_a_character_is_none(self) -> None:
        assert texts(read('{"cells": [{"cell_type": "code", "source": "a = \'\\ud800\'"}]}')) == ["a = '\ufffd'"]

    def test_an_empty_notebook_is_none(self) -> None:
        assert (read(notebook()).text, read(notebook()).parts) == ("", ())
