"""The journal of a run: the lines that the child writes while things happen, and what they add up to.

Each line is a JSON object. An entry of a table replaces an earlier one with the same number, fields replace earlier
values. Whatever cuts the run short, the lines up to then make a valid Record.
"""

import dataclasses
import json
from typing import Any, Protocol, get_args, get_type_hints

from tapelint.record import DamagedRecord, Record, plain, revive

TABLES: dict[str, type[Any]] = {
    name: get_args(hint)[0]
    for name, hint in get_type_hints(Record).items()
    if get_args(hint) and "number" in getattr(get_args(hint)[0], "__dataclass_fields__", ())
}
"""The parts of a Record whose entries carry a number, with the type of their entries."""

FIELDS: dict[str, Any] = {name: hint for name, hint in get_type_hints(Record).items() if name not in TABLES}


class Entry(Protocol):
    """Anything that stands in a table."""

    @property
    def number(self) -> int: ...


def entry_line(table: str, entry: Entry) -> bytes:
    """The line that adds or replaces an entry."""
    return _line({"table": table, "entry": plain(entry)})


def fields_line(**values: object) -> bytes:
    """The line that sets fields of the record."""
    return _line({"fields": {name: plain(value) for name, value in values.items()}})


def begun_line() -> bytes:
    """The line that says that the script is running now."""
    return _line({"begun": True})


def _line(value: object) -> bytes:
    # The newline stands on both sides, so that a line which a signal cut off spoils no other.
    return b"\n" + json.dumps(value, allow_nan=False).encode() + b"\n"


class Ledger:
    """What the lines read so far add up to."""

    def __init__(self) -> None:
        self.begun = False
        self.fields: dict[str, Any] = {}
        self._tables: dict[str, dict[int, Any]] = {name: {} for name in TABLES}
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take in a piece of the journal, which may end in the middle of a line. A line nobody can read is left out."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._read(line)

    def record(self, start: Record) -> Record:
        """`start` with everything that the journal says."""
        tables: dict[str, Any] = {
            name: tuple(entries[key] for key in sorted(entries)) for name, entries in self._tables.items()
        }
        return dataclasses.replace(start, **tables, **self.fields)

    def _read(self, line: bytes) -> None:
        # The program under observation could write here too; whatever is not a proper line is none of ours.
        try:
            value = json.loads(line)
            if "begun" in value:
                self.begun = True
            elif "fields" in value:
                for name, part in value["fields"].items():
                    self.fields[name] = revive(FIELDS[name], part, name)
            else:
                entry = revive(TABLES[value["table"]], value["entry"], value["table"])
                self._tables[value["table"]][entry.number] = entry
        except (ValueError, TypeError, KeyError, DamagedRecord, AttributeError):
            return
