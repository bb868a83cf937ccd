"""The documentation site, built as `make docs` builds it and read as a browser reads it."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

import pytest

from docs.site import pages
from tapelint.catalog import rules
from tapelint.report import reference
from tests.report.pages import parsed, text_of
from tests.test_makefile import alone

ROOT = Path(__file__).parents[1]
LOADING = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "use": "href",
    "object": "data",
}
# Links that say something to programs, and fetch nothing.
TELLING = {"canonical", "next", "prev", "search", "index"}

# The tests share one build, so they stay in one process.
pytestmark = pytest.mark.xdist_group("site")


@dataclass(frozen=True)
class Page:
    """One page of the built site."""

    path: Path

    @cached_property
    def tree(self) -> Element:
        return parsed(self.path.read_text(encoding="utf-8"))

    @cached_property
    def anchors(self) -> set[str]:
        return {element.attrib["id"] for element in self.tree.iter() if "id" in element.attrib}

    @cached_property
    def links(self) -> list[str]:
        return [element.attrib["href"] for element in self.tree.iter("a") if element.get("href")]

    @cached_property
    def headings(self) -> list[str]:
        return [text_of(element).removesuffix("¶") for level in ("h1", "h2", "h3") for element in self.tree.iter(level)]

    @cached_property
    def loaded(self) -> list[str]:
        """What a browser fetches with the page."""
        return [
            element.attrib[LOADING[element.tag]]
            for element in self.tree.iter()
            if element.tag in LOADING
            and element.get(LOADING[element.tag])
            and not TELLING & set((element.get("rel") or "").split())
        ]


class Site:
    """The built site, a file tree that needs no server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}

    def page(self, name: str) -> Page:
        return self.pages[self.folder / f"{name}.html"]

    def target(self, page: Page, link: str) -> Path:
        """The file that a relative link on a page leads to."""
        path = unquote(urlsplit(link).path)
        return Path(os.path.normpath(page.path.parent / path)) if path else page.path

    def is_broken(self, page: Page, link: str) -> bool:
        target, fragment = self.target(page, link), unquote(urlsplit(link).fragment)
        if not target.is_file() or not target.is_relative_to(self.folder):
            return True
        return bool(fragment) and fragment not in self.pages[target].anchors


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    recipe = subprocess.run(["make", "-n", "docs"], cwd=ROOT, capture_output=True, text=True, check=True, env=alone())
    _, *build = shlex.split(recipe.stdout.splitlines()[-1])
    assert "--fail-on-warning" in build
    places = {"build/doctrees": str(folder / "trees"), "site": str(folder / "site")}
    command = [sys.executable, *(places.get(argument, argument) for argument in build)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return Site(folder / "site")


def is_external(link: str) -> bool:
    return bool(urlsplit(link).scheme)


def sections(source: str) -> list[str]:
    """The second-level headings of a Markdown file, as a reader sees them."""
    text = (ROOT / source).read_text(encoding="utf-8")
    without_code = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    return [title.replace("`", "") for title in re.findall(r"^## (.+)$", without_code, flags=re.MULTILINE)]


SOURCES = sorted(path.relative_to(ROOT).as_posix() for pattern in pages.SOURCES for path in ROOT.glob(pattern))


def test_every_source_is_a_page_with_all_its_sections(site: Site) -> None:
    assert len(SOURCES) > len(rules()) + 5
    for source in SOURCES:
        assert set(sections(source)) <= set(site.page(pages.page_of(source.removesuffix(".md"))).headings), source


@pytest.mark.parametrize("name", rules())
def test_what_a_finding_links_to_is_the_page_of_its_rule(site: Site, name: str) -> None:
    rule = rules()[name]
    address = reference.page(rule)
    assert address.startswith(reference.SITE + "/")
    page = site.pages[site.folder / address.removeprefix(reference.SITE + "/")]
    assert page.headings[0] == rule.name


def test_the_project_says_where_its_site_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == reference.SITE + "/"
    assert project["urls"]["Homepage"] == reference.REPOSITORY


def test_the_workflow_that_publishes_it_is_one_that_github_reads() -> None:
    workflow = ROOT / ".github" / "workflows" / "site.yml"
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert {"- run: make docs", "path: site"} <= {
        line.strip() for line in workflow.read_text(encoding="utf-8").splitlines()
    }


def test_every_link_inside_the_site_leads_to_a_page_and_a_place(site: Site) -> None:
    inside = [(page, link) for page in site.pages.values() for link in page.links if not is_external(link)]
    assert len(inside) > 1000
    assert [f"{page.path.name}: {link}" for page, link in inside if site.is_broken(page, link)] == []


def test_links_to_other_sites_are_whole(site: Site) -> None:
    outside = {link for page in site.pages.values() for link in page.links if is_external(link)}
    assert [
        link for link in outside if not re.fullmatch(r"https?://[\w.-]+\.\w+(/[^\s<>\"]*)?|mailto:\S+@\S+", link)
    ] == []


def test_the_addresses_of_the_site_that_pages_name_are_there(site: Site) -> None:
    address = re.compile(re.escape(reference.SITE) + r"/([^\s\"'<>)#]*[^\s\"'<>)#.,])")
    named = {path for page in site.pages.values() for path in address.findall("".join(page.tree.itertext()))}
    assert {"tapelint.schema.json", "rules/gradients-not-applied.html"} <= named
    assert [path for path in named if not (site.folder / path).is_file()] == []


def test_links_to_files_of_the_repository_name_some_that_are_there(site: Site) -> None:
    prefixes = [f"{reference.REPOSITORY}/{kind}/main/" for kind in ("blob", "tree")]
    named = {
        unquote(link.removeprefix(prefix))
        for page in site.pages.values()
        for link in page.links
        for prefix in prefixes
        if link.startswith(prefix)
    }
    assert "LICENSE" in named
    assert [path for path in named if not (ROOT / path.partition("#")[0]).exists()] == []


def test_nothing_is_fetched_from_elsewhere(site: Site) -> None:
    for page in site.pages.values():
        for link in page.loaded:
            assert not is_external(link), f"{page.path}: {link}"
            assert not site.is_broken(page, link), f"{page.path}: {link}"
    styles = [*site.folder.rglob("*.css"), *(site.folder / "_static").rglob("*.js")]
    fetching = re.compile(r"""(?:url\(|@import|\bfetch\(|import\()\s*["']?(?:https?:)?//[^)]*""")
    assert [(path.name, found) for path in styles for found in fetching.findall(path.read_text(encoding="utf-8"))] == []


def test_every_page_can_be_reached_from_the_start(site: Site) -> None:
    reached: set[Path] = set()
    waiting = [site.page("index")]
    while waiting:
        page = waiting.pop()
        if page.path not in reached:
            reached.add(page.path)
            leading = (site.target(page, link) for link in page.links if not is_external(link))
            waiting += [site.pages[path] for path in leading if path in site.pages]
    assert {path.name for path in site.pages.keys() - reached} <= {"search.html"}


def test_the_side_bar_lists_every_page_but_those_of_the_rules(site: Site) -> None:
    tree = site.page("search").tree.find(".//*[@class='sidebar-tree']")
    assert tree is not None
    listed = {link.attrib["href"].removesuffix(".html") for link in tree.iter("a")}
    sources = {pages.page_of(source.removesuffix(".md")) for source in SOURCES}
    assert listed == {page for page in sources if page == pages.RULES or not page.startswith("rules/")}


def test_a_page_that_nobody_has_put_in_order_is_listed_at_the_end() -> None:
    assert list(pages.navigation({"index", "ci", "news", "rules/index", "rules/dead-units"})) == [
        ("Using tapelint", ["index", "rules/index"]),
        ("Where it runs", ["ci"]),
        ("More", ["news"]),
    ]


def test_a_rule_says_what_it_is_in_a_table(site: Site) -> None:
    rule = rules()["gradients-not-applied"]
    (table,) = (
        each for each in site.page(f"rules/{rule.name}").tree.iter("table") if "declaration" in each.get("class", "")
    )
    told = {text_of(row.find("th")): text_of(row.find("td")) for row in table.iter("tr")}
    assert told == {
        "code": f"{rule.code}, Tapes and gradients",
        "level": rule.severity,
        "category": rule.category,
        "precision": rule.precision,
        "fix": "unsafe: changes what the program does",
        "seen by running": rule.probe,
        "since": rule.since,
        "silence": f"# tapelint: ignore[{rule.name}] reason",
    }


@pytest.mark.parametrize("name", rules())
def test_no_page_shows_the_notation_of_the_tests(site: Site, name: str) -> None:
    rule = rules()[name]
    blocks = [text_of(block) for block in site.page(f"rules/{rule.name}").tree.iter("pre")]
    assert blocks
    assert not any(re.search(r"#\s*(error|missed)\b", block) or 'code = "TL' in block for block in blocks)
    if "# error" in rule.text:
        assert any(f"# ← {rule.name}" in block for block in blocks)


def test_the_line_of_a_finding_is_lit(site: Site) -> None:
    lit = [
        element
        for element in site.page("rules/gradients-not-applied").tree.iter("span")
        if element.get("class") == "hll"
    ]
    assert text_of(lit[0]) == "gradients = tape.gradient(loss, model.trainable_variables) # ← gradients-not-applied"


def test_a_rule_is_said_in_one_line_below_its_name(site: Site) -> None:
    for rule in rules().values():
        (said,) = (each for each in site.page(f"rules/{rule.name}").tree.iter("p") if each.get("class") == "summary")
        assert text_of(said) == " ".join(rule.summary.replace("`", "").split())


def test_rules_lead_to_their_neighbours(site: Site) -> None:
    first, second, *_ = rules()
    assert f"{second}.html" in site.page(f"rules/{first}").links
    assert f"{first}.html" in site.page(f"rules/{second}").links


@pytest.fixture(scope="module")
def index(site: Site) -> dict[str, Any]:
    """What the search looks in, which a page opened from a disk can load, too."""
    script = (site.folder / "searchindex.js").read_text(encoding="utf-8")
    known: dict[str, Any] = json.loads(script.removeprefix("Search.setIndex(").removesuffix(")"))
    return known


def test_the_search_knows_every_rule_by_its_name(index: dict[str, Any]) -> None:
    assert [name for name in rules() if name not in index["alltitles"]] == []


def test_a_code_leads_the_search_to_the_page_of_its_rule(index: dict[str, Any]) -> None:
    led = {code.upper(): index["docnames"][page] for code, ((page, _, main),) in index["indexentries"].items() if main}
    assert led == {rule.code: f"rules/{rule.name}" for rule in rules().values()}


def test_the_search_knows_the_words_of_programs(index: dict[str, Any]) -> None:
    assert "apply_gradi" in index["terms"]
