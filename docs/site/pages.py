"""The pages of the site: which file of the repository is which page, and in what order they are listed.

Every Markdown file in docs/ and rules/ is a page. One that no list below names stands under "More" by itself.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from sphinx.project import Project

ROOT = Path(__file__).parents[2]
SOURCES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "rules/*.md")
START = "index"
RULES = "rules/index"

NAVIGATION: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Using tapelint": (START, "tutorial", RULES, "command-line", "configuration", "suppressions", "how-it-works"),
        "Where it runs": ("editors", "ci", "output-formats", "report"),
        "From Python": ("python-api", "linting-from-python", "plugins"),
        "The project": ("parity", "contributing"),
    }
)
"""The pages under each heading of the side bar. A page that does not exist is left out."""
TITLES = MappingProxyType({START: "Overview", "tutorial": "Tutorial", "parity": "Parity with fit"})
"""What the side bar calls a page, where the title is too long for it."""
REST = "More"

_NAMES = MappingProxyType({"README": START, "CONTRIBUTING": "contributing", "rules/README": RULES})


class Pages(Project):
    """The files as Sphinx knows them, where a page need not have the name of its file."""

    def path2doc(self, filename: str | os.PathLike[str]) -> str | None:
        """The page that is made of this file, if one is."""
        name = super().path2doc(filename)
        return name and page_of(name)


def page_of(stem: str) -> str:
    """The name of the page that is made of a file, given without its ending: README is where a reader starts."""
    return _NAMES.get(stem) or stem.removeprefix("docs/")


def navigation(pages: set[str]) -> Iterator[tuple[str, list[str]]]:
    """Each heading of the side bar with its pages, of those that there are."""
    for heading, listed in NAVIGATION.items():
        if there := [page for page in listed if page in pages]:
            yield heading, there
    named = {page for listed in NAVIGATION.values() for page in listed}
    if rest := sorted(page for page in pages - named if not page.startswith("rules/")):
        yield REST, rest
