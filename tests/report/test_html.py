"""The page: it is valid, it is whole by itself, what comes from the program stays text, and the verdict comes first."""

import dataclasses
import functools
import itertools
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from tapelint.finding import Finding, Fix, Place, TrailStep, Verdict, VerdictKind
from tapelint.record import Assignment, Comparison, Record
from tapelint.report.html import page, plots
from tapelint.report.html.beside_fit import factor
from tapelint.report.html.runs import Run
from tapelint.run.outcome import Crash, Outcome
from tapelint.source.document import Document
from tapelint.source.edit import Edit
from tests.report.programs import marked, outcome
from tests.report.runs import (
    beside,
    compiled,
    failing,
    names,
    pair,
    right,
    site,
    standing_still,
    update,
    without_gradients,
)
from tests.test_record import FULL, example

EMPTY = Outcome(files=1)
LARGEST = 500_000

STEP = """\
for images, labels in data:
    with «tf.GradientTape()» as tape:
        loss = loss_of(labels, model(images))
    grads = «tape.gradient(loss, model.trainable_variables)»
"""


def found(rule: str = "gradients-not-applied", kind: VerdictKind | None = "confirmed", **changes: Any) -> Outcome:
    """A finding with a trail and a fix."""
    text, (made, here) = marked(STEP)
    path = Path("train.py")
    verdict = None if kind is None else Verdict(kind, "8 of 8 variables identical after 3 steps")
    finding = Finding(
        rule,
        Place(path, here),
        "`model` is never updated: `grads` is never applied",
        "error",
        (TrailStep(Place(path, made), "the tape is made here"),),
        Fix("apply the gradients with `optimizer`", "unsafe", (Edit(here, "x"),)),
        verdict,
    )
    return Outcome((replace(finding, **changes),), files=1, documents={path: Document(path, text)})


def parsed(text: str) -> Element:
    """The page as a browser reads it. Whatever is not HTML by the letter is an error."""
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return tree


def text_of(element: Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def headline(run: Outcome, *records: Record) -> str:
    return text_of(parsed(page.render(run, [Run(record) for record in records])).find(".//h1"))


def glance(run: Outcome, record: Record) -> dict[str, str]:
    tree = parsed(page.render(run, [Run(record)]))
    return {text_of(each.find("dt")): text_of(each.find("dd")) for each in tree.findall(".//dl/div")}


def table(tree: Element, caption: str) -> list[list[str]]:
    """The rows of the table below this caption."""
    (drawn,) = (each for each in tree.iter("table") if text_of(each.find("caption")).startswith(caption))
    return [[text_of(cell) for cell in row] for row in drawn.findall("tbody/tr")]


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


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without plots, which take most of the time."""
    monkeypatch.setattr(plots, "available", lambda: False)


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
                local = value.startswith("#") or (element.tag == "a" and value.startswith("https://github.com/"))
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


@pytest.mark.usefixtures("undrawn")
class TestTheVerdict:
    def test_nothing_is_wrong(self) -> None:
        assert headline(EMPTY, right()) == "Nothing to report in 4 updates"
        assert headline(EMPTY) == "Nothing to report"
        assert headline(EMPTY, replace(right(), updates=0, applications=())) == "Nothing to report"

    def test_layers_without_a_gradient(self) -> None:
        told = found("missing-gradients", None)
        assert headline(told, without_gradients()) == "2 of 4 layers got no gradient"

    def test_layers_that_stand_still(self) -> None:
        assert headline(found(), standing_still()) == "4 of 4 layers never moved"

    def test_layers_with_numbers_that_are_none(self) -> None:
        record = right()
        broken = tuple(
            replace(
                call, sources=(replace(call.sources[0], gradient="nonfinite", norm=float("nan")), *call.sources[1:])
            )
            for call in record.gradients
        )
        told = headline(found("non-finite-values", None), replace(record, gradients=broken))
        assert told == "1 of 4 layers got a gradient that is not a number"

    def test_a_step_that_is_not_that_of_fit(self) -> None:
        told = found("unreduced-loss")
        assert (
            headline(told, replace(right(), comparisons=(beside(times=32),)))
            == "Every gradient is 32 times that of fit"
        )

    def test_the_finding_itself_where_the_run_has_no_better_words(self) -> None:
        for record in (right(), replace(right(), gradients=(), applications=())):
            assert headline(
                found("unscaled-inputs"), record
            ) == "`model` is never updated: `grads` is never applied".replace("`", "")

    @pytest.mark.parametrize(
        "changes", [{"kind": "refuted", "severity": "info"}, {"kind": "unreached", "severity": "info"}]
    )
    def test_what_is_refuted_or_a_note_is_no_verdict(self, changes: dict[str, Any]) -> None:
        assert headline(found(**changes), right()) == "1 note and nothing worse in 4 updates"

    def test_a_failure(self) -> None:
        assert headline(EMPTY, failing()) == "train.py ends in ValueError on line 12"
        unstarted = Record("train.py", (), False, "unstarted", "TensorFlow is not installed", 0.5)
        assert headline(EMPTY, unstarted) == "train.py could not be run: TensorFlow is not installed"

    def test_what_was_cut_short(self) -> None:
        record = replace(right(), end="timeout", detail="")
        assert headline(EMPTY, record) == "Nothing to report so far: the run was stopped at the time limit"

    def test_several_scripts(self) -> None:
        assert headline(EMPTY, right(), right()) == "Nothing to report in 8 updates"
        assert headline(EMPTY, right(), failing()) == "1 script of 2 could not be run to where something shows"

    def test_several_scripts_with_findings(self) -> None:
        told = found()
        assert headline(told, right(), right()) == "`model` is never updated: `grads` is never applied".replace("`", "")
        told = replace(told, findings=told.findings * 3)
        assert headline(told, right(), right()) == "3 findings in 1 file, 3 confirmed by running"
        assert headline(replace(found(kind=None), findings=found(kind=None).findings * 2)) == "2 findings in 1 file"

    def test_each_of_several_scripts_has_its_own(self) -> None:
        other = replace(right(), script="other.py")
        tree = parsed(page.render(found(), [Run(standing_still()), Run(other)]))
        assert [text_of(each) for each in tree.findall(".//nav/ul/li")] == [
            "train.py: 4 of 4 layers never moved",
            "other.py: Nothing to report in 4 updates",
        ]
        assert [each.get("class") for each in tree.findall(".//nav/ul/li/span")] == ["bad", "good"]

    def test_files_that_were_not_linted(self) -> None:
        crashed = replace(EMPTY, crashes=(Crash(Path("a.py"), "KeyError: 1", "trace"),), skipped={Path("b.ipynb"): "R"})
        text = page.render(crashed)
        assert text_of(parsed(text).find(".//h1")) == "Not every file could be linted"
        assert "tapelint crashed on a.py: KeyError: 1" in text and "b.ipynb was skipped: R" in text

    def test_the_facts_at_a_glance(self) -> None:
        assert glance(EMPTY, right()) == {
            "findings": "0",
            "updates seen": "4",
            "layers with gradient": "4 of 4",
            "layers that moved": "4 of 4",
            "loss": "2 → 0.5",
            "beside fit": "the same",
        }
        assert glance(found(), without_gradients())["confirmed"] == "1"
        assert glance(found(), without_gradients())["layers with gradient"] == "2 of 4"


@pytest.mark.usefixtures("undrawn")
class TestFindings:
    def test_a_finding_stands_beside_its_code(self) -> None:
        tree = parsed(page.render(found(), [Run(standing_still())]))
        (article,) = tree.iter("article")
        assert text_of(article.find("h3")) == "model is never updated: grads is never applied"
        assert [text_of(each) for each in article.findall("h3/code")] == ["model", "grads"]
        told = [text_of(each) for each in article.findall("p")]
        assert told == [
            "error TL101 gradients-not-applied",
            "confirmed by the run: 8 of 8 variables identical after 3 steps",
            "To mend it: apply the gradients with optimizer (tapelint check --fix --unsafe-fixes)",
        ]
        assert [text_of(each) for each in article.iter("mark")] == [
            "tape.gradient(loss, model.trainable_variables)",
            "tf.GradientTape()",
        ]
        code = article.find("figure")
        assert code is not None
        assert text_of(code.find("figcaption")) == "train.py:4:13"
        assert [each.get("data-number") for each in code.findall("pre/code/span")] == ["2", "3", "4"]

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("confirmed", "confirmed by the run"),
            ("refuted", "refuted by the run"),
            ("unreached", "the run did not come there"),
            ("unable", "the run cannot tell"),
        ],
    )
    def test_each_verdict_has_its_words(self, kind: VerdictKind, words: str) -> None:
        assert f"<strong>{words}</strong>: 8 of 8" in page.render(found(kind=kind))

    def test_a_finding_without_a_verdict_says_where_it_comes_from(self) -> None:
        assert "Found by reading the program." in page.render(found(kind=None))
        assert "Found by running the program." in page.render(found("weights-unchanged", None))

    def test_the_worst_comes_first(self) -> None:
        one = found(kind=None)
        mixed = replace(one, findings=tuple(replace(one.findings[0], severity=each) for each in ("info", "error")))
        labels = [text_of(each.find("p/span")) for each in parsed(page.render(mixed)).iter("article")]
        assert labels == ["error", "info"]

    def test_long_code_loses_its_middle_and_blank_edges(self) -> None:
        lines = "\n".join(f"    f({number})" for number in range(40))
        tree = parsed(page.render(outcome(f"import x\n\n\n«call(\n{lines}\n)»\n\n")))
        numbers = [each.get("data-number") for each in tree.findall(".//pre/code/span")]
        assert numbers == ["4", "5", "6", "7", "\u22ef", "42", "43", "44", "45"]

    def test_a_finding_in_a_file_nobody_has_read(self) -> None:
        assert parsed(page.render(replace(found(), documents={}))).find(".//mark") is None

    def test_thousands_of_findings_fit(self) -> None:
        one = found()
        text = page.render(replace(one, findings=one.findings * 3000))
        assert len(text.encode()) < LARGEST
        assert "And 2,400 more" in text


@pytest.mark.usefixtures("undrawn")
class TestTheRun:
    def test_the_norms_of_layers(self) -> None:
        tree = parsed(page.render(EMPTY, [Run(right())]))
        rows = table(tree, "Gradients and updates, layer by layer")
        assert [row[0] for row in rows] == list(LAYER_NAMES)
        assert rows[0] == ["embedding", "0.224", "0.00224", "0.0791 %"]

    def test_a_layer_that_gets_nothing(self) -> None:
        tree = parsed(page.render(EMPTY, [Run(without_gradients())]))
        rows = {row[0]: row[1:] for row in table(tree, "Gradients and updates, layer by layer")}
        assert rows["encoder/dense"] == ["none", "–", "–"]
        steps = {row[0]: row[1:] for row in table(tree, "The length of each gradient")}
        assert steps["classifier/encoder/dense/kernel"] == ["none"] * 4

    def test_a_layer_that_stands_still_and_one_that_is_moved_by_hand(self) -> None:
        record = standing_still()
        by_hand = Assignment(1, site(23), "assign_sub", 1, names()[0][1], True, False, 4, 0.1)
        tree = parsed(page.render(EMPTY, [Run(replace(record, assignments=(by_hand,)))]))
        rows = {row[0]: row[2] for row in table(tree, "Gradients and updates, layer by layer")}
        assert rows == {"embedding": "–", "encoder/dense": "none", "encoder/dense_1": "none", "head": "none"}

    def test_two_layers_of_one_name_stay_two(self) -> None:
        record = replace(
            right(),
            gradients=(),
            applications=(update(1, pair(1, "dense/kernel", 1), pair(2, "dense/kernel", 1, step=0.5)),),
        )
        rows = table(parsed(page.render(EMPTY, [Run(record)])), "Gradients and updates, layer by layer")
        assert [(row[0], row[2]) for row in rows] == [("dense", "0.01"), ("dense (2)", "0.5")]

    def test_the_loss_of_each_step(self) -> None:
        rows = table(parsed(page.render(EMPTY, [Run(right())])), "The loss at each step")
        assert rows == [["1", "2"], ["2", "1"], ["3", "0.667"], ["4", "0.5"]]

    def test_each_variable_beside_fit(self) -> None:
        text = page.render(EMPTY, [Run(replace(right(), comparisons=(beside(times=32),)))])
        rows = table(parsed(text), "How long the gradient of each variable was")
        assert rows[0] == ["embedding/kernel", "3.2", "0.1", "32", "3100 %"]
        assert len(rows) == 8
        assert "Not as <code>fit</code> would do it</strong>: the update is 32 times fit" in text

    @pytest.mark.parametrize(
        ("comparisons", "glimpse", "words"),
        [
            ((beside(),), "the same", "As <code>fit</code> would do it"),
            ((beside(times=32),), "32 times", "Not as <code>fit</code> would do it"),
            ((beside(), beside(times=32)), "different", "Not as <code>fit</code> would do it"),
            ((replace(beside(), verdict="unable", variables=()),), "not compared", "This cannot be told"),
            ((replace(beside(), verdict="differs"),), "different", "Not as <code>fit</code> would do it"),
            ((replace(beside(times=2), variables=()),), "different", "Not as <code>fit</code> would do it"),
        ],
    )
    def test_what_the_comparison_says(self, comparisons: tuple[Comparison, ...], glimpse: str, words: str) -> None:
        record = replace(right(), comparisons=comparisons)
        assert words in page.render(EMPTY, [Run(record)])
        assert glance(EMPTY, record)["beside fit"] == glimpse

    @pytest.mark.parametrize(
        ("own", "apart", "times"), [(1.0, 1e-7, 1.0), (1.0, 2.0, None), (2.0, 1.0, 2.0), (2.0, 2.5, None)]
    )
    def test_a_factor_explains_all_or_nothing(self, own: float, apart: float, times: float | None) -> None:
        variables = tuple(replace(each, own=own, fit=1.0, apart=apart) for each in beside().variables)
        assert factor(replace(beside(), variables=variables)) == times

    def test_the_pipeline_is_a_chain(self) -> None:
        tree = parsed(page.render(EMPTY, [Run(right())]))
        (chain,) = (each for each in tree.iter("ol") if each.get("class") == "chain")
        assert [text_of(each) for each in chain] == [
            "dataset500 examples, 16 batches",
            "tensor_slicedata.py:8",
            "shufflebuffer 500, reshuffle yesdata.py:9",
            "batchbatch 32, drop_remainder nodata.py:9",
            "prefetchbuffer automaticdata.py:10",
            "the loopline 20",
        ]
        assert table(tree, "Each time through it") == [
            ["1", "16", "32, 20", "the first"],
            ["2", "2, then cut short", "32", "another"],
        ]

    def test_what_fit_does_to_its_data_is_one_link(self) -> None:
        (pipeline,) = right().pipelines
        inside = (
            tuple(replace(each, where=None) for each in pipeline.operations[:1])
            + tuple(
                replace(each, where=dataclasses.replace(pipeline.operations[0].where, path="train.py", line=20))  # type: ignore[type-var]
                for each in pipeline.operations[1:]
            )
        )
        record = replace(right(), pipelines=(replace(pipeline, fit=1, operations=inside),))
        tree = parsed(page.render(EMPTY, [Run(record)]))
        names_of = [text_of(each) for each in tree.iter("span") if each.get("class") == "operation"]
        assert names_of == ["dataset", "tensor_slice", "fit", "the loop"]

    def test_traces_are_counted_where_functions_are_compiled(self) -> None:
        tree = parsed(page.render(EMPTY, [Run(right(), compiled())]))
        assert table(tree, "Functions and their traces") == [["train_step", "line 18", "16", "2", "3"]]
        alone = page.render(EMPTY, [Run(right())])
        assert table(parsed(alone), "Functions and their traces") == [["train_step", "line 18", "18", "2", "–"]]
        assert "ran eagerly" in alone

    def test_metrics_and_fits(self) -> None:
        tree = parsed(page.render(EMPTY, [Run(right())]))
        assert table(tree, "What became of each metric") == [["train_loss", "line 14", "16 times", "once", "once"]]
        fitted = parsed(page.render(EMPTY, [Run(failing())]))
        assert table(fitted, "The logs of each epoch") == [["1", "2", "0.001", "0.5"], ["2", "2", "0.001", "0.25"]]
        assert table(fitted, "Callbacks") == [["EarlyStopping", "val_loss", "no", "ran"]]

    def test_what_surrounds_a_run(self) -> None:
        text = page.render(EMPTY, [Run(failing())])
        tree = parsed(text)
        told = ["Gradients do not exist for a variable", "UserWarning", "line 11", "3 times"]
        assert table(tree, "Warnings") == [told]
        assert table(tree, "What the script tried") == [["example.org:443", "connect", "line 4"]]
        assert table(tree, "What the probe put") == [["keras.datasets.mnist.load_data", "synthetic data", "line 5"]]
        assert table(tree, "How the script was confined") == [["landlock", "missing", "this kernel has none"]]
        assert "shapes differ:\n  (32, 10) and (32,)" in text
        assert "There was too much to keep of gradients." in text
        assert "line 3: KeyError" in text


LAYER_NAMES = ("embedding", "encoder/dense", "encoder/dense_1", "head")
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
