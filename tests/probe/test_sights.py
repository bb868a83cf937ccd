"""What only a run can find, on records made by hand: where it is said, and next to what it is not."""

import dataclasses
import math
from typing import Any

import pytest

from tapelint.finding import Finding
from tapelint.probe.verdict import judge
from tapelint.record import (
    Activation,
    Epoch,
    Fit,
    GradientCall,
    LossCall,
    Operation,
    Pair,
    Passage,
    Pipeline,
    Record,
    Source,
    Values,
)
from tests.probe.test_verdict import at, call, record, update

NOTHING = Values((), "float32", None, None, None, None, None)


def found(seen: Record) -> list[Finding]:
    return judge([], seen)


def told(seen: Record) -> list[tuple[str, int]]:
    return [(each.rule, each.place.span.start.line) for each in found(seen)]


def weight(variable: int, size: float, **changes: Any) -> Source:
    kind = "finite" if size else "zero"
    entry = Source(variable, f"kernel_{variable}", True, True, kind, size, None, None, size=size, rank=2)  # type: ignore[arg-type]
    return dataclasses.replace(entry, **changes)


def leap(variable: int, of: int, moved: float, scale: float) -> Pair:
    return Pair(variable, f"kernel_{variable}", True, variable, None, of, "identity", 1.0, False, moved, scale)


BROKEN = weight(1, 1.0, gradient="nonfinite", largest=math.inf)


class TestNonFinite:
    def test_the_first_step_is_named(self) -> None:
        calls = (call(1, weight(1, 1.0)), call(2, BROKEN, loss=math.nan), call(3, BROKEN, loss=math.nan))
        (only,) = found(record(gradients=calls))
        assert (only.rule, only.severity) == ("non-finite-values", "error")
        assert only.message == "the loss is NaN in step 2 of 3, and 1 gradient is not finite"

    def test_a_gradient_alone(self) -> None:
        (only,) = found(record(gradients=(call(1, weight(2, 1.0), BROKEN, loss=0.25),)))
        assert only.message == "the loss is 0.25, but the gradient of `kernel_1` is infinite in step 1 of 1"

    @pytest.mark.parametrize(
        "calls",
        [
            pytest.param((call(1, weight(1, 1.0)),), id="everything is finite"),
            pytest.param((call(1, weight(1, 1.0), symbolic=True, loss=None),), id="nothing was seen"),
            pytest.param((call(1, dataclasses.replace(BROKEN, trainable=False)),), id="by something else"),
        ],
    )
    def test_where_nothing_is_said(self, calls: tuple[GradientCall, ...]) -> None:
        assert told(record(gradients=calls)) == []

    def test_a_scaled_loss_may_overflow(self) -> None:
        step = dataclasses.replace(update(leap(1, 1, 0.0, 1.0)), kind="LossScaleOptimizer")
        assert told(record(gradients=(call(1, BROKEN),), applications=(step,))) == []
        assert told(record(gradients=(call(1, BROKEN),), applications=(update(leap(1, 1, 0.0, 1.0)),))) != []


def deep(*sizes: float) -> tuple[Source, ...]:
    return tuple(weight(number, size) for number, size in enumerate(sizes, start=1))


class TestVanishing:
    def test_an_early_layer_in_every_step(self) -> None:
        calls = tuple(call(number, *deep(1e-9, 1e-4, 1e-2, 0.5)) for number in (1, 2, 3))
        (only,) = found(record(gradients=calls))
        assert (only.rule, only.severity) == ("vanishing-gradients", "warning")
        assert only.message == "the gradient of `kernel_1` is 5e+08 times smaller than the largest, in all 3 steps"

    @pytest.mark.parametrize(
        "steps",
        [
            pytest.param([deep(1e-9, 1e-4, 1e-2, 0.5)] * 2, id="too few steps"),
            pytest.param([deep(1e-9, 1e-4, 1e-2, 0.5)] * 3 + [deep(1e-3, 1e-3, 1e-2, 0.5)], id="not in all of them"),
            pytest.param([deep(1e-9, 1e-2, 0.5)] * 3, id="too few layers"),
            pytest.param([deep(0.5, 1e-2, 1e-4, 1e-9)] * 3, id="a late layer: the inputs are large"),
            pytest.param([deep(1e-5, 1e-4, 1e-2, 0.5)] * 3, id="small, but not next to nothing"),
            pytest.param([deep(0.0, 0.0, 0.0, 0.5)] * 3, id="zeros are something else"),
            pytest.param([(weight(9, 1e-9, rank=1), *deep(0.1, 0.1, 0.1, 0.5))] * 3, id="a bias"),
            pytest.param(
                [(weight(9, 1e-9, name="attention/key/bias"), *deep(0.1, 0.1, 0.1, 0.5))] * 3,
                id="a bias of the keys of an attention",
            ),
        ],
    )
    def test_where_nothing_is_said(self, steps: list[tuple[Source, ...]]) -> None:
        calls = tuple(call(number, *sources) for number, sources in enumerate(steps, start=1))
        assert told(record(gradients=calls)) == []


class TestExploding:
    @staticmethod
    def steps(losses: list[float], leaps: list[float]) -> Record:
        calls = tuple(call(number, weight(1, 1.0), loss=loss) for number, loss in enumerate(losses, start=1))
        updates = tuple(
            dataclasses.replace(update(leap(1, number, moved, 1.0)), number=number)
            for number, moved in enumerate(leaps, start=1)
        )
        return record(gradients=calls, applications=updates)

    def test_leaps_while_the_loss_grows(self) -> None:
        (only,) = found(self.steps([2.0, 300.0, 9e4], [20.0, 400.0, 9e3]))
        assert (only.rule, only.severity) == ("exploding-gradients", "warning")
        assert only.message == (
            "an update moves `kernel_1` by 9e+03 times its size, and the loss goes from 2 to 9e+04 in 3 steps"
        )

    def test_what_is_not_finite_is_said_instead(self) -> None:
        assert told(self.steps([2.0, 300.0, math.inf], [20.0, 400.0, 9e3])) == [("non-finite-values", 15)]

    @pytest.mark.parametrize(
        ("losses", "leaps"),
        [
            pytest.param([2.0, 300.0, 9e4], [20.0, 0.1, 0.1], id="one leap"),
            pytest.param([2.0, 1.0, 0.5], [20.0, 40.0, 9e3], id="the loss falls"),
            pytest.param([2.0, 5.0, 12.0], [20.0, 40.0, 9e3], id="the loss grows a little"),
            pytest.param([2.0, 300.0, 9e4], [0.1, 0.1, 0.1], id="no leap: the data are like that"),
            pytest.param([-2.0, 300.0, 9e4], [20.0, 40.0, 9e3], id="a loss below zero has no measure"),
        ],
    )
    def test_where_nothing_is_said(self, losses: list[float], leaps: list[float]) -> None:
        assert told(self.steps(losses, leaps)) == []

    def test_a_bias_that_began_at_zero_may_leap(self) -> None:
        seen = self.steps([2.0, 300.0, 9e4], [20.0, 400.0, 9e3])
        small = tuple(
            dataclasses.replace(each, pairs=(leap(1, each.number, 0.05, 1e-4),)) for each in seen.applications
        )
        assert told(dataclasses.replace(seen, applications=small)) == []


def passage(*sizes: int, trained: bool = True, ended: bool = True) -> Passage:
    return Passage(sizes, (), (), ended, trained)


def pipeline(*passages: Passage, **changes: Any) -> Pipeline:
    operations = (Operation("tensor_slice"), Operation("shuffle", buffer=64), Operation("batch", batch=8))
    entry = Pipeline(1, at(18), None, "dataset", "", operations, 4, False, 32, passages)
    return dataclasses.replace(entry, **changes)


FIT = Fit(
    number=1,
    where=at(40),
    model="sequential",
    x="ndarray",
    examples=64,
    batch=16,
    batches=4,
    shuffle=True,
    validation="data",
    asked=2,
    cut=False,
    loss="mse",
    callbacks=(),
    epochs=(Epoch(4, 0.1, ()), Epoch(4, 0.1, ())),
    steps=8,
    iterations=8,
    accumulates=False,
    trainable=2,
    changed=2,
    exception=None,
)


class TestEmptyEpoch:
    def test_a_second_passage_that_takes_nothing(self) -> None:
        (only,) = found(record(pipelines=(pipeline(passage(8, 8), passage()),), gradients=(call(1, weight(1, 1.0)),)))
        assert (only.rule, only.severity, only.place.span.start.line) == ("empty-epoch", "error", 18)
        assert only.message == "epoch 2 takes no batch: nothing comes out of `shuffle.batch`"

    def test_a_program_that_never_takes_a_step(self) -> None:
        assert told(record(pipelines=(pipeline(passage(trained=False)),))) == [("empty-epoch", 18)]

    def test_an_epoch_of_a_fit(self) -> None:
        fit = dataclasses.replace(FIT, epochs=(Epoch(4, 0.1, ()), Epoch(0, 0.1, ())))
        (only,) = found(record(fits=(fit,)))
        assert only.message == "epoch 2 of 2 ends without a step"

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"pipelines": (pipeline(passage(8, 8), passage(8, 8)),)}, id="two whole epochs"),
            pytest.param({"pipelines": (pipeline(passage(8, 8), passage(ended=False)),)}, id="stopped before it began"),
            pytest.param(
                {
                    "pipelines": (pipeline(passage(trained=False)),),
                    "gradients": (call(1, weight(1, 1.0)),),
                },
                id="a look at nothing beside a training",
            ),
            pytest.param({"pipelines": (pipeline(passage(), name="evaluation"),)}, id="an evaluation"),
            pytest.param({"fits": (FIT,)}, id="a fit with steps"),
        ],
    )
    def test_where_nothing_is_said(self, changes: dict[str, Any]) -> None:
        assert told(record(**changes)) == []


def loss(*labels: tuple[int, int], **changes: Any) -> LossCall:
    entry = LossCall(
        number=1,
        where=at(14),
        own=True,
        fit=None,
        kind="SparseCategoricalCrossentropy",
        from_logits=True,
        reduction="sum_over_batch_size",
        weighted=False,
        taped=True,
        in_function=False,
        true=NOTHING,
        predicted=NOTHING,
        result=NOTHING,
        times=4,
        labels=labels,
    )
    return dataclasses.replace(entry, **changes)


class TestClassImbalance:
    def test_a_rare_class(self) -> None:
        (only,) = found(record(losses=(loss((0, 90), (1, 300), (2, 30)),)))
        assert (only.rule, only.severity) == ("class-imbalance", "info")
        assert only.message == "among 420 labels class 1 is seen 300 times, and class 2 30 times"

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"losses": (loss((0, 290), (1, 300)),)}, id="balanced"),
            pytest.param({"losses": (loss((0, 30), (1, 2)),)}, id="too few labels"),
            pytest.param({"losses": (loss((0, 300)),)}, id="one class"),
            pytest.param({"losses": (loss((0, 300), (1, 3), weighted=True),)}, id="weighted"),
            pytest.param({"losses": (loss((0, 300), (1, 3), taped=False),)}, id="a validation"),
            pytest.param(
                {
                    "losses": (loss((0, 300), (1, 3), fit=1),),
                    "fits": (dataclasses.replace(FIT, weighted=True),),
                },
                id="weighted by fit",
            ),
            pytest.param(
                {
                    "losses": (loss((0, 300), (1, 3)),),
                    "pipelines": (pipeline(passage(8, 8, ended=False), operations=(Operation("batch"),)),),
                },
                id="the beginning of data in a fixed order",
            ),
        ],
    )
    def test_where_nothing_is_said(self, changes: dict[str, Any]) -> None:
        assert told(record(**changes)) == []

    def test_the_whole_of_data_in_a_fixed_order(self) -> None:
        whole = pipeline(passage(8, 8), operations=(Operation("batch"),))
        assert told(record(losses=(loss((0, 300), (1, 3)),), pipelines=(whole,))) == [("class-imbalance", 14)]


def layer(silent: int, **changes: Any) -> Activation:
    return dataclasses.replace(Activation(1, at(12), "dense", "Dense", 16, silent, 128, 8), **changes)


class TestDeadUnits:
    def test_most_of_a_layer(self) -> None:
        (only,) = found(record(activations=(layer(12),)))
        assert (only.rule, only.severity) == ("dead-units", "warning")
        assert only.message == "12 of 16 units of `dense` are zero for all 128 examples"

    def test_all_of_a_small_one(self) -> None:
        assert told(record(activations=(layer(8, units=8),))) == [("dead-units", 12)]

    @pytest.mark.parametrize(
        "seen",
        [
            pytest.param(layer(11), id="not enough of them"),
            pytest.param(layer(7, units=8), id="some of a few"),
            pytest.param(layer(16, examples=32), id="too few examples"),
            pytest.param(layer(16, calls=2), id="too few steps"),
            pytest.param(layer(2, units=2), id="too few units"),
            pytest.param(layer(16, where=None), id="a layer of a library's"),
        ],
    )
    def test_where_nothing_is_said(self, seen: Activation) -> None:
        assert told(record(activations=(seen,))) == []


def test_a_place_is_named_once() -> None:
    steps = (call(1, BROKEN), call(2, BROKEN, fit=1), call(3, BROKEN, line=16))
    assert told(record(gradients=steps)) == [("non-finite-values", 15), ("non-finite-values", 16)]
