"""The journal of a run: any beginning of it makes a record, and nothing in it can break one."""

import pytest

from tapelint.probe.journal import FIELDS, TABLES, Ledger, begun_line, entry_line, fields_line
from tapelint.record import Denial, Guard, Record, Replacement, Site

START = Record("train.py", (), False, "unstarted", "", 0.0)
WHERE = Site("/train.py", 3, 1, 3, 9, "<module>", 1, 9)


def denial(number: int, times: int = 1) -> Denial:
    return Denial(number, "use the network", "example.org", WHERE, times)


JOURNAL = b"".join(
    [
        fields_line(guards=[Guard("landlock", True, "version 7")]),
        begun_line(),
        entry_line("denials", denial(2)),
        entry_line("denials", denial(1)),
        entry_line("replacements", Replacement(1, "mnist", "noise", None)),
        entry_line("denials", denial(2, times=5)),
        fields_line(end="finished", detail="", where=WHERE, updates=3),
    ]
)


def read(*pieces: bytes) -> Record:
    ledger = Ledger()
    for piece in pieces:
        ledger.feed(piece)
    return ledger.record(START)


def test_lines_add_up_to_a_record() -> None:
    record = read(JOURNAL)
    assert record.guards == (Guard("landlock", True, "version 7"),)
    assert record.denials == (denial(1), denial(2, times=5))
    assert record.replacements == (Replacement(1, "mnist", "noise", None),)
    assert (record.end, record.updates, record.where) == ("finished", 3, WHERE)
    assert record.script == "train.py"


def test_the_pieces_may_end_anywhere() -> None:
    assert read(*(JOURNAL[index : index + 1] for index in range(len(JOURNAL)))) == read(JOURNAL)


@pytest.mark.parametrize("length", range(0, len(JOURNAL), 37))
def test_every_beginning_is_a_record(length: int) -> None:
    record = read(JOURNAL[:length])
    assert set(record.denials) <= {denial(1), denial(2), denial(2, times=5)}


def test_it_is_known_whether_the_script_has_begun() -> None:
    ledger = Ledger()
    ledger.feed(fields_line(updates=0))
    assert not ledger.begun
    ledger.feed(begun_line())
    assert ledger.begun


@pytest.mark.parametrize(
    "junk",
    [
        b"not JSON\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"7\n",
        b"null\n",
        b'"begun"\n',
        b'{"table": "denials"}\n',
        b'{"table": "nothing", "entry": {}}\n',
        b'{"table": ["denials"], "entry": {}}\n',
        b'{"table": "denials", "entry": {"number": 1}}\n',
        b'{"fields": {"end": "bored"}}\n',
        b'{"fields": {"nothing": 1}}\n',
        b'{"fields": 3}\n',
        b'{"table": "denials", "entry": \n',
    ],
)
def test_what_else_is_written_there_is_left_out(junk: bytes) -> None:
    assert read(JOURNAL, b"\n", junk) == read(JOURNAL)
    assert read(junk, JOURNAL) == read(JOURNAL)


def test_tables_and_fields_are_the_parts_of_a_record() -> None:
    assert {"gradients", "applications", "pipelines", "fits", "denials"} <= TABLES.keys()
    assert {"end", "guards", "exception", "updates"} <= FIELDS.keys()
    assert not TABLES.keys() & FIELDS.keys()
