"""What is written in the Markdown files of this folder is what the analyzer believes."""

import pytest

from tests.program.revelations import Chapter, chapters, complaints, promises

CHAPTERS = list(chapters())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_a_program_reveals_what_its_page_says(chapter: Chapter) -> None:
    found = complaints(chapter)
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_a_program_reveals_something(chapter: Chapter) -> None:
    assert list(promises(chapter))


COMPLAINTS = {
    "reveal(1)  # revealed: 1": [],
    "reveal(1)\n# revealed: 1": [],
    "reveal('a b')\n# revealed: 'a\n#   b'": [],
    "reveal(1)  # revealed: 2": ["page.md:1 (train.py):\n  expected: 2\n  revealed: 1"],
    "reveal(1)": ["page.md:1 (train.py): not promised: 1"],
    "reveal(1)  # missed: 2": [],
    "reveal(1)  # missed: 1": ["page.md:1 (train.py): no longer missed, write `revealed`: 1"],
    "if 0:\n    reveal(1)  # revealed: 1": ["page.md:2 (train.py):\n  expected: 1\n  revealed: never runs"],
    "for i in (1, 2):\n    reveal(i)  # revealed: 1, or 2": [],
    "def f(a):\n    reveal(a)  # revealed: 1 | 2\nf(1)\nf(2)\nf(1)": [],
}


@pytest.mark.parametrize("text", COMPLAINTS)
def test_a_page_that_says_something_else_is_complained_about(text: str) -> None:
    assert complaints(Chapter("page.md", "", {"train.py": text + "\n"})) == COMPLAINTS[text]


def test_to_be_revealed_is_no_fate() -> None:
    text = """
import tensorflow as tf
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = w * w
slope = tape.gradient(y, w)
reveal(slope)  # revealed: gradients by variable `w`: dead
"""
    assert complaints(Chapter("page.md", "", {"train.py": text})) == []
