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

    With a `cell`, the 1-based one of its notebook, lines are counted inside the part; without, they are the file's.
    """

    first: int
    count: int
    cell: int | None = None

    @property
    def last(self) -> int:
        return self.first + self.count - 1


@dataclass(frozen=True)
class Document:
    """The Python text of one source file, or of an editor's buffer under that file's name, and the way back to it.

    A file that is Python and nothing else has no parts. The text of any other is put together from its parts, line by
    line; `written` are its lines as they stand in the file, before commands and indentation that are not Python's were
    taken out, and `shifts` how many columns a line has lost at its start.
    """

    path: Path
    text: str
    parts: tuple[Part, ...] = ()
    written: tuple[str, ...] | None = None
    shifts: Mapping[int, int] = field(default_factory=dict, hash=False)
    shows_values: bool = False
    """Whether an expression that stands alone shows its value to whoever runs it."""
    quotes: bool = False
    """Whether the parts are quoted in a text about programs, which may leave out what everybody knows."""

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

    @cached_property
    def pieces(self) -> tuple[tuple[int, str], ...]:
        """The texts that are programs by themselves, each with the line it begins on."""
        if not self.parts:
            return ((1, self.text),)
        return tuple((part.first, self._text_of(part)) for part in self.parts)

    def locate(self, span: Span) -> tuple[int | None, Span]:
        """Where a span of the text stands in the file: its cell, and the span there."""
        part = self._part(span.start.line)
        end = min(span.end, Position(part.last, len(self._written[part.last - 1]) + 1)) if part else span.end
        before = part.first - 1 if part and part.cell else 0
        start = Position(span.start.line - before, self._column(span.start))
        return part.cell if part else None, Span(start, max(start, Position(end.line - before, self._column(end))))

    def line(self, cell: int | None, line: int) -> int:
        """The line of the text that a line of the file, or of one of its cells, has become."""
        return next((part.first - 1 + line for part in self.parts if cell is not None and part.cell == cell), line)

    def lines_of(self, cell: int | None) -> Sequence[str]:
        """The lines of the file, or of one of its cells, as they stand there."""
        for part in self.parts:
            if cell is not None and part.cell == cell:
                return self._written[part.first - 1 : part.last]
        return self._written

    def without(self, left_out: Mapping[Part, str]) -> "Document":
        """The document with other lines in place of some parts; a replacement has no more lines than its part."""
        lines = list(self.lines)
        for part, replacement in left_out.items():
            told = replacement.split("\n")
            lines[part.first - 1 : part.last] = [*told, *[""] * (part.count - len(told))]
        return dataclasses.replace(self, text="".join(f"{line}\n" for line in lines), written=self._written)

    def _text_of(self, part: Part) -> str:
        return "".join(f"{line}\n" for line in self.lines[part.first - 1 : part.last])

    def _part(self, line: int) -> Part | None:
        return next((part for part in self.parts if part.first <= line <= part.last), None)

    def _column(self, position: Position) -> int:
        return position.column + self.shifts.get(position.line, 0)

    @property
    def _written(self) -> tuple[str, ...]:
        return self.lines if self.written is None else self.written
