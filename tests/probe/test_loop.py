"""What is seen of a training loop over a dataset: once as it should be, once with most things wrong."""

from pathlib import Path

import pytest

from tapelint.record import Caller, GradientCall, Operation
from tests.probe.programs import Observed, observe

RIGHT = """\
    import numpy as np
    import tensorflow as tf

    x = np.random.normal(size=(50, 8)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    model = tf.keras.Sequential(
        [tf.keras.Input((8,)), tf.keras.layers.Dense(4), tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)]
    )
    loss_fn = tf.keras.losses.MeanSquaredError()
    optimizer = tf.keras.optimizers.SGD(0.01)
    error = tf.keras.metrics.MeanAbsoluteError(name="error")


    @tf.function
    def train_step(größe, labels):  # step
        with tf.GradientTape() as tape:  # tape
            predictions = model(größe, training=True)  # forward
            loss = loss_fn(labels, predictions)
        größen = tape.gradient(loss, model.trainable_variables)  # gradient
        optimizer.apply_gradients(zip(größen, model.trainable_variables))  # update
        error.update_state(labels, predictions)  # metric


    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64).batch(20)  # pipeline
    for epoch in range(5):
        for features, labels in data:  # loop
            train_step(features, labels)  # call
        print(epoch, float(error.result()))  # read
        error.reset_state()  # reset
"""

WRONG = """\
    import numpy as np
    import tensorflow as tf

    x = np.random.normal(size=(50, 8)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    model = tf.keras.Sequential(
        [tf.keras.Input((8,)), tf.keras.layers.BatchNormalization(), tf.keras.layers.Dense(1)]
    )
    optimizer = tf.keras.optimizers.SGD(0.01)  # optimizer
    error = tf.keras.metrics.MeanAbsoluteError(name="error")


    def train_step(features, labels):  # step
        with tf.GradientTape(persistent=True) as tape:  # tape
            predictions = model(features)  # forward
            loss = tf.keras.losses.MSE(labels, predictions)
            gradients = tape.gradient(loss, model.trainable_variables)  # gradient
        with tf.GradientTape() as idle:  # idle
            model(features)
        error(labels, predictions)  # metric


    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(20, drop_remainder=True)  # pipeline
    for epoch in range(5):
        for features, labels in data:  # loop
            train_step(features, labels)  # call
        print(epoch, float(error.result()))  # read
"""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("right"), RIGHT)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("wrong"), WRONG)


class TestRight:
    """Nothing is held against a program that does everything right."""

    def test_two_short_epochs_are_seen_before_it_is_stopped(self, right: Observed) -> None:
        record = right.record
        assert (record.end, record.updates) == ("stopped", 6)
        assert record.detail == "stopped by the probe after 6 updates"
        assert record.stdout.startswith("0 ")
        assert dict(record.versions).keys() == {"python", "tensorflow", "keras"}
        assert all(guard.active for guard in record.guards), record.guards

    def test_the_gradient_calls(self, right: Observed) -> None:
        calls = right.record.gradients
        assert len(calls) == 6
        first, second = calls[:2]
        assert right.text(first.where) == "tape.gradient(loss, model.trainable_variables)"
        assert first.where is not None
        assert first.where.function == "train_step"
        assert [caller.line for caller in first.where.callers] == [right.line("call")]
        assert (first.where.first, first.where.last) == (right.line("step") - 1, right.line("metric"))
        assert first.direct
        assert first.in_function
        assert not (first.recording or first.persistent or first.symbolic or first.weighted)
        assert [(target.shape, target.dtype) for target in first.targets] == [((), "float32")]
        assert first.loss is not None and first.loss > 0
        assert (first.compared, second.compared) == (0, 4)
        names = [source.name for source in first.sources]
        assert names == [f"sequential/{layer}/{part}" for layer in ("dense", "dense_1") for part in ("kernel", "bias")]
        assert {source.gradient for source in first.sources} == {"finite"}
        assert {source.unchanged for source in second.sources} == {False}
        assert all(source.moved and source.moved > 0 for source in second.sources)
        assert [source.variable for source in first.sources] == [source.variable for source in second.sources]

    def test_the_calls_of_the_model(self, right: Observed) -> None:
        (call,) = right.record.gradients[0].calls
        assert right.text(call.where) == "model(größe, training=True)"
        assert (call.name, call.kind, call.training, call.batch) == ("sequential", "Sequential", "true", 20)
        assert [(layer.kind, layer.training) for layer in call.sensitive] == [("Dropout", True)]

    def test_the_updates(self, right: Observed) -> None:
        assert len(right.record.applications) == 6
        update = right.record.applications[1]
        assert right.text(update.where).startswith("optimizer.apply_gradients(zip(")
        assert (update.kind, update.iterations, update.rate) == ("SGD", 2, 0.01)
        assert update.direct and update.in_function and update.exception is None
        assert all(pair.matched == "identity" and pair.source == pair.variable for pair in update.pairs)
        assert {pair.gradient_call for pair in update.pairs} == {2}
        assert all(pair.moved and not pair.identical and pair.differentiated for pair in update.pairs)

    def test_the_lengths_of_gradients_and_steps(self, right: Observed) -> None:
        asked = {source.variable: source.norm for source in right.record.gradients[1].sources}
        for pair in right.record.applications[1].pairs:
            assert pair.norm and pair.step and pair.length is not None
            assert pair.norm == asked[pair.variable]
            assert pair.step == pytest.approx(0.01 * pair.norm, rel=1e-3)  # That is what plain descent does.
            assert pair.step >= (pair.moved or 0.0) > 0

    def test_every_variable_is_held_against_fit(self, right: Observed) -> None:
        (comparison,) = right.record.comparisons
        first = right.record.gradients[0].sources
        assert [each.name for each in comparison.variables] == [source.name for source in first]
        assert [each.own for each in comparison.variables] == pytest.approx([source.norm for source in first])
        assert all(each.apart <= 1e-5 * each.own for each in comparison.variables)

    def test_the_optimizer_and_the_tapes(self, right: Observed) -> None:
        (optimizer,) = right.record.optimizers
        assert (optimizer.kind, optimizer.own, optimizer.applied) == ("SGD", True, 6)
        (tape,) = right.record.tapes
        assert (tape.opened, tape.asked, tape.unasked) == (6, 6, 0)

    def test_the_pipeline(self, right: Observed) -> None:
        (pipeline,) = right.record.pipelines
        assert pipeline.where is not None and pipeline.where.line == right.line("loop")
        made = Caller(str(right.script), right.line("pipeline"))
        assert [operation.name for operation in pipeline.operations] == ["tensor_slice", "shuffle", "batch"]
        assert pipeline.operations[1] == Operation("shuffle", buffer=64, reshuffle=True, where=made)
        assert (pipeline.operations[2].batch, pipeline.operations[2].drop_remainder) == (20, False)
        assert (pipeline.cardinality, pipeline.examples, pipeline.endless) == (3, 50, False)
        first, second = pipeline.passages[:2]
        assert first.sizes == second.sizes == (20, 20, 10)
        assert first.ended and first.trained and not first.again
        assert first.digests != second.digests
        assert len(first.digests[0]) == 2

    def test_the_function_and_the_metric(self, right: Observed) -> None:
        (function,) = right.record.functions
        assert (function.name, function.calls, function.signatures) == ("train_step", 6, 2)
        (metric,) = right.record.metrics
        happened = [(event.kind, event.epoch, event.times, event.own) for event in metric.events]
        epoch = [("update", 0, 3, True), ("read", 0, 1, True), ("reset", 0, 1, True)]
        assert happened == epoch + [(kind, 1, times, own) for kind, _, times, own in epoch]

    @pytest.mark.parametrize(
        ("rule", "mark", "words"),
        [
            ("gradients-not-applied", "gradient", "4 of 4 variables moved, by up to"),
            ("rebound-variable", "update", "4 of 4 variables moved"),
            ("gradient-never-taken", "tape", "6 of 6 tapes asked for a gradient"),
            ("forward-outside-tape", "forward", "a gradient arrived for each of the 4 sources"),
            ("loss-outside-tape", "gradient", "a gradient arrived"),
            ("update-variables-mismatch", "update", "each of 4 gradients went to its own variable"),
            ("malformed-apply", "update", "6 updates went through"),
            ("unimported-module", "tape", "ran without a `NameError`"),
            ("unreduced-loss", "gradient", "one element in each of 6 gradient calls"),
            ("training-flag-missing", "forward", "`dropout` ran in training mode"),
            ("unshuffled-training-data", "loop", "the order of two epochs differs"),
            ("unshuffled-training-data", "pipeline", "the order of two epochs differs"),
            ("remainder-dropped", "loop", "an epoch shows all 50 examples"),
            ("metric-not-reset", "metric", "`error` was reset between two readings"),
            ("missing-tf-function", "gradient", "6 of 6 gradient calls inside of a `tf.function`"),
            ("missing-tf-function", "call", "6 of 6 gradient calls inside of a `tf.function`"),
        ],
    )
    def test_what_it_refutes(self, right: Observed, rule: str, mark: str, words: str) -> None:
        verdict = right.verdict(rule, mark)
        assert verdict.kind == "refuted"
        assert words in verdict.detail
        assert verdict.detail.endswith("; lowered to info")

    def test_an_uneven_batch_is_seen_all_the_same(self, right: Observed) -> None:
        verdict = right.verdict("undersized-final-batch", "loop")
        assert (verdict.kind, verdict.detail) == ("confirmed", "an epoch has batches of 20, and one of 10")

    @pytest.mark.parametrize(
        "rule", ["no-validation-data", "no-early-stopping", "unavailable-monitor", "compounding-learning-rate"]
    )
    def test_what_it_never_reaches(self, right: Observed, rule: str) -> None:
        verdict = right.verdict(rule, "loop")
        assert verdict.kind == "unreached"
        assert "stopped by the probe after 6 updates" in verdict.detail

    def test_nothing_is_discovered(self, right: Observed) -> None:
        assert right.discovered() == []


class TestWrong:
    """Every one of the bugs in it is seen."""

    def test_it_is_run_for_two_epochs(self, wrong: Observed) -> None:
        assert (wrong.record.end, wrong.record.updates) == ("finished", 0)
        assert len(wrong.record.gradients) == 10
        assert wrong.record.applications == ()

    def test_the_gradient_calls(self, wrong: Observed) -> None:
        def seen(call: GradientCall) -> tuple[bool, ...]:
            return call.recording, call.persistent, call.in_function

        assert {seen(call) for call in wrong.record.gradients} == {(True, True, False)}
        assert wrong.record.gradients[0].targets[0].shape == (20,)
        assert all(source.unchanged for call in wrong.record.gradients[1:] for source in call.sources)

    def test_the_idle_tapes(self, wrong: Observed) -> None:
        asked, idle = wrong.record.tapes
        assert (asked.opened, asked.asked, asked.unasked) == (10, 10, 0)
        assert (idle.opened, idle.asked, idle.unasked) == (10, 0, 10)
        assert idle.where is not None and idle.where.line == wrong.line("idle")

    @pytest.mark.parametrize(
        ("rule", "mark", "detail"),
        [
            ("gradients-not-applied", "gradient", "4 of 4 variables identical after 9 steps"),
            ("gradient-never-taken", "idle", "10 of 10 tapes given up without being asked"),
            ("unreduced-loss", "gradient", "the target had the shape (20,) in 10 gradient calls"),
            ("training-flag-missing", "forward", "`batch_normalization` in inference mode in 10 of 10 calls"),
            ("unshuffled-training-data", "loop", "two epochs begin with the same 2 batches"),
            ("remainder-dropped", "pipeline", "an epoch shows 40 of 50 examples"),
            ("metric-not-reset", "metric", "`error` was read in epochs 1 and 2 without a reset in between"),
            ("missing-tf-function", "step", "10 of 10 gradient calls outside of any `tf.function`"),
        ],
    )
    def test_what_it_confirms(self, wrong: Observed, rule: str, mark: str, detail: str) -> None:
        verdict = wrong.verdict(rule, mark)
        assert (verdict.kind, verdict.detail) == ("confirmed", detail)

    def test_what_it_refutes(self, wrong: Observed) -> None:
        verdict = wrong.verdict("undersized-final-batch", "loop")
        assert verdict.kind == "refuted"
        assert "all 2 batches of an epoch have 20 examples" in verdict.detail

    def test_no_update_was_made(self, wrong: Observed) -> None:
        assert wrong.verdict("update-variables-mismatch", "call").kind == "unreached"
        assert wrong.verdict("malformed-apply", "call").kind == "unreached"

    def test_the_unchanged_weights_are_discovered(self, wrong: Observed) -> None:
        (rule, line, message) = wrong.discovered()[0]
        assert (rule, line) == ("weights-unchanged", wrong.line("gradient"))
        assert message.endswith("never change: identical after 9 steps")
        assert len(wrong.discovered()) == 1

    def test_but_not_where_a_confirmed_finding_says_so(self, wrong: Observed) -> None:
        from tapelint.probe.verdict import judge

        finding = wrong.finding("gradients-not-applied", "gradient")
        assert [found.rule for found in judge([finding], wrong.record)] == ["gradients-not-applied"]


def test_a_script_is_found_through_a_link_too(right: Observed, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(right.script.parent)
    through = Observed(link / right.script.name, right.record)
    assert through.verdict("gradients-not-applied", "gradient").kind == "refuted"
