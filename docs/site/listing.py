"""What leads from page to page. It stands in no source: a page is listed because it is there.

The rules are listed in their index and not in the side bar, where more than a hundred would hide everything else; each
leads to those with the codes before and after its own.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from docs.site.pages import START, TITLES, navigation
from tapelint.catalog import rules

_TREE = "\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n"


def connect(app: Sphinx) -> None:
    """Has Sphinx call the functions below when their time comes."""
    app.connect("source-read", _list_pages)
    app.connect("doctree-read", _leave_out_rules)
    app.connect("html-page-context", _join_rules)


def _list_pages(app: Sphinx, page: str, source: list[str]) -> None:
    if page == START:
        source[0] += "".join(_side_bar(heading, pages) for heading, pages in navigation(app.project.docnames))


def _leave_out_rules(app: Sphinx, _tree: nodes.document) -> None:
    if app.env.docname in _rule_pages():
        app.env.metadata[app.env.docname]["orphan"] = True


def _join_rules(app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: nodes.document | None) -> None:
    listed = _rule_pages()
    if page in listed:
        place = listed.index(page)
        for key, neighbour in (("prev", listed[place - 1 : place]), ("next", listed[place + 1 : place + 2])):
            for name in neighbour:
                context[key] = {"link": app.builder.get_relative_uri(page, name), "title": name.removeprefix("rules/")}


def _rule_pages() -> list[str]:
    return [f"rules/{name}" for name in rules()]


def _side_bar(caption: str, pages: list[str]) -> str:
    return _TREE.format(caption=caption, pages="\n".join(map(_entry, pages)))


def _entry(page: str) -> str:
    target = "self" if page == START else page
    return f"{TITLES[page]} <{target}>" if page in TITLES else target
