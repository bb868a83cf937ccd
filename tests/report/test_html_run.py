"""What the page says of a run."""

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from tapelint.record import (
    Assignment,
    Comparison,
    Denial,
    Exceptional,
    Passage,
    Pipeline,
    Replacement,
    SideBySide,
    Warned,
)
from tapelint.report.html import page
from tapelint.report.html.beside_fit import factor
from tapelint.report.html.runs import Run
from tapelint.source.document import Document
from tests.report.pages import EMPTY, glance, parsed, table, text_of
from tests.report.runs import (
    LAYERS,
    beside,
    compiled,
    failing,
    gradients,
    names,
    pair,
    right,
    site,
    source,
    standing_still,
    update,
    without_gradients,
)


@pytest.mark.usefixtures("undrawn")
class TestTheRun:
    def test_the_norms_of_layers(self) -> None:
        tree = parsed(page.render(EMPTY, [Run(right())]))
        rows = table(tree, "Gradients and updates, layer by layer")
        assert [row[0] for row in rows] == list(LAYERS)
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
        assert table(tree, "What the script tried") == [["example.org:443", "connect", "line 4", "once"]]
        assert table(tree, "What the probe put") == [["keras.datasets.mnist.load_data", "synthetic data", "line 5"]]
        assert table(tree, "How the script was confined") == [["landlock", "missing", "this kernel has none"]]
        assert "shapes differ:\n  (32, 10) and (32,)" in text
        assert "There was too much to keep of gradients." in text
        assert "line 3: KeyError" in text

    def test_the_line_that_an_exception_came_up_on(self) -> None:
        path = Path("train.py")
        outcome = replace(EMPTY, documents={path: Document(path, "".join(f"line = {n}\n" for n in range(1, 20)))})
        (failure,) = parsed(page.render(outcome, [Run(failing())])).findall(".//div[@class='failure']")
        lines = [text_of(each) for each in failure.findall(".//code/span")]
        assert lines == ["line = 10", "line = 11", "line = 12", "line = 13"]
        assert text_of(failure.find(".//mark")) == "= 12"
        in_a_cell = replace(failing(), exception=Exceptional("ValueError", "no", replace(site(2), cell=3)))
        assert "ValueError on line 2 of cell 3" in text_of(parsed(page.render(EMPTY, [Run(in_a_cell)])))

    def test_whatever_is_left_out_is_said(self) -> None:
        """Of everything that the page has a limit for, there is one more."""
        series = tuple(gradients(n, 0.5, source(1, "w")) for n in range(1, 18))
        passages = tuple(Passage((8,), (("a",),), (), True, True) for _ in range(13))
        pipeline = Pipeline(1, site(5), None, "dataset", "range", (), 1, False, 8, passages)
        many = replace(
            failing(),
            gradients=series,
            pipelines=(pipeline,),
            comparisons=(replace(beside(), variables=tuple(SideBySide(f"w{n}", 1.0, 1.0, 0.0) for n in range(202))),),
            warnings=tuple(Warned(n, "absl", "x", "y" * 301, None, 1) for n in range(101)),
            denials=tuple(Denial(n, "connect", str(n), None, 1) for n in range(102)),
            replacements=tuple(Replacement(n, str(n), "nothing", None) for n in range(103)),
        )
        tree = parsed(page.render(EMPTY, [Run(many)]))
        left = [text_of(each) for each in tree.iter("p") if "has no room" in text_of(each)]
        assert [each.partition(",")[0] for each in left] == [
            "1 more step",
            "1 more step",
            "2 more variables",
            "1 more passage",
            "1 more warning",
            "2 more attempts",
            "3 more replacements",
        ]
        assert table(tree, "Warnings")[0][0] == "y" * 299 + "\u2026"
        assert ", 10 were asked for, shortened by the probe: 4 steps" in text_of(tree)
