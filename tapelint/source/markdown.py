"""The fenced code blocks of a Markdown text, each with the headings it stands under.

CommonMark's fences, also inside list items. Block quotes, HTML blocks and underlined headings are not looked at: what
stands there is prose to us.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TAB = 4
_OPENING = re.compile(r"(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
_HEADING = re.compile(r"(?P<marks>#{1,6})(?:[ \t]+(?P<title>.*?))??(?:[ \t]+#+)?[ \t]*$")
_LIST_MARKER = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)")
_LABEL = re.compile(r"`(?P<file>[^`]+)`:$")


@dataclass(frozen=True, slots=True)
class Heading:
    """A line such as `## Instead`."""

    level: int
    title: str
    line: int


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced code block; `line` is the 1-based line of the Markdown text that its content starts on.

    `indent` is how many columns the text's lines have lost at most, `headings` the path from the outermost heading to
    the nearest one, and `file` the name that the line before the block gives it, as in `` `steps.py`: ``.
    """

    info: str
    text: str
    line: int
    indent: int
    headings: tuple[Heading, ...]
    file: str | None

    @property
    def language(self) -> str:
        """The first word of the info string."""
        return self.info.partition(" ")[0]


@dataclass(slots=True)
class _Context:
    """What the lines read so far mean for the next one."""

    headings: list[Heading] = field(default_factory=list)
    item_columns: list[int] = field(default_factory=list)
    """Where the content of each open list item starts, outermost first."""
    in_paragraph: bool = False
    label: str | None = None

    @property
    def column(self) -> int:
        """Where content starts inside the innermost open list item."""
        return self.item_columns[-1] if self.item_columns else 0


def fences(text: str) -> Iterator[Fence]:
    """The fenced code blocks of a Markdown text, from top to bottom."""
    lines = [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
    context = _Context()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.strip():
            context.in_paragraph = False
            continue
        column, rest = _enter_items(line, context)
        opening = _OPENING.match(rest) if column - context.column < _TAB else None
        if opening is None:
            _read_prose(column, rest, number, context)
            continue
        body, following = _body(lines, number, opening["fence"], context.column)
        yield Fence(
            info=opening["info"].strip(),
            text="".join(_without_indent(line, column) + "\n" for line in body),
            line=number + 1,
            indent=column,
            headings=tuple(context.headings),
            file=context.label,
        )
        context.label = None
        context.in_paragraph = False
        number = following


def _enter_items(line: str, context: _Context) -> tuple[int, str]:
    """Closes and opens list items as the line demands; returns the column and text of what it says inside them."""
    column, rest = _indent(line)
    kept = [item for item in context.item_columns if item <= column]
    if kept != context.item_columns:
        if context.in_paragraph and not _starts_block(column - (kept[-1] if kept else 0), rest):
            return column, rest
        context.item_columns = kept
        context.in_paragraph = False
    while (marker := _marker(column - context.column, rest)) and not (context.in_paragraph and _too_weak(marker, rest)):
        gap, rest_inside = _indent(rest[marker.end() :])
        if not 1 <= gap <= _TAB:
            rest_inside = " " * (gap - 1) + rest_inside
            gap = 1
        column += marker.end() + gap
        context.item_columns.append(column)
        context.in_paragraph = False
        further, rest = _indent(rest_inside)
        column += further
    return column, rest


def _starts_block(offset: int, rest: str) -> bool:
    """Whether a line is more than the lazy continuation of the paragraph before it."""
    return offset < _TAB and any(each.match(rest) for each in (_OPENING, _HEADING, _LIST_MARKER))


def _marker(offset: int, rest: str) -> re.Match[str] | None:
    return _LIST_MARKER.match(rest) if offset < _TAB else None


def _too_weak(marker: re.Match[str], rest: str) -> bool:
    """Whether a marker cannot begin a list in the middle of a paragraph: it has no text, or a number other than 1."""
    return not rest[marker.end() :].strip() or (marker[0][0].isdigit() and marker[0][:-1] != "1")


def _read_prose(column: int, rest: str, number: int, context: _Context) -> None:
    """Takes from a line outside every block what the blocks after it need: its heading or its file name."""
    label = _LABEL.match(rest.rstrip())
    context.label = label["file"] if label else None
    heading = _HEADING.match(rest) if column - context.column < _TAB else None
    context.in_paragraph = bool(rest) and not heading and (context.in_paragraph or column - context.column < _TAB)
    if heading:
        level = len(heading["marks"])
        context.headings = [outer for outer in context.headings if outer.level < level]
        context.headings.append(Heading(level, (heading["title"] or "").strip(), number))


def _body(lines: list[str], start: int, fence: str, column: int) -> tuple[list[str], int]:
    """The lines of a block from index `start`, and the index after its end: a closing fence, or its list item's end."""
    for index in range(start, len(lines)):
        indent, rest = _indent(lines[index])
        if rest and indent < column:
            return lines[start:index], index
        if indent - column < _TAB and rest.startswith(fence) and not rest.rstrip().strip(fence[0]):
            return lines[start:index], index + 1
    return lines[start:], len(lines)


def _indent(line: str) -> tuple[int, str]:
    """The width of the white space a line starts with, and the rest of the line."""
    rest = line.lstrip(" \t")
    return len(line[: len(line) - len(rest)].expandtabs(_TAB)), rest


def _without_indent(line: str, columns: int) -> str:
    """The line without its first columns, as far as they are blank."""
    width, rest = _indent(line)
    return " " * (width - columns) + rest if columns else line
