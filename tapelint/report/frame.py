"""Code frames: the lines that a finding is about, with marks under the characters that are meant.

Everything is measured in terminal cells, because that is what must line up: a tab takes several, a Chinese character
two, a combining accent none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tapelint.report.fold import fold
from tapelint.report.ink import Line, Piece, Role, defuse
from tapelint.source.span import Position, Span

TAB = 4
CUT = "..."
BAR = "| "
LONGEST = 6
"""Lines of a marked span that are all shown; of a longer one the middle is left out."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What to underline, with which character, in which role, and what to write beside it."""

    span: Span
    character: str
    role: Role
    label: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The form shared by the frames of one finding: `gutter` digits for the line numbers, `room` cells for the code."""

    gutter: int
    room: int

    def edge(self, *pieces: Piece) -> Line:
        """A line without a number."""
        return ((" " * self.gutter + " |", "gutter"), *((" ", "plain"),) * bool(pieces), *pieces)

    def gap(self) -> Line:
        """The sign for lines that were left out."""
        return ((CUT.ljust(self.gutter), "gutter"),)

    def draw(self, lines: Sequence[str], mark: Mark, before: int = 0, after: int = 0) -> Iterator[Line]:
        """The marked lines, with up to so many lines around them that are not blank at the edges."""
        span = _inside(lines, mark.span)
        first, last = span.start.line, span.end.line
        left = self._scroll(lines, span, self.room - len(BAR) * (first != last))
        bar = "" if first == last else " " * len(BAR)
        above = [number for number in range(max(1, first - before), first) if lines[number - 1].strip()]
        for number in range(above[0], first) if above else ():
            yield self._code(lines, number, left, bar)
        if first == last:
            yield self._code(lines, first, left)
            yield from self._underline(lines, span, mark, left)
        else:
            yield from self._bracket(lines, span, mark, left)
        reach = range(last + 1, min(len(lines), last + after) + 1)
        below = [number for number in reach if lines[number - 1].strip()]
        for number in range(last + 1, below[-1] + 1) if below else ():
            yield self._code(lines, number, left, bar)

    def _underline(self, lines: Sequence[str], span: Span, mark: Mark, left: int) -> Iterator[Line]:
        line = lines[span.start.line - 1]
        start, end = (_cells(line, position.column) - left for position in (span.start, span.end))
        start = min(max(start, 0), self.room - 1)
        end = min(max(end, start + 1), self.room)
        yield from self._marked((" " * start, "plain"), (mark.character * (end - start), mark.role), mark=mark)

    def _bracket(self, lines: Sequence[str], span: Span, mark: Mark, left: int) -> Iterator[Line]:
        """A span of several lines: a bar along them, from where it starts to where it ends."""
        first, last = span.start.line, span.end.line
        opening = lines[first - 1]
        begins_line = not opening[: span.start.column - 1].strip()
        yield self._code(lines, first, left, "/ " if begins_line else " " * len(BAR), mark.role)
        if not begins_line:
            reach = self._held(_cells(opening, span.start.column) - left)
            yield self.edge((" " + "_" * (reach + 1) + mark.character, mark.role))
        for number in range(first + 1, last + 1):
            if last - first < LONGEST or number - first < LONGEST // 2 or last - number < LONGEST // 2 - 1:
                yield self._code(lines, number, left, BAR, mark.role)
            elif number - first == LONGEST // 2:
                yield self.gap()
        reach = self._held(_cells(lines[last - 1], span.end.column) - left - 1)
        yield from self._marked(("|" + "_" * (reach + 1) + mark.character, mark.role), mark=mark)

    def _held(self, cell: int) -> int:
        """The cell, or the nearest one that is seen beside the bar of a bracket."""
        return min(max(cell, 0), self.room - len(BAR) - 1)

    def _marked(self, *underline: Piece, mark: Mark) -> Iterator[Line]:
        """The underline, and its label beside it or, if that would not fit, below it."""
        drawn = "".join(text for text, _ in underline)
        label = defuse(mark.label)
        if label and len(drawn) + 1 + cell_len(label) <= self.room:
            yield self.edge(*underline, (" " + label, mark.role))
            return
        yield self.edge(*underline)
        begin = len(drawn) - len(drawn.lstrip(" "))
        margin = " " * max(0, min(begin, self.room - cell_len(label)))
        for line in fold(((label, mark.role),), self.room, indent=3) if label else ():
            yield self.edge((margin, "plain"), *line)

    def _code(self, lines: Sequence[str], number: int, left: int, bar: str = "", role: Role = "plain") -> Line:
        code = _crop(_displayed(lines[number - 1]), left, self.room - len(bar))
        return (f"{number:>{self.gutter}} | ", "gutter"), (bar, role), (code, "plain")

    def _scroll(self, lines: Sequence[str], span: Span, room: int) -> int:
        """How many cells to leave out on the left, so that the marked ones are seen, in the middle of their line."""
        line = lines[span.start.line - 1]
        length = cell_len(_displayed(line))
        start = _cells(line, span.start.column)
        end = _cells(line, span.end.column) if span.end.line == span.start.line else length
        if length <= room or end <= room - len(CUT):
            return 0
        margin = (room - min(end - start, room - 2 * len(CUT))) // 2
        return max(0, min(start - margin, length - room))


def _inside(lines: Sequence[str], span: Span) -> Span:
    """The span without what lies beyond the end of the text, and without an end that only touches a line's start."""
    count = len(lines)
    start = Position(min(span.start.line, count), span.start.column)
    end = Position(min(span.end.line, count), span.end.column)
    if end.line > start.line and end.column == 1:
        end = Position(end.line - 1, len(lines[end.line - 2]) + 1)
    return Span(start, max(start, end))


def _cells(line: str, column: int) -> int:
    """The cells that the line's characters before the 1-based column take."""
    return cell_len(_displayed(line[: column - 1]))


def _displayed(line: str) -> str:
    """The line as a terminal shall show it: tabs as spaces, nothing that would command it."""
    head, *rest = line.split("\t")
    shown = defuse(head)
    for part in rest:
        shown += " " * (TAB - cell_len(shown) % TAB) + defuse(part)
    return shown


def _crop(text: str, left: int, room: int) -> str:
    """The cells of the text from `left` on, at most `room` of them, with a sign at each edge that was cut."""
    length = cell_len(text)
    if left == 0 and length <= room:
        return text
    start = left + len(CUT) if left else 0
    end = left + room - len(CUT) if length > left + room else length
    return CUT * bool(left) + _slice(text, start, end) + CUT * (end < length)


def _slice(text: str, start: int, end: int) -> str:
    """The characters in the cells from `start` up to `end`; a space where an edge halves a wide one."""
    if text.isascii():
        return text[start:end]
    kept, cell = "", 0
    for character in text:
        size = cell_len(character)
        if start <= cell and cell + size <= end:
            kept += character
        elif cell < end and cell + size > start:
            kept += " " * (min(cell + size, end) - max(cell, start))
        cell += size
        if cell > end:
            break
    return kept
