"""The page: it is valid, it is whole by itself, what comes from the program stays text, and the verdict comes first."""

import dataclasses
import functools
import itertools
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tapelint.finding import Fix, TrailStep, Verdict
from tapelint.record import Record
from tapelint.report.html import page
from tapelint.report.html.runs import Run
from tapelint.report.reference import SITE
from tapelint.run.outcome import Outcome
from tapelint.source.document import Document
from tests.report.pages import EMPTY, LARGEST, found, parsed, table, text_of
from tests.report.runs import (
    compiled,
    failing,
    right,
    standing_still,
    without_gradients,
)
from tests.test_record import FULL, example

PAGES: dict[str, tuple[Outcome, tuple[Run, ...]]] = {
    "nothing": (EMPTY, ()),
    "findings alone": (found(kind=None), ()),
    "right": (EMPTY, (Run(right(), compiled()),)),
    "without gradients": (found("missing-gradients"), (Run(without_gradients()),)),
    "standing still": (found(), (Run(standing_still()),)),
    "failing": (EMPTY, (Run(failing()),)),
    "several": (found(), (Run(right()), Run(failing()), Run(standing_still()))),
    "everything": (found(), (Run(FULL, FULL),)),
}


@functools.cache
def rendered(name: str) -> str:
    return page.render(*PAGES[name])


@pytest.fixture(params=list(PAGES))
def text(request: pytest.FixtureRequest) -> str:
    return rendered(request.param)


class TestEveryPage:
    def test_it_is_valid(self, text: str) -> None:
        tree = parsed(text)
        assert tree.tag == "html"
        assert tree.get("lang") == "en"

    def test_it_is_whole_by_itself(self, text: str) -> None:
        tree = parsed(text)
        kinds = Counter(each.tag for each in tree.iter())
        assert kinds["style"] == 1
        assert not kinds.keys() & {"script", "link", "img", "iframe", "object", "embed", "base", "image"}
        for element in tree.iter():
            for key, value in element.attrib.items():
                local = value.startswith("#") or (element.tag == "a" and value.startswith(SITE))
                assert key.rpartition("}")[2] not in ("href", "src", "srcset", "action", "data") or local
                assert not key.startswith("on")
        assert not re.search(r"@import|url\((?!#)", text)

    def test_every_name_is_there_once_and_every_reference_leads_somewhere(self, text: str) -> None:
        tree = parsed(text)
        known = Counter(each.get("id") for each in tree.iter() if each.get("id"))
        assert set(known.values()) <= {1}
        wanted = {each.get("aria-labelledby") for each in tree.iter()} - {None}
        wanted |= {value[1:] for each in tree.iter() for value in each.attrib.values() if value.startswith("#")}
        wanted |= set(re.findall(r"url\(#([^)]+)\)", text))
        assert wanted <= known.keys()

    def test_headings_come_in_order_and_tables_have_heads(self, text: str) -> None:
        tree = parsed(text)
        levels = [int(each.tag[1]) for each in tree.iter() if re.fullmatch("h[1-6]", str(each.tag))]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
        for each in tree.iter("table"):
            assert text_of(each.find("caption"))
            assert all(cell.get("scope") == "col" for cell in each.findall("thead/tr/*"))
            assert all(row[0].get("scope") == "row" for row in each.findall("tbody/tr"))

    def test_what_scrolls_can_be_reached_with_the_keyboard(self, text: str) -> None:
        tree = parsed(text)
        frames = [each for each in tree.iter() if each.get("class") == "frame" or each.tag == "pre"]
        assert all(each.get("tabindex") == "0" for each in frames)

    def test_plots_have_words_and_the_colours_of_the_page(self, text: str) -> None:
        for drawn in parsed(text).iter("{http://www.w3.org/2000/svg}svg"):
            assert drawn.get("role") == "img" and drawn.get("aria-label")
            styles = " ".join(each.get("style", "") for each in drawn.iter())
            assert "var(--" in styles
            assert not re.search("#[0-9a-f]{6}", styles)
            assert "font-family" not in styles


HOSTILE = (
    "</style></pre><script>alert('1')</script>\"' onload=\"x\" &amp; $\\frac{1}{2}$ \x00\x1b[31m\u202e\ud800\uffff"
)


def poisoned(value: Any) -> Any:
    """The same with hostile texts in all places where a program could put one."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: (field.type, getattr(value, field.name)) for field in dataclasses.fields(value)}
        return replace(
            value,
            **{name: HOSTILE if kind in (str, str | None) else poisoned(each) for name, (kind, each) in fields.items()},
        )
    return (
        tuple(HOSTILE if isinstance(each, str) else poisoned(each) for each in value)
        if isinstance(value, tuple)
        else value
    )


@pytest.mark.parametrize(
    "record", [right(), failing(), without_gradients(), FULL], ids=["right", "failing", "lost", "full"]
)
def test_what_comes_from_the_program_stays_text(record: Record) -> None:
    bad = poisoned(record)
    assert HOSTILE in str(bad.script)
    path = Path("a" + HOSTILE.replace("\x00", "").replace("/", ""))
    (finding,) = found().findings
    place = replace(finding.place, path=path)
    told = replace(
        finding,
        place=place,
        message=HOSTILE,
        trail=(TrailStep(place, HOSTILE),),
        fix=Fix(HOSTILE, "safe", ()),
        verdict=Verdict("confirmed", HOSTILE),
    )
    run = Outcome((told,), documents={path: Document(path, f"{HOSTILE}\n" * 9)}, failures={path: HOSTILE})
    text = page.render(run, [Run(bad, bad), Run(bad)])
    tree = parsed(text)
    kinds = {each.tag for each in tree.iter()}
    assert "script" not in kinds
    assert not any(key.startswith("on") for each in tree.iter() for key in each.attrib)
    assert "alert('1')" in "".join(tree.itertext())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\uffff]", text)


def test_the_example_has_every_part_of_a_record() -> None:
    assert isinstance(FULL, type(example(Record)))


def test_facts_alone_are_no_accusation() -> None:
    """Layers that stand still may be meant to: only a finding says that this is wrong."""
    text = page.render(EMPTY, [Run(without_gradients())])
    assert text_of(parsed(text).find(".//h1")) == "Nothing to report in 4 updates"
    assert "no gradient" in text
    assert "fill: var(--bad)" not in text
    assert "fill: var(--bad)" in page.render(found("missing-gradients"), [Run(without_gradients())])


def test_a_loss_that_is_no_number() -> None:
    record = right()
    calls = tuple(replace(call, loss=float("nan")) for call in record.gradients[1:])
    text = page.render(EMPTY, [Run(replace(record, gradients=(record.gradients[0], *calls)))])
    assert table(parsed(text), "The loss at each step")[1] == ["2", "not a number"]


def test_a_large_network_fits() -> None:
    layers = tuple(f"stage_{number}/convolution" for number in range(400))
    text = page.render(EMPTY, [Run(right(layers, steps=16))])
    assert len(text.encode()) < LARGEST
    assert "250 more layers" in text


def test_the_same_run_gives_the_same_page() -> None:
    assert page.render(EMPTY, [Run(right())]) == page.render(EMPTY, [Run(right())])


@pytest.mark.usefixtures("undrawn")
def test_without_a_library_to_draw_with_there_are_the_numbers() -> None:
    text = page.render(EMPTY, [Run(right())])
    assert "<svg" not in text
    assert "matplotlib is not installed" in text
    assert table(parsed(text), "The loss at each step")
