"""Verdicts and discoveries, on records made by hand: what is said when, and when nothing may be said."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tapelint import catalog
from tapelint.finding import Finding, Place, TrailStep, Verdict
from tapelint.probe.observations import OBSERVATIONS, OF_GRAPHS
from tapelint.probe.scene import Scene
from tapelint.probe.verdict import judge
from tapelint.record import (
    Assignment,
    Caller,
    Epoch,
    Exceptional,
    Fit,
    GradientCall,
    GradientKind,
    Operation,
    Optimizer,
    Pair,
    Passage,
    Pipeline,
    Record,
    Site,
    Source,
    Tensor,
    Update,
)
from tapelint.source.span import Position, Span

SCRIPT = Path("/project/train.py")
EMPTY = Record(str(SCRIPT), (), False, "finished", "ran to its end", 5.0)


def at(line: int, function: str = "step", first: int = 10, last: int = 20, path: str = str(SCRIPT)) -> Site:
    return Site(path, line, 5, line, 30, function, first, last, (Caller(path, 40),))


def source(
    variable: int = 1,
    unchanged: bool | None = None,
    moved: float | None = None,
    gradient: GradientKind = "finite",
    trainable: bool = True,
) -> Source:
    return Source(variable, f"kernel_{variable}", True, trainable, gradient, 0.5, unchanged, moved)


def call(number: int, *sources: Source, line: int = 15, **changes: Any) -> GradientCall:
    entry = GradientCall(
        number=number,
        where=at(line),
        direct=True,
        fit=None,
        in_function=False,
        symbolic=False,
        persistent=False,
        recording=False,
        weighted=False,
        targets=(Tensor((), "float32"),),
        loss=1.0,
        sources=sources,
        compared=0,
        calls=(),
        held=False,
    )
    return dataclasses.replace(entry, **changes)


def still(count: int, **changes: Any) -> tuple[GradientCall, ...]:
    """Gradient calls between which nothing moves."""
    return tuple(
        call(number, source(unchanged=None if number == 1 else True), **changes) for number in range(1, count + 1)
    )


def update(*pairs: Pair, number: int = 1, line: int = 16, exception: Exceptional | None = None) -> Update:
    return Update(number, at(line), True, None, False, 1, "SGD", pairs, number, 0.1, exception)


def pair(variable: int, of: int | None, gradient_call: int | None = 1) -> Pair:
    matched = "unknown" if of is None else "identity"
    name = None if of is None else f"kernel_{of}"
    return Pair(variable, f"kernel_{variable}", True, of, name, gradient_call, matched, 0.5, False, 0.05)  # type: ignore[arg-type]


IDLE = Optimizer(1, at(5), True, "Adam", 0)
BUSY = Optimizer(1, at(5), True, "Adam", 3)


def record(**changes: Any) -> Record:
    return dataclasses.replace(EMPTY, **changes)


def finding(rule: str, line: int, message: str = "", trail: Iterable[int] = (), path: Path = SCRIPT) -> Finding:
    def place(number: int) -> Place:
        return Place(path, Span(Position(number, 1), Position(number, 40)))

    return Finding(rule, place(line), message, "error", tuple(TrailStep(place(step), "") for step in trail))


def verdict(rule: str, line: int, seen: Record, **more: Any) -> Verdict:
    judged = judge([finding(rule, line, **more)], seen)[0].verdict
    assert judged is not None
    return judged


def discovered(seen: Record) -> list[tuple[str, int]]:
    return [(found.rule, found.place.span.start.line) for found in judge([], seen)]


def test_every_observation_of_a_page_is_known_and_every_known_one_is_on_a_page() -> None:
    assert {rule.probe for rule in catalog.rules().values() if rule.probe} == set(OBSERVATIONS)


def test_a_finding_whose_rule_names_no_observation_is_left_alone() -> None:
    told = finding("unused-suppression", 3)
    assert judge([told], record()) == [told]


def test_a_refuted_finding_is_lowered_and_a_confirmed_one_is_not() -> None:
    moving = record(
        gradients=(call(1, source()), call(2, source(unchanged=False, moved=0.1))), applications=(update(pair(1, 1)),)
    )
    (refuted,) = judge([finding("gradients-not-applied", 15)], moving)
    (confirmed,) = judge([finding("gradients-not-applied", 15)], record(gradients=still(3)))
    assert (refuted.severity, confirmed.severity) == ("info", "error")
    assert refuted.verdict == Verdict("refuted", "1 of 1 variables moved, by up to 0.1; lowered to info")
    assert confirmed.verdict == Verdict("confirmed", "1 of 1 variables identical after 2 steps")


@pytest.mark.parametrize("rule", [rule.name for rule in catalog.rules().values() if rule.probe])
def test_what_did_not_run_says_nothing(rule: str) -> None:
    broken = record(end="unstarted", detail="TensorFlow is not installed")
    assert verdict(rule, 15, broken) == Verdict("unable", "the script did not run: TensorFlow is not installed")


@pytest.mark.parametrize("rule", [rule.name for rule in catalog.rules().values() if rule.probe])
def test_where_the_run_never_was_is_unreached(rule: str) -> None:
    graph = catalog.rules()[rule].probe in OF_GRAPHS
    told = verdict(rule, 15, record(end="raised", detail="KeyError: 'x'", where=at(3), graph=graph))
    assert told.kind == "unreached"
    assert told.detail.endswith(": KeyError: 'x' on line 3")


class TestNearness:
    """Which entries a finding is about."""

    SEEN = record(gradients=still(3))

    @pytest.mark.parametrize(
        ("line", "trail"), [(15, ()), (99, (15,)), (40, ()), (99, (40,)), (12, ()), (20, ())], ids=str
    )
    def test_an_entry_is_near(self, line: int, trail: tuple[int, ...]) -> None:
        assert verdict("gradients-not-applied", line, self.SEEN, trail=trail).kind == "confirmed"

    @pytest.mark.parametrize("line", [4, 26, 99])
    def test_an_entry_is_far(self, line: int) -> None:
        assert verdict("gradients-not-applied", line, self.SEEN).kind == "unreached"

    def test_another_file_is_far(self) -> None:
        assert verdict("gradients-not-applied", 15, self.SEEN, path=Path("/project/other.py")).kind == "unreached"

    def test_the_own_line_comes_before_the_function(self) -> None:
        elsewhere = tuple(
            call(number, source(2, unchanged=None if number == 4 else False, moved=0.1), line=18) for number in (4, 5)
        )
        seen = record(gradients=still(3) + elsewhere, applications=(update(pair(2, 2, 4)),))
        assert verdict("gradients-not-applied", 15, seen).kind == "confirmed"
        assert verdict("gradients-not-applied", 18, seen).kind == "refuted"

    def test_the_innermost_function_comes_before_the_outer(self) -> None:
        outer = tuple(dataclasses.replace(each, where=at(60, "outer", 1, 90)) for each in still(3))
        inner = (call(7, source(3)),)
        seen = record(gradients=outer + inner)
        assert verdict("gradients-not-applied", 12, seen).kind == "unable"
        assert verdict("gradients-not-applied", 70, seen).kind == "confirmed"


class TestWeights:
    """When weights count as unchanged."""

    def test_one_gradient_call_is_not_enough(self) -> None:
        assert verdict("gradients-not-applied", 15, record(gradients=still(1))).kind == "unable"

    def test_a_movement_far_below_what_was_due_is_no_training(self) -> None:
        seen = record(
            gradients=(call(1, source()), call(2, source(unchanged=False, moved=1.5e-6))),
            applications=(update(pair(1, 1)),),
        )
        told = verdict("gradients-not-applied", 15, seen)
        assert told == Verdict("unable", "the variables moved by at most 1.5e-06, 0.003 % of the update that was due")

    def test_a_movement_by_something_else_refutes_nothing(self) -> None:
        seen = record(
            gradients=(call(1, source()), call(2, source(unchanged=False, moved=0.1))),
            applications=(update(pair(1, 1, gradient_call=9)),),
        )
        told = verdict("gradients-not-applied", 15, seen)
        assert told.kind == "unable"
        assert "something else moves them" in told.detail

    def test_applied_gradients_refute_it_even_if_nothing_moved(self) -> None:
        seen = record(gradients=still(3), applications=(update(pair(1, 1)),))
        told = verdict("gradients-not-applied", 15, seen)
        assert told.kind == "refuted"
        assert (
            "the gradients were applied, on line 16, although 1 of 1 variables identical after 2 steps" in told.detail
        )

    def test_a_variable_that_became_a_tensor(self) -> None:
        tensor = dataclasses.replace(source(2, gradient="none"), is_variable=False)
        told = verdict("rebound-variable", 15, record(gradients=(call(1, source()), call(2, tensor))))
        assert told == Verdict("confirmed", "after 1 step, 1 of 1 source no variable")

    def test_values_that_were_not_there_are_not_compared(self) -> None:
        assert verdict("gradients-not-applied", 15, record(gradients=still(3, symbolic=True))).kind == "unreached"


class TestData:
    """What is said of epochs, orders and batches."""

    @staticmethod
    def pipeline(*passages: Passage, **changes: Any) -> Record:
        made = Operation("batch", batch=8, where=Caller(str(SCRIPT), 7))
        entry = Pipeline(1, at(40, "<module>", 1, 90), None, "dataset", "", (made,), 3, False, 20, passages)
        return record(pipelines=(dataclasses.replace(entry, **changes),), end="stopped", detail="stopped by the probe")

    @staticmethod
    def passage(text: str, sizes: tuple[int, ...] = (8, 8, 4), **changes: Any) -> Passage:
        digests = tuple((letter, "label") for letter in text)
        return dataclasses.replace(Passage(sizes, digests, (), True, True), **changes)

    @pytest.mark.parametrize("line", [40, 7])
    def test_the_same_order_twice(self, line: int) -> None:
        seen = self.pipeline(self.passage("abc"), self.passage("abc"))
        assert verdict("unshuffled-training-data", line, seen).detail == "two epochs begin with the same 3 batches"

    def test_another_order(self) -> None:
        seen = self.pipeline(self.passage("abc"), self.passage("cab"))
        assert verdict("unshuffled-training-data", 40, seen).kind == "refuted"

    def test_the_same_labels_with_augmented_images(self) -> None:
        first = dataclasses.replace(self.passage("abc"), digests=(("a", "x"), ("b", "y")))
        second = dataclasses.replace(self.passage("abc"), digests=(("c", "x"), ("d", "y")))
        assert verdict("unshuffled-training-data", 40, self.pipeline(first, second)).kind == "confirmed"

    def test_batches_that_cannot_be_told_apart(self) -> None:
        seen = self.pipeline(self.passage("aaa"), self.passage("aaa"))
        assert verdict("unshuffled-training-data", 40, seen).kind == "unable"

    def test_a_single_epoch(self) -> None:
        told = verdict("unshuffled-training-data", 40, self.pipeline(self.passage("abc")))
        assert told == Verdict("unreached", "the run never was in a second epoch: stopped by the probe")

    def test_the_probe_asked_a_second_time(self) -> None:
        seen = self.pipeline(self.passage("abc", ended=False), self.passage("abc", again=True))
        told = verdict("unshuffled-training-data", 40, seen)
        assert told.detail == "asked a second time, the data begins with the same 3 batches"

    def test_an_epoch_that_was_cut_shows_nothing_of_its_end(self) -> None:
        seen = self.pipeline(self.passage("ab", sizes=(8, 8), ended=False))
        assert verdict("remainder-dropped", 40, seen).kind == "unreached"
        assert verdict("undersized-final-batch", 40, seen).kind == "unreached"

    def test_unknown_examples_are_not_counted(self) -> None:
        assert verdict("remainder-dropped", 40, self.pipeline(self.passage("abc"), examples=None)).kind == "unreached"

    def test_another_pipeline_is_not_held_against_a_finding(self) -> None:
        seen = self.pipeline(self.passage("abc"))
        second = dataclasses.replace(seen.pipelines[0], number=2, where=at(80, "other", 78, 89))
        seen = dataclasses.replace(seen, pipelines=(*seen.pipelines, second))
        assert verdict("remainder-dropped", 120, seen).kind == "unreached"
        assert verdict("remainder-dropped", 80, seen).kind == "refuted"


class TestRates:
    """When a learning rate compounds."""

    @staticmethod
    def fit(*rates: float, asked: int | None = None, **changes: Any) -> Record:
        epochs = tuple(Epoch(2, rate, (("loss", 1.0),)) for rate in rates)
        entry = Fit(
            number=1,
            where=at(40, "<module>", 1, 90),
            model="sequential",
            x="ndarray",
            examples=20,
            batch=10,
            batches=2,
            shuffle=True,
            validation="none",
            asked=asked or len(rates),
            cut=False,
            loss="mse",
            callbacks=(),
            epochs=epochs,
            steps=2 * len(rates),
            iterations=2 * len(rates),
            accumulates=False,
            trainable=2,
            changed=2,
            exception=None,
        )
        return record(fits=(dataclasses.replace(entry, **changes),))

    @pytest.mark.parametrize(
        ("rates", "asked", "kind"),
        [
            ((1e-3, 1e-3, 1e-4, 1e-5, 1e-6), None, "confirmed"),
            ((1e-3, 9e-4, 8.1e-4), None, "confirmed"),
            ((1e-3, 1e-3, 1e-4, 1e-4), None, "refuted"),
            ((1e-3, 1e-3), None, "refuted"),
            ((1e-3, 5e-4, 1e-4, 5e-5), None, "refuted"),
            ((1e-3, 1e-3), 100, "unreached"),
            ((1e-3, 1e-4, 1e-4), 100, "unreached"),
        ],
    )
    def test_the_verdict(self, rates: tuple[float, ...], asked: int | None, kind: str) -> None:
        assert verdict("compounding-learning-rate", 40, self.fit(*rates, asked=asked)).kind == kind

    @pytest.mark.parametrize(
        ("changes", "found"),
        [
            ({"changed": 0}, True),
            ({"changed": 1}, False),
            ({"changed": None}, False),
            ({"changed": 0, "trainable": 0}, False),
            ({"changed": 0, "steps": 1}, False),
            ({"changed": 0, "accumulates": True}, False),
            ({"changed": 0, "exception": Exceptional("ValueError", "", None)}, False),
            ({"changed": 0, "epochs": (Epoch(2, 0.0, ()),)}, False),
        ],
    )
    def test_a_fit_that_changes_nothing_is_discovered(self, changes: dict[str, Any], found: bool) -> None:
        assert discovered(self.fit(1e-3, **changes)) == ([("weights-unchanged", 40)] if found else [])

    def test_skipped_steps_of_a_scaled_loss_are_not_discovered(self) -> None:
        seen = self.fit(1e-3, changed=0)
        overflow = call(1, source(gradient="nonfinite"), fit=1, direct=False)
        skipped = dataclasses.replace(update(), kind="LossScaleOptimizer", fit=1)
        assert discovered(dataclasses.replace(seen, gradients=(overflow,), applications=(skipped,))) == []


class TestDiscoveries:
    """What is reported without any finding: only what means that something is wrong."""

    @pytest.mark.parametrize("end", ["finished", "exited"])
    def test_weights_that_no_update_reaches(self, end: str) -> None:
        assert discovered(record(gradients=still(3), optimizers=(IDLE,), end=end)) == [("weights-unchanged", 15)]

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"optimizers": ()}, id="no optimizer: the gradients are for looking at"),
            pytest.param({"optimizers": (BUSY,)}, id="the optimizer is used, on other variables or in another phase"),
            pytest.param({"optimizers": (dataclasses.replace(IDLE, own=False),)}, id="an optimizer that Keras made"),
            pytest.param({"gradients": still(2)}, id="too few calls"),
            pytest.param({"gradients": still(3, direct=False)}, id="calls of a library"),
            pytest.param({"gradients": still(3, weighted=True)}, id="a vector-Jacobian product"),
            pytest.param({"gradients": still(3, held=True)}, id="gradients that are being collected"),
            pytest.param({"gradients": still(3, symbolic=True)}, id="values that were not seen"),
            pytest.param({"applications": (update(pair(1, 1)),)}, id="an update, though with a rate of zero"),
            pytest.param({"applications": (update(pair(1, None)),)}, id="an update with unknown gradients"),
            pytest.param(
                {"assignments": (Assignment(1, at(16), "assign", 1, "kernel_1", True, False, 1, 0.0),)}, id="by hand"
            ),
            pytest.param(
                {"gradients": tuple(call(n, source(trainable=False, unchanged=True)) for n in (1, 2, 3))}, id="frozen"
            ),
            pytest.param(
                {"gradients": tuple(call(n, source(gradient="zero", unchanged=True)) for n in (1, 2, 3))},
                id="zero gradients",
            ),
            pytest.param(
                {"gradients": (*still(3), call(4, source(unchanged=False, moved=0.1)))}, id="they move later on"
            ),
            pytest.param({"end": "stopped"}, id="stopped early: the update may be still to come"),
            pytest.param({"end": "timeout"}, id="out of time"),
        ],
    )
    def test_where_nothing_is_said(self, changes: dict[str, Any]) -> None:
        assert discovered(record(**{"gradients": still(3), "optimizers": (IDLE,), **changes})) == []

    def test_a_run_that_was_stopped_after_many_calls_is_long_enough(self) -> None:
        seen = record(gradients=still(32), optimizers=(IDLE,), end="stopped")
        assert discovered(seen) == [("weights-unchanged", 15)]

    def test_a_player_that_is_never_updated_while_the_other_is(self) -> None:
        other = dataclasses.replace(BUSY, number=2)
        seen = record(gradients=still(4), optimizers=(IDLE, other), applications=(update(pair(2, 2)),), end="stopped")
        assert discovered(seen) == [("weights-unchanged", 15)]

    def test_a_variable_that_no_gradient_reaches(self) -> None:
        calls = tuple(call(n, source(1), source(2, gradient="none")) for n in (1, 2))
        (found,) = judge([], record(gradients=calls))
        assert (found.rule, found.severity) == ("missing-gradients", "error")
        assert found.message == "`kernel_2` is never trained: gradient `None` in 2 steps"
        assert found.place == Place(SCRIPT, Span(Position(15, 5), Position(15, 30)))

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"gradients": (call(1, source(2, gradient="none", trainable=False)),)}, id="not trainable"),
            pytest.param(
                {"gradients": (call(1, source(2, gradient="none")), call(2, source(2)))},
                id="it gets one in another step",
            ),
            pytest.param(
                {"gradients": (call(1, source(2, gradient="none")), call(2, source(2), line=18))}, id="or elsewhere"
            ),
            pytest.param({"gradients": (call(1, source(2, gradient="none"), direct=False),)}, id="in a library"),
            pytest.param(
                {
                    "gradients": (call(1, source(2, gradient="none")),),
                    "assignments": (Assignment(1, at(16), "assign", 2, "kernel_2", True, False, 1, 0.1),),
                },
                id="set by hand",
            ),
        ],
    )
    def test_where_no_gradient_is_missed(self, changes: dict[str, Any]) -> None:
        assert discovered(record(**changes)) == []

    def test_missing_gradients_are_not_told_twice(self) -> None:
        seen = record(gradients=tuple(call(n, source(1, gradient="none")) for n in (1, 2, 3)), optimizers=(IDLE,))
        assert discovered(seen) == [("missing-gradients", 15)]
        judged = judge([finding("forward-outside-tape", 12, trail=[15])], seen)
        assert [(each.rule, each.verdict.kind if each.verdict else None) for each in judged] == [
            ("forward-outside-tape", "confirmed")
        ]

    def test_the_script_keeps_the_name_the_user_gave_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        there = str(tmp_path / "train.py")
        calls = tuple(dataclasses.replace(each, where=at(15, path=there)) for each in still(3))
        seen = record(script="train.py", gradients=calls, optimizers=(IDLE,))
        assert [found.place.path for found in judge([], seen)] == [Path("train.py")]
        assert [found.place.path for found in judge([], seen, tmp_path / "train.py")] == [tmp_path / "train.py"]
        helper = tuple(dataclasses.replace(each, where=at(15, path=str(tmp_path / "steps.py"))) for each in still(3))
        (found,) = judge([], record(script="train.py", gradients=helper, optimizers=(IDLE,)))
        assert found.place.path == tmp_path / "steps.py"


class TestNames:
    """A name that is not there."""

    ERROR = Exceptional("NameError", "name 'tf' is not defined", at(17))

    def test_the_exception_on_the_line(self) -> None:
        seen = record(end="raised", exception=self.ERROR)
        assert verdict("unimported-module", 17, seen).kind == "confirmed"

    def test_the_exception_for_the_same_name_on_an_earlier_line(self) -> None:
        seen = record(end="raised", exception=self.ERROR)
        assert verdict("unimported-module", 70, seen, message="`tf` is not imported").kind == "confirmed"
        assert verdict("unimported-module", 70, seen, message="`np` is not imported").kind == "unreached"

    def test_another_exception_on_the_line(self) -> None:
        seen = record(end="raised", exception=Exceptional("KeyError", "'tf'", at(17)))
        assert verdict("unimported-module", 17, seen).kind == "unreached"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Exceptional("ValueError", "no", at(12)), "confirmed"),
        (Exceptional("ValueError", "no", at(30)), "confirmed"),
        (Exceptional("ValueError", "no", dataclasses.replace(at(15), callers=())), "unreached"),
        (Exceptional("ValueError", "no", None), "unreached"),
        (None, "unreached"),
    ],
)
def test_an_exception_on_the_lines_of_a_finding_confirms_it(error: Exceptional | None, kind: str) -> None:
    place = Place(SCRIPT, Span(Position(12, 1), Position(12, 30)))
    trail = (TrailStep(Place(SCRIPT, Span(Position(30, 1), Position(30, 9))), "called here"),)
    finding = Finding("malformed-apply", place, "it raises", "error", trail)
    record = dataclasses.replace(EMPTY, end="raised", exception=error)
    assert OBSERVATIONS["raises"](Scene(finding, record)).kind == kind
