"""Steps held against those of `fit`: which are compared, what is told of them, and that the program feels nothing."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest

from tapelint.finding import Finding, Place
from tapelint.probe.observations.parity import differences
from tapelint.probe.verdict import judge
from tapelint.record import Comparison, Model, Record, Resemblance, Site, from_json, to_json
from tapelint.source.span import Position, Span
from tests.probe.programs import observe
from tests.probe.test_verdict import record

SITE = Site("/train.py", 9, 5, 9, 40, "step", 4, 9)
AS_FIT = Resemblance(True, 1.0, None, 0.0, 1e-7)
SEEN = Comparison(1, SITE, 1, "MeanSquaredError", 32, 1, 1, "true", "SGD", (AS_FIT,))


def seen(resemblance: Resemblance = AS_FIT, **changes: object) -> Comparison:
    return dataclasses.replace(SEEN, resemblances=(resemblance,), **changes)  # type: ignore[arg-type]


def factor(data: float, penalties: float | None = None, share: float = 0.1) -> Resemblance:
    return dataclasses.replace(AS_FIT, data=data, penalties=penalties, share=share)


def told(comparison: Comparison) -> str:
    (message,) = [what for _, what in differences(record(comparisons=(comparison,)))] or [""]
    return message.removeprefix("the gradients are not those of `fit`: ")


class TestWhatIsTold:
    @pytest.mark.parametrize(
        ("comparison", "message"),
        [
            (seen(factor(32.0), terms=32, targets=32), "32 times as large, for the loss is 32 numbers"),
            (seen(factor(1 / 32)), "32 times as small, for the mean of 32 examples is divided by 32 once more"),
            (seen(factor(-1.0)), "they point the other way, up the loss"),
            (seen(factor(1.0, 0.0)), "the penalties of `model.losses` are left out"),
            (seen(factor(1.0, 0.0), optimizer="Adam"), "the penalties of `model.losses` are left out"),
            (seen(factor(32.0, 0.0), terms=32, targets=32), "which the tape adds up, and the penalties"),
        ],
    )
    def test_a_cause_with_its_factor(self, comparison: Comparison, message: str) -> None:
        assert message in told(comparison)

    @pytest.mark.parametrize(
        "comparison",
        [
            pytest.param(seen(), id="the same"),
            pytest.param(seen(factor(1.0, 1.0)), id="the same with penalties"),
            pytest.param(seen(factor(32.0, 32.0), targets=1), id="no terms to add up"),
            pytest.param(seen(factor(0.25)), id="a weight of one's own"),
            pytest.param(seen(factor(0.25), batch=4), id="a small batch"),
            pytest.param(seen(factor(0.1), batch=10), id="a weight that looks like one over the batch"),
            pytest.param(seen(factor(32.0), terms=32), id="a sum that is written out"),
            pytest.param(seen(factor(16.0), terms=32, targets=32), id="another factor than the terms"),
            pytest.param(seen(factor(32.0), terms=32, targets=32, optimizer="Adam"), id="Adam divides it out"),
            pytest.param(seen(factor(-1.0), terms=32), id="weighted, one by one"),
            pytest.param(seen(factor(1.0, 0.5)), id="penalties of another weight"),
            pytest.param(seen(factor(1.0, 0.0, share=1e-4)), id="penalties too small to be seen"),
            pytest.param(
                seen(dataclasses.replace(factor(32.0), residual=1e-2), terms=32, targets=32), id="no likeness"
            ),
            pytest.param(dataclasses.replace(SEEN, resemblances=()), id="nothing to compare"),
        ],
    )
    def test_where_nothing_is_said(self, comparison: Comparison) -> None:
        assert told(comparison) == ""

    def test_the_mode_that_explains_it(self) -> None:
        unlike = dataclasses.replace(AS_FIT, residual=0.4)
        inference = dataclasses.replace(AS_FIT, training=False)
        comparison = dataclasses.replace(SEEN, flag="unset", resemblances=(unlike, inference))
        assert told(comparison) == "the model is called without `training=True`"
        assert told(dataclasses.replace(comparison, flag="false")) == ""
        hardly = dataclasses.replace(comparison, resemblances=(dataclasses.replace(unlike, residual=5e-4), inference))
        assert told(hardly) == ""

    def test_penalties_that_somebody_asks_for_may_be_seen_to_elsewhere(self) -> None:
        comparison = seen(factor(1.0, 0.0))
        for read, told_of in ((0, 1), (1, 0)):
            model = Model(1, SITE, 1, "model", "Sequential", 4, 4, 1, read, ())
            assert len(list(differences(record(comparisons=(comparison,), models=(model,))))) == told_of

    def test_it_is_a_finding_at_the_update(self) -> None:
        (finding,) = judge([], record(comparisons=(seen(factor(-1.0)),)))
        assert (finding.rule, finding.severity) == ("update-differs-from-fit", "warning")
        assert finding.place.span.start.line == SITE.line

    def test_a_confirmed_finding_that_says_why_is_enough(self, tmp_path: Path) -> None:
        unreduced = broken(tmp_path, 'tf.keras.losses.MeanSquaredError(reduction="none")')
        place = Place(tmp_path / "train.py", Span(Position(GRADIENT_LINE, 1), Position(GRADIENT_LINE, 80)))
        judged = judge([Finding("unreduced-loss", place, "", "error")], unreduced)
        assert [(each.rule, each.verdict and each.verdict.kind) for each in judged] == [("unreduced-loss", "confirmed")]
        assert [each.rule for each in judge([], unreduced)] == ["update-differs-from-fit"]


BEGINNING = """
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
x = np.random.normal(size=(64, 8)).astype("float32")
y = x.sum(axis=1, keepdims=True)
layers = [tf.keras.layers.Dense(16, "relu", kernel_regularizer="l2"), tf.keras.layers.Dropout(0.5)]
layers += [tf.keras.layers.BatchNormalization(), tf.keras.layers.Dense(1, activity_regularizer="l2")]
model = tf.keras.Sequential([tf.keras.Input((8,)), *layers])
optimizer = tf.keras.optimizers.SGD(0.001)
loss_fn = tf.keras.losses.MeanSquaredError()
variables = model.trainable_variables


def step(x, y):
    with tf.GradientTape() as tape:
"""
ENDING = """
    optimizer.apply_gradients(zip(gradients, variables))


for start in (0, 16, 32):
    step(x[start : start + 16], y[start : start + 16])
"""
PLAIN = """
loss = loss_fn(y, model(x, training=True)) + sum(model.losses)
"""
GRADIENT = "gradients = tape.gradient(loss, variables)"


def program(loss: str, gradients: str = GRADIENT, before: str = "", after: str = "") -> str:
    beginning = BEGINNING.replace("\n\ndef step", f"\n{before}\n\n\ndef step")
    parts = [beginning.rstrip("\n"), indent(dedent(loss).strip("\n"), " " * 8), indent(gradients, " " * 4)]
    return "\n".join(parts) + ENDING + after


def broken(folder: Path, loss_fn: str) -> Record:
    return observe(folder, program(PLAIN, before=f"loss_fn = {loss_fn}")).record


GRADIENT_LINE = program(PLAIN, before="loss_fn = None").splitlines().index(f"    {GRADIENT}") + 1


class TestWhatIsCompared:
    def test_a_step_like_that_of_fit(self, tmp_path: Path) -> None:
        observed = observe(tmp_path, program(PLAIN))
        (comparison,) = observed.record.comparisons
        (same,) = comparison.resemblances
        assert (same.training, round(same.data, 4), round(same.penalties or 0.0, 4)) == (True, 1.0, 1.0)
        assert same.residual < 1e-5
        assert (comparison.batch, comparison.terms, comparison.targets, comparison.flag) == (16, 1, 1, "true")
        assert observed.text(comparison.where) == "optimizer.apply_gradients(zip(gradients, variables))"
        assert observed.discovered() == []
        assert observed.record.troubles == ()
        assert from_json(to_json(observed.record)) == observed.record
        assert [model.penalties_read for model in observed.record.models] == [3]

    def test_a_function_of_keras_and_no_flag(self, tmp_path: Path) -> None:
        loss = "loss = tf.identity(tf.keras.losses.huber(y, model(x)))"
        (comparison,) = observe(tmp_path, program(loss)).record.comparisons
        message = told(comparison)
        assert "without `training=True`" in message
        assert "16 times as large, for the loss is 16 numbers, which the tape adds up" in message
        assert "penalties" in message

    def test_a_sigmoid_before_the_last_model(self, tmp_path: Path) -> None:
        """A critic may be so unsure that its logits lie between 0 and 1; they are not what the generator ends in."""
        before = """
critic = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(1, bias_initializer="ones")])
critic.layers[-1].kernel.assign(critic.layers[-1].kernel * 0.01 - 0.05)
model = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(8, "sigmoid")])
variables = model.trainable_variables
loss_fn = tf.keras.losses.BinaryCrossentropy(from_logits=True)"""
        loss = "loss = loss_fn(y > 0, critic(model(x, training=True), training=True))"
        (comparison,) = observe(tmp_path, program(loss, before=before)).record.comparisons
        assert (comparison.verdict, comparison.causes) == ("matches", ())


def test_the_program_feels_nothing_of_it(tmp_path: Path) -> None:
    after = dedent(
        """
        for each in (*model.variables, *optimizer.variables):
            print(each.path, np.asarray(each.value).tolist())
        print([float(each) for each in model.losses])
        """
    )
    observed = observe(tmp_path, program(PLAIN, after=after))
    assert len(observed.record.comparisons) == 1
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    alone = subprocess.run(
        [sys.executable, str(observed.script)], capture_output=True, text=True, env=quiet, check=True
    )
    assert "seed_generator_state" in alone.stdout
    assert observed.record.stdout == alone.stdout
