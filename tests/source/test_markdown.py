"""Fenced blocks are found where CommonMark finds them, with what stands before them."""

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tapelint.source.markdown import Fence, Heading, fences

LINES = st.sampled_from(
    [
        *("", "words", "  words", "    words", "        words"),
        *("```", "````", "```python", "````toml", "~~~", "~~~~", "~~~ python title", "``", "``` a`b", "~~~ a`b"),
        *(" ```", "   ```", "    ```", "     ```", "      ~~~", "```  ", "``` not a close", "`` ` ``"),
        *("- item", "- ```", "  - item", "1. item", "10) ~~~ toml", "-     code", "* item", "   more", "\t```"),
        *("# Title", "## Title ##", "   ### Title", "#", "#not a title", "    # code"),
    ]
)


def only(text: str) -> Fence:
    (fence,) = fences(text)
    return fence


def test_a_block() -> None:
    fence = only("words\n\n```python\nx = 1\n\ny = 2\n```\n\nwords\n")
    assert fence == Fence("python", "x = 1\n\ny = 2\n", line=4, indent=0, headings=(), file=None)


def test_the_info_string_is_kept_whole_and_its_first_word_is_the_language() -> None:
    fence = only('~~~ python title="train"\n~~~\n')
    assert fence.info == 'python title="train"'
    assert fence.language == "python"


def test_a_block_without_a_language() -> None:
    assert only("```\nx\n```\n").language == ""


def test_a_longer_fence_holds_a_shorter_one() -> None:
    assert only("````markdown\n```python\nx\n```\n````\n").text == "```python\nx\n```\n"


def test_a_fence_of_tildes_is_not_closed_by_backticks() -> None:
    assert only("~~~\n```\n~~~\n").text == "```\n"


def test_a_block_that_is_never_closed_ends_with_the_text() -> None:
    assert only("```\nx\n").text == "x\n"


def test_inline_code_is_no_fence() -> None:
    assert list(fences("```inline` code```\n``\n")) == []


def test_an_indented_block_loses_its_indent_and_no_more() -> None:
    fence = only("  ```\n    x\n  y\n z\n\n  ```\n")
    assert fence.text == "  x\ny\nz\n\n"
    assert fence.indent == 2


def test_a_fence_of_four_columns_is_text() -> None:
    assert list(fences("    ```\n    x\n    ```\n")) == []


def test_a_block_in_a_list_item() -> None:
    fence = only("1. first\n\n   ```python\n   x\n   ```\n")
    assert (fence.text, fence.line, fence.indent) == ("x\n", 4, 3)


def test_a_block_ends_with_its_list_item() -> None:
    assert only("- ```\n  x\nwords\n").text == "x\n"


def test_lines_end_in_any_way() -> None:
    assert only("a\r\n```\r\nx\r\n```\r\n").text == "x\n"
    assert only("a\r```\rx\r```\r").line == 3


def test_other_separators_end_no_line() -> None:
    assert only("a\x0c\u2028\n```\nx\x0cy\n```\n").text == "x\x0cy\n"


def test_headings_lead_to_a_block() -> None:
    text = "# Page\n\n## One\n\n### Deep ###\n\n## Two\n\n```\n```\n"
    assert only(text).headings == (Heading(1, "Page", 1), Heading(2, "Two", 7))


def test_a_heading_in_a_block_is_none() -> None:
    first, second = fences("# Page\n```\n# comment\n```\n```\n```\n")
    assert first.headings == second.headings == (Heading(1, "Page", 1),)


def test_a_file_name_before_a_block() -> None:
    named, unnamed = fences("`steps.py`:\n\n```\n```\n\n```\n```\n")
    assert (named.file, unnamed.file) == ("steps.py", None)


def test_words_between_a_name_and_a_block_part_them() -> None:
    assert only("`steps.py`:\n\nwords\n\n```\n```\n").file is None
    assert only("see `steps.py`:\n\n```\n```\n").file is None


@given(st.lists(LINES, max_size=12))
@example(["- item", "words", "    ```", "x"])
def test_blocks_are_where_commonmark_has_them(lines: list[str]) -> None:
    text = "".join(line + "\n" for line in lines)
    expected = [
        (token.info.strip(), token.content, token.map[0] + 2)
        for token in MarkdownIt("commonmark").parse(text)
        if token.type == "fence" and token.map
    ]
    assert [(fence.info, fence.text, fence.line) for fence in fences(text)] == expected
