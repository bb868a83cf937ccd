from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelint import catalog
from tapelint.finding import Finding, Place
from tapelint.run.comments import suppressions
from tapelint.run.suppress import Silencer
from tapelint.source.document import Document
from tapelint.source.span import Position, Span

ALL = frozenset(catalog.rules())
PATH = Path("train.py")


def silencer(text: str) -> Silencer:
    return Silencer(Document(PATH, text))


def finding(line: int, rule: str = "gradients-not-applied") -> Finding:
    return Finding(rule, Place(PATH, Span(Position(line, 1), Position(line, 2))), "found", "error")


def silenced(text: str, rule: str = "gradients-not-applied") -> list[int]:
    """The lines on which a finding of the rule is silenced."""
    subject = silencer(text)
    return [line for line in range(1, text.count("\n") + 2) if subject.silences(finding(line, rule))]


def needless(text: str, *found: Finding, ran: frozenset[str] = ALL) -> list[str]:
    """What the complaints mark, and their words."""
    document = Document(PATH, text)
    subject = Silencer(document)
    for each in found:
        subject.silences(each)
    return [f"{marked(document, each)}: {each.message}" for each in subject.needless(ran)]


def marked(document: Document, complaint: Finding) -> str:
    start, end = complaint.place.span.start, complaint.place.span.end
    assert start.line == end.line
    return document.lines[start.line - 1][start.column - 1 : end.column - 1]


class TestWhatIsSilenced:
    @pytest.mark.parametrize(
        "comment",
        [
            "# tapelint: ignore[gradients-not-applied]",
            "# tapelint: ignore[TL101] meant so",
            "#tapelint:ignore[ tl101 , TL104 ]",
            "# tapelint: ignore",
            "# type: ignore  # tapelint: ignore[TL101]",
            "# noqa",
            "# NOQA: TL101",
            "# noqa:E501,TL101 because",
            "# noqa : E501 TL101",
            "# type: ignore # noqa: TL101",
        ],
    )
    def test_the_line_of_the_comment(self, comment: str) -> None:
        assert silenced(f"a = 1\nb = 2  {comment}\nc = 3\n") == [2]

    @pytest.mark.parametrize(
        "comment",
        [
            "# tapelint: ignore[TL104]",
            "# tapelint: ignored[TL101]",
            "# tapelint: ignore[TL101",
            "# tapelint: ignore[]",
            "# tapelint ignores TL101",
            "# noqa: E501",
            "# noqa: TL1011",
            "# noqa: because",
            "# noqa-TL101",
            "# noqax",
            "# see tapelint: ignore[TL101]",
        ],
    )
    def test_nothing(self, comment: str) -> None:
        assert silenced(f"a = 1\nb = 2  {comment}\nc = 3\n") == []

    def test_only_real_comments_count(self) -> None:
        assert silenced('a = "# tapelint: ignore"\nb = """\n# noqa\n"""\n') == []

    def test_a_comment_alone_speaks_for_itself_and_for_the_line_below(self) -> None:
        assert silenced("# tapelint: ignore[TL101]\na = 1\nb = 2\n") == [1, 2]
        assert silenced("# tapelint: ignore[TL101]\n# and why\na = 1\nb = 2\n") == [1, 3]
        assert silenced("# tapelint: ignore[TL101]\n\na = 1\n") == [1, 2]

    def test_noqa_alone_speaks_for_no_other_line(self) -> None:
        assert silenced("# noqa: TL101\na = 1\n") == [1]

    def test_the_first_and_the_last_line_speak_for_the_whole_statement(self) -> None:
        statement = "a = 0\ncall(  {}\n    1,  {}\n    2,\n)  {}\nb = 3\n"
        comment = "# tapelint: ignore[TL101]"
        assert silenced(statement.format(comment, "", "")) == [2, 3, 4, 5]
        assert silenced(statement.format("", "", comment)) == [2, 3, 4, 5]
        assert silenced(statement.format("", comment, "")) == [3]
        assert silenced(f"# tapelint: ignore[TL101]\n{statement.format('', '', '')}".replace("a = 0\n", "")) == [
            *(1, 2, 3, 4, 5),
        ]
        assert silenced('a = """\ntext\n"""  # noqa: TL101\n') == [1, 2, 3]

    def test_the_head_of_a_block_does_not_speak_for_its_body(self) -> None:
        assert silenced("with tape(  \n) as t:  # noqa: TL101\n    a = 1\n") == [1, 2]

    def test_the_whole_file(self) -> None:
        assert silenced("a = 1\n# tapelint: ignore-file[TL101] a demonstration\nb = 2") == [1, 2, 3]
        assert silenced("a = 1\n# tapelint: ignore-file\n") == [1, 2, 3]
        assert silenced("a = 1\n# tapelint: ignore-file[TL104]\n") == []

    def test_a_text_that_is_not_python(self) -> None:
        text = "# tapelint: ignore-file[unparsable-source]\nif True:\n        a\n    b\n  (((\n"
        assert silenced(text, "unparsable-source") == [1, 2, 3, 4, 5, 6]

    def test_windows_line_ends_and_characters_beyond_ascii(self) -> None:
        assert silenced("a = 'größe'\r\nb = 2  # noqa: TL101\r\nc = 3\r\n") == [2]


class TestWhatIsNeedless:
    def test_nothing_is_said_of_a_useful_comment(self) -> None:
        assert needless("a = 1  # tapelint: ignore[TL101]\n", finding(1)) == []
        assert needless("a = 1  # tapelint: ignore\n", finding(1)) == []

    def test_each_name_is_judged_for_itself(self) -> None:
        assert needless("a = 1  # tapelint: ignore[TL101, unreduced-loss] why\n", finding(1)) == [
            "unreduced-loss: `unreduced-loss` suppresses nothing: it is not found here"
        ]

    def test_a_finding_on_another_line_does_not_help(self) -> None:
        assert needless("a = 1\nb = 2  # noqa: E501, TL101\n", finding(1)) == [
            "TL101: `TL101` suppresses nothing: it is not found here"
        ]

    def test_for_the_whole_file(self) -> None:
        assert needless("# tapelint: ignore-file[TL101]\n") == [
            "TL101: `TL101` suppresses nothing: it is not found in this file"
        ]

    def test_a_name_that_no_rule_has(self) -> None:
        assert needless("é = 1  # tapelint: ignore[gradients-not-aplied]\n") == [
            "gradients-not-aplied: `gradients-not-aplied` suppresses nothing: there is no such rule, "
            "did you mean `gradients-not-applied`?"
        ]
        assert needless("a = 1  # noqa: TL999\n")[0].startswith(
            "TL999: `TL999` suppresses nothing: there is no such rule"
        )

    def test_comments_that_mean_everything(self) -> None:
        assert needless("a = 1  # tapelint: ignore  # other\n") == [
            "# tapelint: ignore: `# tapelint: ignore` suppresses nothing"
        ]
        assert needless("a = 1  # tapelint: ignore\n", ran=frozenset({"unused-suppression"})) == []

    def test_mistakes_in_our_own_comments(self) -> None:
        assert "never closed" in needless("a = 1  # tapelint: ignore[TL101\n")[0]
        assert "names no rule" in needless("a = 1  # tapelint: ignore[]\n")[0]
        assert "only `ignore` and `ignore-file`" in needless("a = 1  # tapelint: disable[TL101]\n")[0]
        assert needless("# tapelint: a linter\n") == []

    def test_what_other_tools_may_have_use_for(self) -> None:
        assert needless("a = 1  # noqa\nb = 2  # noqa: E501, F401\nc = 3  # noqa: nonsense\n") == []

    def test_rules_that_did_not_run(self) -> None:
        only = frozenset({"gradient-never-taken", "unused-suppression"})
        assert needless("a = 1  # tapelint: ignore[TL101]\n", ran=only) == []
        assert needless("a = 1  # tapelint: ignore[weights-unchanged]\n") == []

    def test_nothing_when_this_rule_is_off(self) -> None:
        assert needless("a = 1  # tapelint: ignore[TL101]\n", ran=ALL - {"unused-suppression"}) == []

    def test_the_complaint_can_be_silenced(self) -> None:
        assert needless("a = 1  # tapelint: ignore[TL101, TL002]\n") == []
        assert needless("# tapelint: ignore-file[TL002]\na = 1  # tapelint: ignore[TL101]\n") == []
        assert needless("a = 1  # tapelint: ignore[TL101]  # noqa\n") == []

    def test_silencing_complaints_that_nobody_makes_is_needless_too(self) -> None:
        assert needless("a = 1  # tapelint: ignore[TL002]\n") == [
            "TL002: `TL002` suppresses nothing: it is not found here"
        ]


PIECES = [
    "# tapelint: ",
    "ignore",
    "-file",
    "[",
    "]",
    "TL101",
    ", ",
    "# noqa",
    ": ",
    "\n",
    "\r\n",
    "\x0c",
    "    ",
    "(",
    ")",
    '"""',
    "x",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_whatever_the_text_spans_mark_what_they_quote(text: str) -> None:
    document = Document(PATH, text)
    for suppression in suppressions(document):
        for quoted, span in [(suppression.text, suppression.span), *((e.text, e.span) for e in suppression.entries)]:
            line = document.lines[span.start.line - 1]
            assert line[span.start.column - 1 : span.end.column - 1] == quoted
