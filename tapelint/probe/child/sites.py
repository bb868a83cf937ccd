"""Where in the user's code things happen."""

import itertools
import linecache
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FrameType, TracebackType

from tapelint.probe.child.program import Text
from tapelint.record import Caller, Site

MOST_CALLERS = 8


class Sites:
    """Tells the user's code from libraries, and says where in it the program is."""

    def __init__(self, texts: Mapping[str, Text], roots: tuple[str, ...]) -> None:
        self._texts = texts
        self._roots = tuple(root.rstrip("/") + "/" for root in roots)
        names = ("stdlib", "platstdlib", "purelib", "platlib")
        libraries = {sysconfig.get_paths()[name] for name in names}
        libraries.add(str(Path(__file__).parents[2]))
        self._libraries = tuple(library + "/" for library in libraries)
        self._owned: dict[str, bool] = {}
        self._positions: dict[tuple[CodeType, int], tuple[int, int, int, int]] = {}
        self._generated: dict[str, tuple[CodeType, dict[int, int]]] = {}

    def learn(self, generated: str, origin: CodeType, lines: dict[int, int]) -> None:
        """Take a file that TensorFlow has generated from a function of code `origin`; `lines` leads back there."""
        self._generated[generated] = origin, lines
        self._owned[generated] = self.of_code(origin) is not None

    def owns(self, frame: FrameType | None) -> bool:
        """Whether the frame runs code of the user's."""
        if frame is None:
            return False
        name = frame.f_code.co_filename
        if name not in self._owned:
            self._owned[name] = name in self._texts or self._is_own(name)
        return self._owned[name]

    def here(self) -> Site | None:
        """The innermost place in the user's code that is running now."""
        return self.of_frame(sys._getframe(1))

    def line(self) -> Caller | None:
        """The line of the innermost place in the user's code that is running now."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not self.owns(frame):
            frame = frame.f_back
        return self._caller(frame) if frame is not None else None

    def of_frame(self, frame: FrameType | None) -> Site | None:
        """The innermost place in the user's code from this frame outward."""
        while frame is not None and not self.owns(frame):
            frame = frame.f_back
        return self._site(frame, frame.f_lasti) if frame is not None else None

    def frames(self) -> list[FrameType]:
        """The frames of the user's code that are running now, innermost first."""
        found = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if self.owns(frame):
                found.append(frame)
            frame = frame.f_back
        return found

    def own(self, *through: str) -> bool:
        """Whether the function that asks was called by the user's code, or by it `through` files of these names."""
        hook = sys._getframe(1).f_code.co_filename
        frame = sys._getframe(1).f_back
        while frame is not None and (
            frame.f_code.co_filename == hook or any(part in frame.f_code.co_filename for part in through)
        ):
            frame = frame.f_back
        return self.owns(frame)

    def of_traceback(self, traceback: TracebackType | None) -> Site | None:
        """The innermost place in the user's code that an exception went through."""
        found = None
        while traceback is not None:
            if self.owns(traceback.tb_frame):
                found = traceback
            traceback = traceback.tb_next
        return self._site(found.tb_frame, found.tb_lasti) if found is not None else None

    def of_error(self, error: BaseException) -> Site | None:
        """The innermost place in the user's code that an exception went through, or where it cannot be compiled."""
        where = self.of_traceback(error.__traceback__)
        if where is None and isinstance(error, SyntaxError) and error.lineno and error.filename in self._texts:
            text = self._text(error.filename or "")
            line, column = error.lineno, (error.offset or 1) + text.shifts.get(error.lineno, 0)
            return Site(text.path, line, column, line, column, "<module>", 1, line, cell=text.cell)
        return where

    def of_code(self, code: CodeType) -> Site | None:
        """The first line of a function of the user's; None for a function of a library's."""
        if code.co_filename not in self._texts and not self._is_own(code.co_filename):
            return None
        first, last = _extent(code)
        length = len(linecache.getline(code.co_filename, first).rstrip("\r\n"))
        text = self._text(code.co_filename)
        end = length + 1 + text.shifts.get(first, 0)
        return Site(text.path, first, 1, first, end, code.co_qualname, first, last, cell=text.cell)

    def _is_own(self, name: str) -> bool:
        return (
            name.startswith(self._roots)
            and not name.startswith(self._libraries)
            and "site-packages" not in name
            and "dist-packages" not in name
        )

    def _site(self, frame: FrameType, instruction: int) -> Site:
        code = frame.f_code
        line, end_line, column, end_column = self._position(code, instruction)
        if code.co_filename in self._generated:
            code, lines = self._generated[code.co_filename]
            line = end_line = _origin(lines, line)
            column, end_column = 1, len(linecache.getline(code.co_filename, line).rstrip("\r\n")) + 1
        first, last = _extent(code)
        callers: list[Caller] = []
        outer = frame.f_back
        while outer is not None and len(callers) < MOST_CALLERS:
            if self.owns(outer):
                callers.append(self._caller(outer))
            outer = outer.f_back
        text = self._text(code.co_filename)
        column += text.shifts.get(line, 0)
        end_column += text.shifts.get(end_line, 0)
        name, around = code.co_qualname, tuple(callers)
        return Site(text.path, line, column, end_line, end_column, name, first, last, around, text.cell)

    def _caller(self, frame: FrameType) -> Caller:
        name, line = frame.f_code.co_filename, frame.f_lineno
        if name in self._generated:
            code, lines = self._generated[name]
            name, line = code.co_filename, _origin(lines, line)
        text = self._text(name)
        return Caller(text.path, line, text.cell)

    def _text(self, name: str) -> Text:
        return self._texts.get(name) or Text(name)

    def _position(self, code: CodeType, instruction: int) -> tuple[int, int, int, int]:
        key = code, instruction
        if key not in self._positions:
            position = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
            line, end_line, column, end_column = position
            line = line or code.co_firstlineno
            end_line = end_line or line
            self._positions[key] = (
                line,
                end_line,
                _characters(code.co_filename, line, column or 0) + 1,
                _characters(code.co_filename, end_line, end_column or 0) + 1,
            )
        return self._positions[key]


def _origin(lines: dict[int, int], line: int) -> int:
    """The user's line behind a generated one; what has none of its own belongs to the one before it."""
    before = [number for number in lines if number <= line]
    return lines[max(before)] if before else min(lines.values(), default=1)


def _extent(code: CodeType) -> tuple[int, int]:
    lines = [line for _, _, line in code.co_lines() if line]
    nested = [_extent(constant)[1] for constant in code.co_consts if isinstance(constant, CodeType)]
    return code.co_firstlineno, max([code.co_firstlineno, *lines, *nested])


def _characters(path: str, line: int, column: int) -> int:
    """Columns in bytes of UTF-8, as the interpreter counts them, are columns in characters here."""
    return len(linecache.getline(path, line).encode()[:column].decode(errors="replace"))
