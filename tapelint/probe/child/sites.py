"""Where in the user's code things happen."""

import itertools
import linecache
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType, TracebackType

from tapelint.record import Caller, Site

MOST_CALLERS = 8


class Sites:
    """Tells the user's code from libraries, and says where in it the program is."""

    def __init__(self, script: str, roots: tuple[str, ...]) -> None:
        self._script = script
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
            self._owned[name] = name == self._script or self._is_own(name)
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

    def of_code(self, code: CodeType) -> Site | None:
        """The first line of a function of the user's; None for a function of a library's."""
        if code.co_filename != self._script and not self._is_own(code.co_filename):
            return None
        first, last = _extent(code)
        length = len(linecache.getline(code.co_filename, first).rstrip("\r\n"))
        return Site(code.co_filename, first, 1, first, length + 1, code.co_qualname, first, last)

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
        return Site(code.co_filename, line, column, end_line, end_column, code.co_qualname, first, last, tuple(callers))

    def _caller(self, frame: FrameType) -> Caller:
        name = frame.f_code.co_filename
        if name not in self._generated:
            return Caller(name, frame.f_lineno)
        code, lines = self._generated[name]
        return Caller(code.co_filename, _origin(lines, frame.f_lineno))

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
