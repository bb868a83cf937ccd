"""What is written in the Markdown files of this folder is what the analyzer believes."""

import pytest

from tests.program.revelations import NEVER, Chapter, chapters, promises, revelations

CHAPTERS = list(chapters())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_a_program_reveals_what_its_page_says(chapter: Chapter) -> None:
    believed = revelations(chapter)
    complaints = []
    for promise in promises(chapter):
        told = believed.pop((promise.file, promise.line), NEVER)
        where = f"{chapter.page}:{promise.line} ({promise.file})"
        if promise.missed and told == promise.words:
            complaints.append(f"{where}: no longer missed, write `revealed`: {told}")
        elif not promise.missed and told != promise.words:
            complaints.append(f"{where}:\n  expected: {promise.words}\n  revealed: {told}")
    complaints += [
        f"{chapter.page}:{line} ({file}): nothing promised, revealed: {told}" for (file, line), told in believed.items()
    ]
    assert not complaints, "\n".join(["", *complaints])


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_a_program_reveals_something(chapter: Chapter) -> None:
    assert list(promises(chapter))
