"""The child's pen: writes entries to the journal as they happen, and those that keep growing a little later."""

import fcntl
import os
import threading
from collections.abc import Callable

from tapelint.probe.journal import Entry, begun_line, entry_line, fields_line

MOST = 400
"""The entries of one table that are written; a run that has more says so."""


MOST_BYTES = 8 << 20
"""The bytes of one table that are written: a network of a thousand variables makes long entries."""

HIGH = 700


class Scribe:
    """Writes to the journal. Safe to use from several threads, and from an audit hook in the middle of a write."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = _moved(descriptor)
        self._lock = threading.RLock()
        self._growing: dict[tuple[str, int], Callable[[], Entry]] = {}
        self._numbers: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._cut: set[str] = set()

    def number(self, table: str) -> int:
        """A number for a new entry of the table."""
        with self._lock:
            self._numbers[table] = self._numbers.get(table, 0) + 1
            return self._numbers[table]

    def given(self, table: str) -> int:
        """How many numbers of the table have been given so far."""
        return self._numbers.get(table, 0)

    def put(self, table: str, entry: Entry) -> None:
        """Write an entry that is complete."""
        if entry.number > MOST or self._written.get(table, 0) > MOST_BYTES:
            self._note_cut(table)
            return
        line = entry_line(table, entry)
        self._written[table] = self._written.get(table, 0) + len(line)
        self._write(line)

    def grow(self, table: str, number: int, entry: Callable[[], Entry]) -> None:
        """Have an entry written soon that is still changing; `entry` makes it as it is then."""
        if number > MOST:
            self._note_cut(table)
        else:
            with self._lock:
                self._growing[table, number] = entry

    def fields(self, **values: object) -> None:
        """Write fields of the record."""
        self._write(fields_line(**values))

    def begun(self) -> None:
        """Write that the script is running now."""
        self._write(begun_line())

    def flush(self) -> None:
        """Write every entry that has grown."""
        with self._lock:
            growing, self._growing = self._growing, {}
        for (table, _), entry in growing.items():
            self._write(entry_line(table, entry()))

    def _note_cut(self, table: str) -> None:
        if table not in self._cut:
            self._cut.add(table)
            self.fields(cut=tuple(sorted(self._cut)))

    def _write(self, line: bytes) -> None:
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                # The program has closed the descriptor. What was written so far stands.
                self._descriptor = -1


def _moved(descriptor: int) -> int:
    """The descriptor under a number that programs do not close when they tidy up, and that no child inherits."""
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError:
        return descriptor
    os.close(descriptor)
    return moved
