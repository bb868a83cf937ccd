"""The first thing the page says, and each finding beside its code."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tapelint.finding import VerdictKind
from tapelint.record import Record
from tapelint.report.html import page
from tapelint.report.html.runs import Run
from tapelint.run.outcome import Crash
from tests.report.pages import EMPTY, LARGEST, found, glance, headline, parsed, text_of
from tests.report.programs import outcome
from tests.report.runs import (
    beside,
    failing,
    right,
    standing_still,
    without_gradients,
)


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

    def test_what_was_left_out_is_counted(self) -> None:
        told = glance(replace(found(), suppressed=1200, known=3), right())
        assert (told["suppressed"], told["known before"]) == ("1,200", "3")
        assert not {"suppressed", "known before"} & glance(found(), right()).keys()


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
