"""The Python that Markdown quotes becomes one text, from which every position leads back to its line."""

from pathlib import Path

import pytest

from tapelint.source.document import SEPARATOR, Document
from tapelint.source.snippets import read_markdown
from tapelint.source.span import Position, Span


def read(text: str) -> Document:
    return read_markdown(Path("README.md"), text.encode())


def where(document: Document, word: str) -> tuple[int, int]:
    line, text = next((number, line) for number, line in enumerate(document.lines, 1) if word in line)
    start = Position(line, text.index(word) + 1)
    cell, span = document.locate(Span(start, start))
    assert cell is None
    return span.start.line, span.start.column


def test_blocks_are_put_together_and_prose_is_left_out() -> None:
    document = read("# a = 0\n\n```python\na = 1\n```\n\n```sh\nb = 2\n```\n\n~~~py\nc = 3\n\nd = 4\n~~~\n")
    assert document.text == f"a = 1\n{SEPARATOR}\nc = 3\n\nd = 4\n"
    assert [(part.at, part.count) for part in document.parts] == [(4, 1), (12, 3)]
    assert [where(document, name) for name in "acd"] == [(4, 1), (12, 1), (14, 1)]
    assert document.line(None, 14) == 5


def test_indentation_of_the_block_and_of_its_code_is_taken_off() -> None:
    document = read("1. item\n\n   ```python\n       a = 1\n       b = [\n     2]\n   ```\n")
    assert document.lines == ("a = 1", "b = [", "  2]")
    assert [where(document, word) for word in ("a", "b", "2")] == [(4, 8), (5, 8), (6, 6)]


def test_what_a_list_item_ends_is_a_block_too() -> None:
    document = read("- ```python\n  x = 1\n\nprose\n\n```python\ny = 2\n")
    assert [where(document, name) for name in "xy"] == [(2, 3), (7, 1)]


@pytest.mark.parametrize("head", [":tags: [hide]\n:name: a\n", "---\ntags: [hide]\n---\n"])
def test_options_at_the_head_of_a_block_are_no_code(head: str) -> None:
    document = read(f"```{{code-cell}} python\n{head}a = 1\n```\n")
    assert document.text.split() == ["a", "=", "1"]
    assert where(document, "a") == (2 + head.count("\n"), 1)


def test_commands_are_understood() -> None:
    document = read("```python\n!pip install a\nb = 1\n```\n")
    assert document.lines == ("get_ipython().system('pip install a')", "b = 1")
    assert document.lines_of(None)[1] == "!pip install a"


@pytest.mark.parametrize(
    ("code", "whole"),
    [("a = 1", True), ("a = b[..., 0]", True), ("a = 1\n...", False), ("# ...", False), ("f(a, …)", False)],
)
def test_what_is_left_out_is_known(code: str, whole: bool) -> None:
    document = read(f"# The rest …\n\n```python\nx = 1\n```\n\n```python\n{code}\n```\n")
    assert document.whole is whole
    assert document.only(document.parts[:1]).whole


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"```python\n\xff = 1\n```\n", b"```python", b"```python\n```\n", b"\xef\xbb\xbf# a"]
)
def test_any_bytes_are_markdown(data: bytes) -> None:
    assert read_markdown(Path("a.md"), data).quotes
