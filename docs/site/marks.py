"""What the sources say in the notation of the tests and of the repository, said to a reader of the site."""

import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from docs.index import family
from docs.site.pages import ROOT, RULES
from tapelint import catalog
from tapelint.catalog import Rule
from tapelint.report.reference import REPOSITORY
from tapelint.run.expectations import Expectation, expectations

_COMMENT = re.compile(r" *# *(?:error|missed)\b.*")
_EFFECT = {"safe": "safe: cannot change a result that anybody had", "unsafe": "unsafe: changes what the program does"}


class Declaration(SphinxTransform):
    """The declaration of a rule, which is TOML in the source, as a table."""

    default_priority = 400

    def apply(self) -> None:
        """Puts the table in place of the declaration, below the rule in one sentence."""
        rule = _rule(self.env.docname)
        if rule is None:
            return
        block = next(block for block in self.document.findall(nodes.literal_block) if block["language"] == "toml")
        anchor = next(self.document.findall(nodes.section))["ids"][0]
        # Who searches for a code finds this page before those that quote it.
        code = addnodes.index(entries=[("single", rule.code, anchor, "main", None)])
        summary = nodes.paragraph("", "", *_with_code(rule.summary), classes=["summary"])
        block.replace_self([code, summary, _table(list(_facts(rule)))])


class Expected(SphinxTransform):
    """The lines of a rule's programs on which tapelint speaks: lit, with the rule's name beside them."""

    default_priority = 400

    def apply(self) -> None:
        """Rewrites the comments that the tests read."""
        rule = _rule(self.env.docname)
        if rule is None:
            return
        for block in list(self.document.findall(nodes.literal_block)):
            expected = list(expectations(block.rawsource, rule.name)) if block["language"] == "python" else []
            if expected:
                block.replace_self(_lit(block, expected))


class RepositoryLink(SphinxTransform):
    """A link to a file or a folder that is no page of the site: it leads to the repository."""

    default_priority = 400

    def apply(self) -> None:
        """Resolves the links that Sphinx would make downloads of, or find no page for."""
        for kind in (addnodes.download_reference, addnodes.pending_xref):
            for link in list(self.document.findall(kind)):
                target = self._target(link)
                if target is not None:
                    address = f"{REPOSITORY}/{'tree' if target.is_dir() else 'blob'}/main/{target.relative_to(ROOT)}"
                    link.replace_self(nodes.reference("", "", *link.children, refuri=address))

    def _target(self, link: nodes.Element) -> Path | None:
        if link.get("reftype") != "myst" or link.get("refdomain") is not None:
            return None
        target = Path(self.env.relfn2path(link["reftarget"])[1])
        return target if target.exists() and target.is_relative_to(ROOT) else None


TRANSFORMS = (Declaration, Expected, RepositoryLink)


def _rule(page: str) -> Rule | None:
    folder, _, name = page.rpartition("/")
    return catalog.rules().get(name) if folder == "rules" else None


def _with_code(text: str) -> list[nodes.Node]:
    """A line of Markdown that knows no other marks than those of code."""
    parts = text.split("`")
    return [nodes.literal("", part) if number % 2 else nodes.Text(part) for number, part in enumerate(parts) if part]


def _facts(rule: Rule) -> Iterator[tuple[str, list[nodes.Node]]]:
    yield "code", [nodes.literal("", rule.code), nodes.Text(", "), _family(rule)]
    level = f"{rule.severity}, in preview: off until asked for" if rule.preview else rule.severity
    yield "level", [nodes.Text(level)]
    yield "category", [nodes.Text(rule.category)]
    yield "precision", [nodes.Text(rule.precision)]
    yield "fix", [nodes.Text(_EFFECT[rule.fix] if rule.fix else "–")]
    if rule.probe:
        yield "seen by running", [nodes.literal("", rule.probe)]
    if rule.aliases:
        yield "former names", [nodes.Text(", ".join(rule.aliases))]
    yield "since", [nodes.Text(rule.since)]
    yield "silence", [nodes.literal("", f"# tapelint: ignore[{rule.name}] reason")]


def _family(rule: Rule) -> nodes.Element:
    """A link to the rules that are about the same."""
    anchor = nodes.make_id(family(rule))
    name = nodes.inline("", family(rule))
    where = {"refdomain": "doc", "reftype": "myst", "reftarget": RULES, "reftargetid": anchor}
    return addnodes.pending_xref("", name, **where, refdoc=f"rules/{rule.name}", refexplicit=True)


def _table(rows: list[tuple[str, list[nodes.Node]]]) -> nodes.table:
    body = nodes.tbody()
    for head, told in rows:
        cells = ([nodes.paragraph("", head)], [nodes.paragraph("", "", *told)])
        body += nodes.row("", *(nodes.entry("", *cell) for cell in cells))
    columns = [nodes.colspec(colwidth=width, stub=stub) for width, stub in ((1, True), (4, False))]
    return nodes.table("", nodes.tgroup("", *columns, body, cols=2), classes=["declaration"])


def _lit(block: nodes.literal_block, expected: list[Expectation]) -> nodes.literal_block:
    lines = block.rawsource.splitlines()
    for number in {expectation.line for expectation in expected}:
        said = dict.fromkeys(_words(expectation) for expectation in expected if expectation.line == number)
        lines[number - 1] = _COMMENT.sub("", lines[number - 1]) + f"  # {', '.join(said)}"
    text = "\n".join(lines)
    shown = nodes.literal_block(text, text, language="python")
    shown["highlight_args"] = {"hl_lines": sorted({expectation.line for expectation in expected})}
    shown.source, shown.line = block.source, block.line
    return shown


def _words(expectation: Expectation) -> str:
    return f"← {expectation.rule}" + (", which is not found yet" if expectation.missed else "")
