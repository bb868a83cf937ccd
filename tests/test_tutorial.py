"""The tutorial and the page on silencing findings: what a reader types and sees."""

import re

from docs import session


def test_every_command_prints_what_the_tutorial_shows() -> None:
    page = session.TUTORIAL.read_text(encoding="utf-8")
    assert session.steady(session.written(page)) == session.steady(page), "`make tutorial` writes it again"


def test_the_comments_on_the_page_about_silence_do_what_it_says() -> None:
    page = session.SILENCING.read_text(encoding="utf-8")
    assert session.written(page) == page, "`make tutorial` writes it again"


def test_the_tutorial_goes_from_a_bug_to_a_training_that_works() -> None:
    page = session.TUTORIAL.read_text(encoding="utf-8")
    losses = [float(loss) for loss in re.findall(r"^epoch \d: ([\d.]+)$", page, flags=re.MULTILINE)]
    before, after = losses[:3], losses[3:]
    assert len(set(before)) == 1
    assert after[-1] < after[0] < before[0]


def test_commands_are_typed_in_one_folder_one_after_the_other() -> None:
    first = "`a.py`:\n\n```python\nprint(1)\n```\n\n```console\n$ python a.py\n{printed}$ echo 2 > b\n```\n"
    second = "\n```console\n$ cat b\n{printed}```\n"
    page = first.format(printed="old\n") + second.format(printed="")
    assert session.written(page) == first.format(printed="1\n") + second.format(printed="2\n")
