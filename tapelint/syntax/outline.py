"""Where the bodies of functions stand in a text, so that they can be parsed apart from it, and only when needed.

This is told from the words and the indentation alone, at a hundredth of what parsing costs. Whatever is cut wrongly
leaves brackets or strings open on both sides, so that the rest does not parse, and then the text is parsed whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

# Parsing a shorter body apart costs more than it saves.
SHORTEST = 160

_HIDDEN = re.compile(
    r"""'''(?:[^\\']|\\.|'(?!''))*'''  |  "{3}(?:[^\\"]|\\.|"(?!""))*"{3}
    |  '(?:[^\\'\n]|\\.)*'  |  "(?:[^\\"\n]|\\.)*"  |  \#[^\n]*  |  \\\r?\n""",
    re.VERBOSE | re.DOTALL,
)
_HEADER = re.compile(r"^(?P<indent>[ \t]*)(?P<is_async>async[ \t]+)?def[ \t]+(?P<name>\w+)", re.MULTILINE)
_MARK = re.compile(r"[()\[\]{}:]")
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Body:
    """The lines below the header of a function that stands in no other function; `start` and `end` are offsets."""

    name: str
    indent: str
    is_async: bool
    start: int
    end: int

    @property
    def is_long(self) -> bool:
        return self.end - self.start >= SHORTEST


def without_text(source: str) -> str:
    """`source` with its strings and comments blotted out; every other character keeps its place."""
    return _HIDDEN.sub(_blot, source)


def _blot(hidden: re.Match[str]) -> str:
    text = hidden[0]
    # A string is still something that stands there; a comment or a continued line is not.
    return (" " if text[0] in "#\\" else '"') * len(text)


def bodies(source: str) -> list[Body]:
    """The bodies of all functions that stand in no other function, in order."""
    if "\r" in source.replace("\r\n", ""):
        return []  # lines that end in a lone carriage return
    return list(_bodies(without_text(source)))


def _bodies(bare: str) -> Iterator[Body]:
    offset = 0
    while header := _HEADER.search(bare, offset):
        colon = _header_end(bare, header.end())
        first_line = _LINE.match(bare, colon)
        assert first_line is not None  # it matches everywhere
        start = end = first_line.end()
        if not first_line[0].strip():
            after = _dedent(header["indent"]).search(bare, start)
            end = after.start() if after else len(bare)
        yield Body(header["name"], header["indent"], header["is_async"] is not None, start, end)
        offset = max(end, header.end())


def _header_end(bare: str, offset: int) -> int:
    """The offset behind the colon of a header; the end of the text if there is none."""
    depth = 0
    for mark in _MARK.finditer(bare, offset):
        if mark[0] in "([{":
            depth += 1
        elif mark[0] in ")]}":
            depth -= 1
        elif depth == 0:
            return mark.end()
    return len(bare)


@cache
def _dedent(indent: str) -> re.Pattern[str]:
    """Finds the first line that is not indented more than `indent`."""
    return re.compile(rf"^(?!{indent}[ \t])(?=[ \t]*\S)", re.MULTILINE)
