"""Fixes are made together where they do not touch, in turn where they do, and not at all where they spoil the text."""

from collections.abc import Sequence
from pathlib import Path

from tapelint.finding import Finding, Fix, Place, Safety
from tapelint.run.fix import Mending, key, mend
from tapelint.run.outcome import Outcome
from tapelint.source.disk import Files
from tapelint.source.edit import Edit
from tapelint.source.span import Position, Span

PATH = Path("train.py")
RULES = {"a": ("b", "safe"), "x": ("y y", "unsafe"), "p": ("p", "safe"), "l": ("ll", "safe"), "n": (")", "safe")}


def found(data: bytes) -> list[Finding]:
    """A linter for words: each letter that RULES knows is to become something else."""
    return [
        _finding(line, column, letter, *RULES[letter])
        for line, text in enumerate(data.decode().splitlines(), 1)
        for column, letter in enumerate(text, 1)
        if letter in RULES
    ]


def _finding(line: int, column: int, letter: str, text: str, safety: str) -> Finding:
    span = Span(Position(line, column), Position(line, column + 1))
    known: Safety = "safe" if safety == "safe" else "unsafe"
    return Finding("unreduced-loss", Place(PATH, span), letter, "error", fix=Fix(letter, known, (Edit(span, text),)))


def mended(text: str, *, unsafe: bool = True, without: Sequence[str] = ()) -> Mending:
    def lint(files: Files) -> Outcome:
        return Outcome().with_findings(tuple(found(files.read(PATH))))

    keys = [(PATH, "unreduced-loss", letter) for letter in without]
    return mend(lint, unsafe=unsafe, without=keys, files=Files({PATH: text.encode()}))


def after(mending: Mending) -> str | None:
    return mending.changes[PATH].after.decode() if mending.changes else None


def test_fixes_that_do_not_touch_are_made_together() -> None:
    mending = mended("a = a\n")
    assert after(mending) == "b = b\n"
    assert [finding.place.span.start.column for finding in mending.applied] == [1, 5]
    assert not mending.outcome.findings


def test_fixes_that_touch_are_made_one_after_the_other() -> None:
    assert after(mended("aa = aaa\n")) == "bb = bbb\n"


def test_unsafe_fixes_are_made_only_when_they_are_wanted() -> None:
    assert after(mended('"ax"\n', unsafe=False)) == '"bx"\n'
    assert after(mended('"ax"\n')) == '"by y"\n'


def test_what_spoils_the_text_is_dropped_and_told() -> None:
    mending = mended("a = n\n")
    assert after(mending) == "b = n\n"
    ((finding, reason),) = mending.dropped
    assert finding.message == "n"
    assert reason.startswith("what it makes is not Python")


def test_a_fix_that_leaves_its_finding_is_not_made_again() -> None:
    mending = mended("a = p\n")
    assert after(mending) == "b = p\n"
    assert [(finding.message, reason) for finding, reason in mending.dropped] == [("p", "its finding is still there")]


def test_a_fix_that_makes_more_of_its_kind_ends() -> None:
    assert after(mended("l = 1\n")) == "ll = 1\n"


def test_findings_can_be_left_alone() -> None:
    mending = mended("a = d(x)\n", without=["x"])
    assert after(mending) == "b = d(x)\n"
    assert [key(finding)[2] for finding in mending.outcome.findings] == ["x"]


def test_nothing_to_do_changes_nothing() -> None:
    mending = mended("d = 1\n")
    assert mending.changes == {}
    assert mending.applied == ()
