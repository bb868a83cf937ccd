"""A text to lint, and where it came from."""

import dataclasses
import io
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tapelint.source.span import Position, Span

SEPARATOR = "global __tapelint__"
"""A statement that does nothing. Between two parts it keeps either from completing what the other began."""


class UndecodableSource(ValueError):
    """The bytes of a file are not text in the encoding they declare; the message says which and where."""


class OtherLanguage(ValueError):
    """A file holds programs, but not in Python; the message says in which language."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the text that is a piece of program by itself: `count` lines from line `first`.

    It stands in the file from line `at` on; in a notebook, lines are counted in the `cell`, the 1-based one of all.
    `elided` says that something is left out in it, as by `...`.
    """

    first: int = 1
    count: int = 0
    at: int = 1
    cell: int | None = None
    elided: bool = False

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(frozen=True)
class Document:
    """The Python text of one source file, or of an editor's buffer under that file's name, and the way back to it.

    A file that is Python and nothing else has no parts. The text of any other is put together from its parts, line by
    line, with a separator between each two. `written` are the lines of the file, or of each of its cells, as they stand
    there, before commands and indentation that are not Python's were taken out, and `shifts` how many columns a line of
    the text has lost at its start.
    """

    path: Path
    text: str
    parts: tuple[Part, ...] = ()
    written: Mapping[int | None, tuple[str, ...]] = field(default_factory=dict, hash=False)
    shifts: Mapping[int, int] = field(default_factory=dict, hash=False)
    shows_values: bool = False
    """Whether an expression that stands alone shows its value to whoever runs it."""
    quotes: bool = False
    """Whether the parts are quoted in a text about programs, which may leave out what everybody knows."""
    lacks_parts: bool = False
    """Whether some parts were taken out of the text."""
    file_lines: Mapping[int, Sequence[int]] = field(default_factory=dict, hash=False)
    """For each cell of a notebook, the line of the file that each of its lines stands on, as far as somebody asked."""

    @classmethod
    def decode(cls, path: Path, data: bytes) -> "Document":
        """The document in a file of Python, honouring a byte order mark and a PEP 263 coding line.

        Raises UndecodableSource for binary data, an unknown encoding or bytes that the encoding does not have.
        """
        if b"\0" in data:
            raise UndecodableSource("the file is binary: it contains NUL bytes")
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            return cls(path, data.decode(encoding))
        except SyntaxError as error:
            raise UndecodableSource(error.msg) from None
        except UnicodeDecodeError as error:
            raise UndecodableSource(
                f"byte {error.start} (0x{data[error.start]:02x}) is not valid {error.encoding}"
            ) from None

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends; `lines[n - 1]` is line `n`."""
        return tuple(line.rstrip("\r\n") for line in io.StringIO(self.text, newline=None))

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.lacks_parts and not any(part.elided for part in self.parts)

    @cached_property
    def pieces(self) -> tuple[tuple[int, str], ...]:
        """The texts that are programs by themselves, each with the line it begins on."""
        if not self.parts:
            return ((1, self.text),)
        return tuple((part.first, self.text_of(part)) for part in self.parts)

    def text_of(self, part: Part) -> str:
        return "".join(f"{line}\n" for line in self.lines[part.first - 1 : part.last])

    def locate(self, span: Span) -> tuple[int | None, Span]:
        """Where a span of the text stands in the file: its cell, and the span there."""
        part = next((part for part in self.parts if part.first <= span.start.line <= part.last), None)
        if part is None:
            return None, span
        end = min(span.end, Position(part.last, len(self.lines[part.last - 1]) + 1))
        return part.cell, Span(
            self._there(part, span.start), max(self._there(part, span.start), self._there(part, end))
        )

    def line(self, cell: int | None, line: int) -> int:
        """The line of the text that a line of the file, or of one of its cells, has become."""
        for part in self.parts:
            if part.cell == cell and part.at <= line < part.at + part.count:
                return line - part.at + part.first
        return line

    def lines_of(self, cell: int | None) -> Sequence[str]:
        """The lines of the file, or of one of its cells, as they stand there."""
        return self.written.get(cell, self.lines)

    def without(self, left_out: Mapping[Part, str]) -> "Document":
        """The document with another text, of as many lines at most, in place of some parts."""
        lines = list(self.lines)
        for part, replacement in left_out.items():
            told = replacement.split("\n")
            lines[part.first - 1 : part.last] = [*told, *[""] * (part.count - len(told))]
        return dataclasses.replace(self, text="".join(f"{line}\n" for line in lines), lacks_parts=True)

    def only(self, parts: Sequence[Part]) -> "Document":
        """The document with no other parts than these, which follow each other."""
        before = parts[0].first - 1
        return dataclasses.replace(
            self,
            text="".join(f"{line}\n" for line in self.lines[before : parts[-1].last]),
            parts=tuple(dataclasses.replace(part, first=part.first - before) for part in parts),
            shifts={line - before: columns for line, columns in self.shifts.items() if line > before},
        )

    def _there(self, part: Part, position: Position) -> Position:
        shift = self.shifts.get(position.line, 0)
        return Position(position.line - part.first + part.at, position.column + shift)


class Assembly:
    """A text in the making, part by part."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.parts: list[Part] = []
        self.shifts: dict[int, int] = {}

    def add(self, lines: Sequence[str], shifts: Mapping[int, int], part: Part) -> None:
        """Takes in the lines of a part, whose place in the text is found here; `shifts` counts them from 0."""
        if self.lines:
            self.lines.append(SEPARATOR)
        placed = dataclasses.replace(part, first=len(self.lines) + 1, count=len(lines))
        self.parts.append(placed)
        self.shifts.update({placed.first + index: columns for index, columns in shifts.items()})
        self.lines += lines

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)
