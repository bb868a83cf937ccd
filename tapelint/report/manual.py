"""The page of a rule for a reader who has just met a finding: what goes wrong, and what to write instead."""

import re

from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.report.reference import page

_DECLARATION = re.compile(r"\A# .*?^```toml\n.*?^```\n\s*", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## (.*)\n", re.MULTILINE)
_EXPECTATION = re.compile(r"[ \t]*# (?P<kind>error|missed)\b(?::(?P<other>[ ]*\[)?.*)?$", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<name>[a-z0-9-]+)\.md(?P<place>#[^)]*)?\)")
_CURE = "Instead"


def opening(rule: Rule) -> str:
    """The first paragraph of the page, in one line: the symptom."""
    paragraph, _, _ = _parts(rule)[0].partition("\n\n")
    return " ".join(paragraph.split()) or rule.summary


def lesson(rule: Rule) -> str:
    """The page as Markdown, without the look-alikes; what is meant for tests says where to look instead."""
    first, *sections = _parts(rule)
    cure = [f"## {title}\n{text}" for title, text in zip(sections[::2], sections[1::2], strict=True) if title == _CURE]
    text = _EXPECTATION.sub(_pointer, "".join([first, *cure])).strip()
    return f"{_LINK.sub(_absolute, text)}\n\n[The whole page]({page(rule)})\n"


def _parts(rule: Rule) -> list[str]:
    """The text before the first section, and then the title and the text of each."""
    return _SECTION.split(_DECLARATION.sub("", rule.text))


def _absolute(link: re.Match[str]) -> str:
    other = catalog.find(link["name"])
    return f"]({page(other)}{link['place'] or ''})" if other else link[0]


def _pointer(expectation: re.Match[str]) -> str:
    return "  # <- here" if expectation["kind"] == "error" and not expectation["other"] else ""
