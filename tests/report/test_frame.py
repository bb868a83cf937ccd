import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelint.report.frame import Frame, Mark
from tapelint.report.ink import plain
from tapelint.source.document import Document
from tapelint.source.span import Position, Span
from tests.report.cells import between, width
from tests.report.programs import marked


def drawn(text: str, *, room: int = 80, label: str = "", before: int = 0, after: int = 0) -> list[str]:
    """The frame around the mark in the text, as lines."""
    kept, (span,) = marked(text)
    return frame(kept, span, room=room, label=label, before=before, after=after)


def frame(text: str, span: Span, *, room: int, label: str = "", before: int = 0, after: int = 0) -> list[str]:
    lines = Document(Path("train.py"), text).lines
    gutter = len(str(span.end.line))
    return plain(Frame(gutter, room).draw(lines, Mark(span, "^", "error", label), before, after)).splitlines()


def pointed_at(lines: list[str]) -> str:
    """The characters above the carets."""
    for code, carets in itertools.pairwise(lines):
        if found := re.fullmatch(r" *\| ( *)(\^+).*", carets):
            start = code.index("|") + 2 + len(found[1])
            return between(code, start, start + len(found[2]))
    raise AssertionError(f"no carets in {lines}")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("«grads» = tape.gradient(loss, w)", "grads"),
        ("grads = «tape.gradient(loss, w)»", "tape.gradient(loss, w)"),
        ("名前 = «損失»(正解, 予測)", "損失"),
        ("print('\N{ROCKET}\N{ROCKET}', «loss»)", "loss"),
        ("print('e\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}', «loss»)", "loss"),
        ("print('\N{FULLWIDTH LATIN CAPITAL LETTER A}', «'\N{HANGUL SYLLABLE GA}'», 1)", "'\N{HANGUL SYLLABLE GA}'"),
        ("\t\t«loss» = model(x)", "loss"),
        ("if x:\t# 漢\t«loss»", "loss"),
    ],
)
def test_carets_stand_under_the_characters_that_are_meant(text: str, meant: str) -> None:
    assert pointed_at(drawn(text)) == meant


def test_an_emoji_of_several_code_points_takes_two_cells() -> None:
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    heart = "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}"
    assert drawn(f"'{family}', «x»")[1] == "  | " + " " * len("'..', ") + "^"
    assert drawn(f"'{heart}', «x»")[1] == "  | " + " " * len("'..', ") + "^"


def test_an_empty_span_has_one_caret() -> None:
    assert drawn("loss = «»model(x)")[1] == "  |        ^"
    assert drawn("loss = model(x)«»")[1] == "  | " + " " * len("loss = model(x)") + "^"


def test_lines_around_are_shown_but_not_blank_ones_at_the_edges() -> None:
    text = "import a\n\nx = 1\n\ny = «2»\n\n\nz = 3\n"
    assert drawn(text, before=2, after=2) == ["3 | x = 1", "4 |", "5 | y = 2", "  |     ^"]
    assert drawn(text, before=4, after=3)[0] == "1 | import a"
    assert drawn(text, before=4, after=3)[-1] == "8 | z = 3"


def test_a_label_stands_beside_the_carets_or_below_if_it_does_not_fit() -> None:
    assert drawn("x = «grads»", label="1. made here")[1] == "  |     ^^^^^ 1. made here"
    assert drawn("x = «grads»", label="1. made here by the tape", room=20)[1:] == [
        "  |     ^^^^^",
        "  | 1. made here by the",
        "  |    tape",
    ]
    assert drawn("x = tape(«everything»)", label="1. made here", room=24)[1:] == [
        "  |          ^^^^^^^^^^",
        "  |          1. made here",
    ]
    assert drawn("x = tape(«everything»)", label="1. made here", room=20)[2] == "  |         1. made here"


def test_a_span_of_several_lines_has_a_bar_from_its_first_to_its_last_character() -> None:
    text = "import keras\n«model.fit(\n    x,\n    y,\n)»\nprint()\n"
    assert drawn(text, before=1, after=1, label="here") == [
        "1 |   import keras",
        "2 | / model.fit(",
        "3 | |     x,",
        "4 | |     y,",
        "5 | | )",
        "  | |_^ here",
        "6 |   print()",
    ]


def test_a_bar_shows_where_a_span_begins_within_its_line() -> None:
    lines = drawn("history = «model.fit(\n    x,\n    y)»\n")
    assert lines == [
        "1 |   history = model.fit(",
        "  |  ___________^",
        "2 | |     x,",
        "3 | |     y)",
        "  | |______^",
    ]
    assert lines[0][lines[1].index("^")] == "m"
    assert lines[3][lines[4].index("^")] == ")"


def test_the_middle_of_a_long_span_is_left_out() -> None:
    body = "".join(f"    line{number},\n" for number in range(2, 20))
    assert drawn(f"«f(\n{body})»") == [
        " 1 | / f(",
        " 2 | |     line2,",
        " 3 | |     line3,",
        "...",
        "19 | |     line19,",
        "20 | | )",
        "   | |_^",
    ]


def test_an_end_at_the_start_of_a_line_belongs_to_the_line_before() -> None:
    assert drawn("«x = 1\n»y = 2") == ["1 | x = 1", "  | ^^^^^"]


def test_a_long_line_is_cut_around_the_span() -> None:
    code = "x = [" + "1, " * 400 + "«gradients»" + ", 2" * 400 + "]"
    lines = drawn(code, room=60)
    assert pointed_at(lines) == "gradients"
    assert lines[0].startswith("1 | ...")
    assert lines[0].endswith("...")
    assert all(width(line) == 64 for line in lines[:1])


def test_the_ends_of_a_long_line_are_cut_on_one_side_only() -> None:
    first, last = drawn("«x» = " + "y" * 500, room=40), drawn("y" * 500 + " = «x»", room=40)
    assert first[0] == "1 | x = " + "y" * 33 + "..."
    assert last[0] == "1 | ..." + "y" * 33 + " = x"
    assert pointed_at(first) == pointed_at(last) == "x"


def test_cutting_a_wide_character_in_half_leaves_a_space() -> None:
    for room in range(30, 34):
        lines = drawn("漢" * 100 + "«字x»" + "漢" * 100, room=room)
        assert width(lines[0]) == 4 + room
        assert pointed_at(lines) == "字x"


def test_nothing_in_the_code_commands_the_terminal_or_reorders_it() -> None:
    lines = drawn("x = '\x1b[31m\x07\x7f\x9b\N{RIGHT-TO-LEFT OVERRIDE}', «y»\f")
    assert lines[0] == "1 | x = '\u241b[31m\u2407\u2421\ufffd\ufffd', y\u240c"
    assert pointed_at(lines) == "y"


def spans(text: str) -> Iterator[Span]:
    """Every span of the text."""
    positions = [
        Position(number, column)
        for number, line in enumerate(text.split("\n"), start=1)
        for column in range(1, len(line) + 2)
    ]
    for index, start in enumerate(positions):
        yield from (Span(start, end) for end in positions[index:])


@given(
    text=st.text(st.sampled_from("ab \t漢é\N{ROCKET}\N{COMBINING ACUTE ACCENT}\x1b\n"), min_size=1, max_size=60),
    room=st.integers(16, 30),
    data=st.data(),
)
def test_every_span_of_every_text_is_marked_within_the_room(text: str, room: int, data: st.DataObject) -> None:
    span = data.draw(st.sampled_from(list(spans(text))))
    lines = frame(text, span, room=room, label="made here", before=2, after=2)
    assert sum("^" in line for line in lines) in {1, 2}
    assert all(width(line) <= len("1 | ") + room for line in lines)


@given(text=st.text(max_size=40), line=st.integers(1, 60), column=st.integers(1, 60))
def test_a_place_beyond_the_text_is_drawn_at_its_end(text: str, line: int, column: int) -> None:
    here = Position(line, column)
    lines = frame(text + "x", Span(here, here), room=30)
    assert any("^" in line for line in lines)
