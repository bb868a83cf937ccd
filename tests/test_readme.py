"""What the README says, held against what is."""

import re
from pathlib import Path

import pytest

from docs import picture

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        "rules/README.md",
        *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))),
    ],
)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / document).parent.joinpath(target).exists()] == []


def test_the_two_commands_exist() -> None:
    goals = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", README, flags=re.MULTILINE)) == {"demo", "test"} <= goals
    assert README.index("make demo") < README.index("make test") < README.index("pip install")


def test_the_picture_shows_what_is_printed_today() -> None:
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert picture.words(drawn) == picture.words(picture.draw(picture.output())), "`make picture` draws it again"


def test_the_picture_fetches_nothing() -> None:
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?https?:", drawn) == []
