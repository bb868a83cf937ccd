"""The page of output formats: every example on it is what is printed today, and no format is left out."""

from docs import session
from tapelint.run.settings import OUTPUT_FORMATS

PAGE = session.FORMATS.read_text(encoding="utf-8")


def test_every_example_is_what_is_printed() -> None:
    assert session.written(PAGE) == PAGE, "`make tutorial` writes it again"


def test_every_format_has_a_row_and_a_section() -> None:
    for name in OUTPUT_FORMATS:
        assert f"\n| [`{name}`](" in PAGE
        assert f"\n## {name}\n" in PAGE or name == "html"
