"""Comments that silence findings: where they go, that they are heard, and that they change nothing else."""

import ast
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint import catalog
from tapelint.finding import Finding, Place
from tapelint.run.silence import notes
from tapelint.run.suppress import UNUSED, Silencer
from tapelint.source.document import Document
from tapelint.source.formats import decode
from tapelint.source.rewrite import rewritten
from tapelint.source.span import Position, Span
from tests.notebooks import notebook

FIXTURES = Path(__file__).parents[2] / "fixtures"
RULE = "gradients-not-applied"
OTHER = "unreduced-loss"


def finding(document: Document, line: int, rule: str = RULE) -> Finding:
    """A finding that covers a line of the document's text."""
    span = Span(Position(line, 1), Position(line, len(document.lines[line - 1]) + 1))
    return Finding(rule, Place.of(document, span), "`model` is never updated", "error")


def annotated(data: bytes, found: Iterable[tuple[int, str]], name: str = "train.py", reason: str = "") -> bytes:
    """The contents of a file with comments for findings of rules on lines."""
    path = Path(name)
    document = decode(path, data)
    findings = [finding(document, line, rule) for line, rule in found]
    edits = notes(document, findings, reason)
    after = rewritten(path, data, edits) if edits else data
    silencer = Silencer(decode(path, after))
    assert [each for each in findings if not silencer.silences(each)] == []
    return after


def text(source: str, *lines: int, reason: str = "") -> str:
    return annotated(source.encode(), [(line, RULE) for line in lines], reason=reason).decode()


class TestWhere:
    def test_at_the_end_of_the_line(self) -> None:
        assert text("a = 1\nb = 2\n", 1) == f"a = 1  # tapelint: ignore[{RULE}]\nb = 2\n"

    def test_with_a_reason(self) -> None:
        told = text("a = 1\n", 1, reason="it is a demo, see #12")
        assert told == f"a = 1  # tapelint: ignore[{RULE}] it is a demo, see #12\n"

    def test_without_a_last_line_end_and_after_blanks(self) -> None:
        assert text("a = 1 \t", 1) == f"a = 1  # tapelint: ignore[{RULE}]"

    def test_after_the_comments_of_others(self) -> None:
        assert text("a = 1  # noqa: E501\n", 1) == f"a = 1  # noqa: E501  # tapelint: ignore[{RULE}]\n"
        assert text("a = 1  # type: ignore\n", 1) == f"a = 1  # type: ignore  # tapelint: ignore[{RULE}]\n"

    def test_a_comment_that_is_there_gets_longer_and_keeps_its_reason(self) -> None:
        assert text("a = 1  # tapelint: ignore[TL301] so it is\n", 1, reason="new") == (
            f"a = 1  # tapelint: ignore[TL301, {RULE}] so it is\n"
        )
        assert text("a = 1  # tapelint: ignore[ TL301, ]\n", 1) == f"a = 1  # tapelint: ignore[ TL301, {RULE}, ]\n"
        assert text("a = 1  # tapelint: ignore[]\n", 1) == f"a = 1  # tapelint: ignore[{RULE}]\n"

    def test_several_rules_in_the_order_of_their_codes(self) -> None:
        told = annotated(b"a = 1\n", [(1, OTHER), (1, RULE), (1, RULE)])
        assert told == f"a = 1  # tapelint: ignore[{RULE}, {OTHER}]\n".encode()

    def test_within_a_statement_of_several_lines(self) -> None:
        told = text("call(\n    1,\n    2,  # two\n)\n", 2, 3)
        assert told == (f"call(\n    1,  # tapelint: ignore[{RULE}]\n    2,  # two  # tapelint: ignore[{RULE}]\n)\n")

    @pytest.mark.parametrize(
        "statement",
        [
            'a = """\none\n  two\n"""',
            "a = 1 + \\\n    2",
            'a = f"""\n{\nb\n}\n"""',
            'call("""\n""", """\n\n""", \\\n 3)',
        ],
    )
    def test_where_a_line_has_no_room_behind_the_statement(self, statement: str) -> None:
        assert text(f"{statement}\n", 1) == f"{statement}  # tapelint: ignore[{RULE}]\n"

    def test_a_block_is_silenced_at_its_head(self) -> None:
        assert text("if a:\n    b = 1\n", 1) == f"if a:  # tapelint: ignore[{RULE}]\n    b = 1\n"

    def test_a_needless_suppression_is_silenced_in_its_own_comment(self) -> None:
        source = b"# tapelint: ignore[TL101]\na = 1  # noqa: TL201\n# tapelint: ignore-file[TL301]\n"
        after = annotated(source, [(1, UNUSED), (2, UNUSED), (3, UNUSED)]).decode()
        document = Document(Path("train.py"), after)
        assert Silencer(document).needless(catalog.rules()) == []
        assert after.splitlines()[0] == f"# tapelint: ignore[TL101, {UNUSED}]"

    def test_what_no_token_ends_is_left_alone(self) -> None:
        document = Document(Path("train.py"), 'a = 1\nb = """\n')
        assert notes(document, [finding(document, 2)]) == {}


class TestEveryByteElse:
    def test_windows_line_ends(self) -> None:
        assert (
            annotated(b"a = 1\r\nb = 2\r\n", [(2, RULE)])
            == b"a = 1\r\nb = 2  # tapelint: ignore[%s]\r\n" % RULE.encode()
        )

    def test_encodings(self) -> None:
        source = "# coding: latin-1\na = 'größe'\n"
        after = annotated(source.encode("latin-1"), [(2, RULE)])
        assert after == source.replace("e'\n", f"e'  # tapelint: ignore[{RULE}]\n").encode("latin-1")
        marked = b"\xef\xbb\xbfa = 1\n"
        assert annotated(marked, [(1, RULE)]) == marked.replace(b"\n", b"  # tapelint: ignore[%s]\n" % RULE.encode())

    def test_a_notebook_changes_in_this_line_of_its_json(self) -> None:
        before = notebook("# Title", "%time a = f()\nb = 2", "c = 3", prose=[1])
        document = decode(Path("a.ipynb"), before.encode())
        line = document.lines.index("b = 2") + 1
        after = annotated(before.encode(), [(line, RULE)], "a.ipynb").decode()
        assert after == before.replace('"b = 2"', f'"b = 2  # tapelint: ignore[{RULE}]"')
        assert json.loads(after) != json.loads(before)

    def test_markdown_keeps_its_margins_and_prompts(self) -> None:
        before = "Words\n\n- item\n\n  ```python\n  >>> a = f(\n  ...     1)\n  ```\n"
        document = decode(Path("a.md"), before.encode())
        assert document.lines == ("a = f(", "    1)")
        after = annotated(before.encode(), [(1, RULE), (2, OTHER)], "a.md").decode()
        assert after == before.replace("f(", f"f(  # tapelint: ignore[{RULE}]").replace(
            "1)", f"1)  # tapelint: ignore[{OTHER}]"
        )


SOURCES = sorted(path for folder in ("seeds", "reports", "broken") for path in (FIXTURES / folder).glob("*.py"))[::3]


def same_program(before: str, after: str) -> bool:
    return ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))


def test_no_line_of_any_fixture_changes_its_program() -> None:
    tried = 0
    for path in SOURCES:
        data = path.read_bytes()
        document = decode(path, data)
        try:
            ast.parse(document.text)
        except SyntaxError:
            continue
        every = [(line, RULE) for line in range(1, len(document.lines) + 1)]
        after = annotated(data, every)
        assert same_program(document.text, after.decode()), path
        tried += 1
    assert tried > 10


PIECES = (
    "a = 1",
    "a = 1  # words",
    "a = 1  # tapelint: ignore[TL301]",
    "a = 1; b = 2  # noqa",
    "# words",
    "# tapelint: ignore[TL301] why",
    "",
    "   ",
    'a = """\n# no comment\n\\\n"""',
    "a = '# no' \\\n    'comment'",
    "call(\n    1,\n\n    # words\n    2,\n)",
    "if a:\n    b = [\n        1]\n\n    c = '''\n'''\nelse:\n    pass",
    "@f(\n    1\n)\ndef g(a,\n      b=1):\n    '''words'''\n    return f'''{a}\n{b!r:>{a}}'''",
    "with a as b, \\\n        c as d:\n    pass",
    "x = yield_ = 1 if a else \\\n 2",
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.data(), st.sampled_from(["\n", "\r\n", "\r"]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_program_stays_the_same_and_every_comment_is_heard(
    pieces: list[str], data: st.DataObject, end: str
) -> None:
    before = "".join(f"{piece}\n" for piece in pieces).replace("\n", end)
    lines = range(1, len(Document(Path("train.py"), before).lines) + 1)
    chosen = data.draw(st.lists(st.tuples(st.sampled_from(lines), st.sampled_from([RULE, OTHER])), max_size=5))
    after = annotated(before.encode(), chosen).decode()
    assert same_program(before, after)
    assert after.count(end) == before.count(end)
