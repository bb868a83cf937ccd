"""The catalogue is complete and consistent: rules, codes, levels, pages, checks and the index say the same."""

import re
from pathlib import Path

import pytest

from docs import index
from tapelint import catalog
from tapelint.catalog import BrokenPage, Rule, UnknownRule, rules
from tapelint.checks import CHECKS
from tapelint.probe.observations import OBSERVATIONS
from tapelint.run.select import runs_only
from tapelint.source.markdown import fences

FOLDER = Path(__file__).parents[1] / "rules"

# Rules that are found before there is a program to check, or in its comments.
OUTSIDE_THE_CHECKS = {"unparsable-source", "unused-suppression"}

HEADINGS = ["Instead", "Variations", "When it is right", "Limits", "Fix", "References"]
NEEDED = {"Instead", "When it is right", "References"}

every_rule = pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.name)


def page(**changes: str | None) -> str:
    """A right page, but for the `changes` of its keys; None leaves a key out."""
    keys: dict[str, str | None] = {
        "code": '"TL999"',
        "category": '"suspicious"',
        "precision": '"high"',
        "since": '"0.1"',
        "summary": '"something is odd"',
    }
    lines = [f"{key} = {value}" for key, value in (keys | changes).items() if value is not None]
    return "\n".join(["# odd-thing", "", "```toml", *lines, "```", "", "Odd."])


def test_each_rule_that_reading_can_decide_has_its_check() -> None:
    decided_by_reading = {rule.name for rule in rules().values() if not runs_only(rule)}
    assert set(CHECKS) == decided_by_reading - OUTSIDE_THE_CHECKS


def test_rules_come_in_the_order_of_their_codes() -> None:
    codes = [rule.code for rule in rules().values()]
    assert codes == sorted(codes)


@every_rule
def test_a_summary_is_a_short_phrase(rule: Rule) -> None:
    first = rule.summary.lstrip("`")[0]
    assert first.islower()
    assert not rule.summary.endswith(".")
    assert len(rule.summary) <= 72


@every_rule
def test_an_observation_exists(rule: Rule) -> None:
    assert rule.probe is None or rule.probe in OBSERVATIONS


@every_rule
def test_a_rule_that_is_found_by_running_says_what_is_observed(rule: Rule) -> None:
    assert rule.probe or not runs_only(rule)


@every_rule
def test_a_severity_is_stated_only_where_the_category_says_otherwise(rule: Rule) -> None:
    stated = re.search(r"^severity = ", next(fences(rule.text)).text, flags=re.MULTILINE)
    assert (stated is not None) == (rule.severity != catalog.SEVERITY_OF[rule.category])


@every_rule
def test_headings_are_the_fixed_ones_in_their_order(rule: Rule) -> None:
    headings = re.findall(r"^(#+) (.*)$", _prose(rule.text), flags=re.MULTILINE)
    parts = [title for marks, title in headings if marks == "##"]
    assert headings[0] == ("#", rule.name)
    assert [marks for marks, _ in headings].count("#") == 1
    assert parts == [part for part in HEADINGS if part in parts]
    assert set(parts) >= NEEDED


@every_rule
def test_a_page_begins_with_its_declaration_and_what_goes_wrong(rule: Rule) -> None:
    blocks = list(fences(rule.text))
    assert blocks[0].language == "toml"
    assert blocks[0].line == 4
    paragraph = rule.text.splitlines()[blocks[0].text.count("\n") + 5]
    assert re.match(r"[A-Z`]", paragraph), paragraph


@every_rule
def test_lines_are_short_enough_to_read(rule: Rule) -> None:
    assert [line for line in rule.text.splitlines() if len(line) > 120 and "http" not in line] == []


@every_rule
def test_a_rule_is_found_by_all_its_names(rule: Rule) -> None:
    for name in (rule.name, rule.code, rule.code.lower(), *rule.aliases):
        assert catalog.find(name) is rule


def test_the_index_is_the_pages() -> None:
    page = index.INDEX.read_text(encoding="utf-8")
    assert page == index.written(page), "`make index` writes it again"


def test_every_page_is_a_rule() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(rules())


def test_a_right_page_is_read() -> None:
    assert catalog.read("odd-thing", page(probe='"it-is-odd"', aliases='["strange-thing"]')) == Rule(
        name="odd-thing",
        code="TL999",
        category="suspicious",
        severity="warning",
        precision="high",
        since="0.1",
        fix=None,
        probe="it-is-odd",
        summary="something is odd",
        preview=False,
        aliases=("strange-thing",),
        text=page(probe='"it-is-odd"', aliases='["strange-thing"]'),
    )


@pytest.mark.parametrize(
    ("category", "severity"),
    [("correctness", "error"), ("performance", "warning"), ("migration", "info"), ("pedantic", "off")],
)
def test_the_category_decides_the_level(category: str, severity: str) -> None:
    assert catalog.read("odd-thing", page(category=f'"{category}"')).severity == severity


def test_a_page_may_overrule_its_category() -> None:
    assert catalog.read("odd-thing", page(severity='"info"')).severity == "info"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("# odd-thing\n\nOdd.\n", "has no `toml` block", id="no block"),
        pytest.param("```toml\ncode =\n```\n", "is not TOML", id="not TOML"),
        pytest.param(page(code=None), "the key `code` is missing", id="missing key"),
        pytest.param(page(sumary='"odd"'), "unknown key `sumary`, did you mean `summary`", id="unknown key"),
        pytest.param(page(code='"T1"'), "`code` must be `TL` and three digits, not 'T1'", id="code"),
        pytest.param(page(category='"odd"'), "`category` must be one of correctness, ", id="category"),
        pytest.param(page(severity='"fatal"'), "`severity` must be one of error, ", id="severity"),
        pytest.param(page(precision="1"), "`precision` must be one of high, medium, low, not 1", id="precision"),
        pytest.param(page(since="0.1"), "`since` must be a version", id="since"),
        pytest.param(page(fix="true"), "`fix` must be one of safe, unsafe, not True", id="fix"),
        pytest.param(page(probe='"It is odd"'), "`probe` must be the name", id="probe"),
        pytest.param(page(summary='""'), "`summary` must be one line", id="summary"),
        pytest.param(page(preview='"yes"'), "`preview` must be true or false", id="preview"),
        pytest.param(page(aliases='"odd"'), "`aliases` must be a list", id="aliases"),
    ],
)
def test_a_wrong_page_is_refused_with_its_name_and_the_key(text: str, complaint: str) -> None:
    with pytest.raises(BrokenPage) as refusal:
        catalog.read("odd-thing", text)
    assert str(refusal.value).startswith("odd-thing.md: ")
    assert complaint in str(refusal.value)


def test_two_rules_cannot_share_a_name(tmp_path: Path) -> None:
    (tmp_path / "odd-thing.md").write_text(page())
    (tmp_path / "even-thing.md").write_text(page(code='"TL998"', aliases='["odd-thing"]'))
    with pytest.raises(BrokenPage, match="`odd-thing` already belongs to even-thing"):
        catalog.load(tmp_path)


def test_two_rules_cannot_share_a_code(tmp_path: Path) -> None:
    (tmp_path / "odd-thing.md").write_text(page())
    (tmp_path / "even-thing.md").write_text(page())
    with pytest.raises(BrokenPage, match="`TL999` already belongs to"):
        catalog.load(tmp_path)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        UnknownRule, match="there is no rule `gradient-not-applied`, did you mean `gradients-not-applied`"
    ):
        catalog.named("gradient-not-applied")
    with pytest.raises(UnknownRule, match=r"there is no rule `zzz`$"):
        catalog.named("zzz")
    assert catalog.nearest("tl9o1") == "TL901"
    assert catalog.find("zzz") is None


def _prose(text: str) -> str:
    """The page without its blocks, whose comments look like headings."""
    lines = text.splitlines()
    for block in fences(text):
        first = block.line - 1
        last = first + block.text.count("\n")
        lines[first:last] = [""] * (last - first)
    return "\n".join(lines)
