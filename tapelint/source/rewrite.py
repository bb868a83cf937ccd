"""The contents of a file after edits, with every byte that no edit touches as it was."""

import codecs
import io
import json
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tapelint.source.edit import Edit, edited
from tapelint.source.formats import is_markdown, is_notebook

_DECODER = json.JSONDecoder(strict=False)
_BLANK = re.compile(r"[ \t\r\n]*")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")


class Unchangeable(ValueError):
    """A file that cannot be changed without loss; the message says why."""


def rewritten(path: Path, data: bytes, edits: Mapping[int | None, Iterable[Edit]]) -> bytes:
    """The contents `data` of a file after the edits of each of its notebook cells, or of its text under None.

    Raises Unchangeable.
    """
    if is_notebook(path):
        return _notebook(data, edits)
    spelling = encoding(path, data)
    try:
        return edited(data.decode(spelling), edits[None]).encode(spelling)
    except UnicodeError as error:
        raise Unchangeable(f"the file cannot be written in its encoding: {error}") from None


def encoding(path: Path, data: bytes) -> str:
    """The encoding of a file that is text, and that was read before."""
    if is_markdown(path):
        return "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def _notebook(data: bytes, edits: Mapping[int | None, Iterable[Edit]]) -> bytes:
    encoding = json.detect_encoding(data)
    text = data.decode(encoding)
    places = list(_sources(text))
    ascii_only = text.isascii() and _ESCAPED.search(text) is not None
    pieces = []
    done = 0
    for cell, changes in sorted(edits.items(), key=lambda item: item[0] or 0):
        if cell is None or cell > len(places) or places[cell - 1] is None:
            raise Unchangeable("the notebook has no such cell")
        start, end = places[cell - 1] or (0, 0)
        pieces += [text[done:start], _respelled(text[start:end], changes, ascii_only)]
        done = end
    return "".join((*pieces, text[done:])).encode(encoding)


def _sources(text: str) -> Iterator[tuple[int, int] | None]:
    """Where the source of each cell stands in the JSON of a notebook; None for a cell without one."""
    members = dict(_members(text, _after_blank(text, 0)))
    if "cells" in members:
        lists = [members["cells"]]
    else:
        sheets = [dict(_members(text, start)) for start, _ in _items(text, members["worksheets"][0])]
        lists = [sheet["cells"] for sheet in sheets if "cells" in sheet]
    for start, _ in lists:
        for cell, _ in _items(text, start):
            inside = dict(_members(text, cell))
            yield inside.get("source", inside.get("input"))


def _members(text: str, position: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """The keys of the JSON object that begins at `position`, and where their values stand."""
    position = _after_blank(text, position + 1)
    while text[position] != "}":
        key, position = _DECODER.raw_decode(text, position)
        start = _after_blank(text, _after_blank(text, position) + 1)
        end = _value_end(text, start)
        yield key, (start, end)
        position = _after_comma(text, end)


def _items(text: str, position: int) -> Iterator[tuple[int, int]]:
    """Where the items of the JSON list that begins at `position` stand."""
    position = _after_blank(text, position + 1)
    while text[position] != "]":
        end = _value_end(text, position)
        yield position, end
        position = _after_comma(text, end)


def _value_end(text: str, start: int) -> int:
    return _DECODER.raw_decode(text, start)[1]


def _after_comma(text: str, position: int) -> int:
    position = _after_blank(text, position)
    return _after_blank(text, position + 1) if text[position] == "," else position


def _after_blank(text: str, position: int) -> int:
    blank = _BLANK.match(text, position)
    return blank.end() if blank else position


def _respelled(raw: str, edits: Iterable[Edit], ascii_only: bool) -> str:
    """The JSON of a changed source, laid out as it was: a string or a list of lines, which may have lines of their own.

    Lines that are still the same are spelled as they were.
    """
    if not raw.startswith("["):
        return json.dumps(edited(json.loads(raw, strict=False), edits), ensure_ascii=ascii_only)
    places = list(_items(raw, 0))
    spelled = {json.loads(raw[start:end], strict=False): raw[start:end] for start, end in places}
    lines = _LINE.findall(edited("".join(json.loads(raw, strict=False)), edits))
    told = [spelled.get(line) or json.dumps(line, ensure_ascii=ascii_only) for line in lines]
    if not places:
        return "[" + ", ".join(told) + "]"
    between = raw[places[0][1] : places[1][0]] if len(places) > 1 else "," + (raw[1 : places[0][0]] or " ")
    return raw[: places[0][0]] + between.join(told) + raw[places[-1][1] :]
