"""What is seen of gradients on their way to variables: rightly paired, wrongly, by hand, not at all."""

import pytest

from tests.probe.programs import Observed, observe

PROGRAM = """\
    import tensorflow as tf

    tf.random.set_seed(1)
    x, y = tf.random.normal((16, 8)), tf.random.normal((16, 1))
    rate = 0.1


    def network():
        layers = [tf.keras.Input((8,)), tf.keras.layers.Dense(8), tf.keras.layers.Dense(1)]
        return tf.keras.Sequential(layers)


    def gradients_of(model):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        return tape.gradient(loss, model.trainable_variables)


    actor, critic = network(), network()
    optimizer = tf.keras.optimizers.SGD(rate)
    other = tf.keras.optimizers.SGD(rate)
    late = tf.keras.optimizers.SGD(rate)

    gradients = gradients_of(actor)
    other.apply_gradients(zip(gradients, critic.trainable_variables))  # foreign
    gradients = gradients_of(actor)
    clipped, _ = tf.clip_by_global_norm(gradients, 0.001)
    optimizer.apply_gradients(zip(clipped, actor.trainable_variables))  # clipped
    gradients = gradients_of(actor)
    optimizer.apply(gradients, actor.trainable_variables)  # plain
    gradients = gradients_of(actor)
    noisy = [gradient + tf.random.normal(gradient.shape) for gradient in gradients]
    optimizer.apply_gradients(zip(noisy, actor.trainable_variables))  # noisy

    for variable, gradient in zip(actor.trainable_variables, gradients_of(actor)):
        variable.assign_sub(rate * gradient)  # by hand
    w = tf.Variable([[1.0], [2.0]])
    unused = tf.Variable([3.0], name="unused")
    for _ in range(3):
        with tf.GradientTape() as tape:  # tape
            loss = tf.reduce_sum(tf.matmul([[1.0, 2.0]], w) ** 2)
        down = tape.gradient(loss, [w, unused])  # partial
        w = w if w is None else w
        w - rate * down[0]  # rebound

    with tf.GradientTape() as tape:
        flat = tf.reduce_sum(tf.sign(w) + 0.0 * w / 0.0)
        zero = tf.reduce_sum(tf.sign(w))
    tape.gradient(flat, w)  # not a number
    with tf.GradientTape() as tape:
        zero = tf.reduce_sum(tf.sign(w))
    tape.gradient(zero, w)  # zero
    with tf.GradientTape() as tape:
        squares = w ** 2
    tape.gradient(squares, w, output_gradients=tf.ones_like(w))  # weighted
    with tf.GradientTape() as tape:
        squares = w ** 2
    tape.jacobian(squares, w)

    try:
        late.apply_gradients(gradients_of(actor))  # no zip
    except ValueError:
        pass
    late.apply_gradients(zip(actor.trainable_variables, gradients_of(actor)))  # swapped
"""


@pytest.fixture(scope="module")
def updates(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("updates"), PROGRAM, steps=20)


def test_the_program_comes_to_its_last_line(updates: Observed) -> None:
    record = updates.record
    assert (record.end, record.exit_code) == ("raised", 1)
    assert record.exception is not None
    assert record.exception.kind == "AttributeError"
    assert updates.text(record.exception.where).startswith("late.apply_gradients(zip(actor.")
    assert "train.py" in record.stderr
    assert "/probe/child/" not in record.stderr


@pytest.mark.parametrize(
    ("rule", "mark", "kind", "words"),
    [
        (
            "update-variables-mismatch",
            "foreign",
            "confirmed",
            "gradient of `sequential/dense/kernel` went to `sequential_1/",
        ),
        ("update-variables-mismatch", "clipped", "refuted", "each of 4 gradients went to its own variable"),
        ("update-variables-mismatch", "plain", "refuted", "each of 4 gradients went to its own variable"),
        ("update-variables-mismatch", "noisy", "unable", "were changed on the way"),
        ("malformed-apply", "plain", "refuted", "1 update went through"),
        ("malformed-apply", "no zip", "confirmed", "`ValueError`: "),
        ("malformed-apply", "swapped", "confirmed", "`AttributeError`: "),
        ("forward-outside-tape", "partial", "confirmed", "`None` for `unused` (1 of 2), in 3 of 3 calls"),
        ("rebound-variable", "rebound", "confirmed", "2 of 2 variables identical after 2 steps"),
        ("gradients-not-applied", "partial", "confirmed", "2 of 2 variables identical after 2 steps"),
        ("unreduced-loss", "weighted", "refuted", "one element in each"),
        ("gradients-not-applied", "not a number", "confirmed", "identical"),
    ],
)
def test_what_it_says_of_findings(updates: Observed, rule: str, mark: str, kind: str, words: str) -> None:
    verdict = updates.verdict(rule, mark)
    assert verdict.kind == kind, verdict
    assert words in verdict.detail


def test_a_clipped_gradient_is_known_by_its_direction(updates: Observed) -> None:
    by_line = {update.where.line: update for update in updates.record.applications if update.where is not None}
    clipped = by_line[updates.line("clipped")]
    kernels = [pair for pair in clipped.pairs if pair.name.endswith("kernel")]
    assert {pair.matched for pair in kernels} == {"value"}
    assert all(pair.source == pair.variable for pair in clipped.pairs)
    assert {pair.matched for pair in by_line[updates.line("plain")].pairs} == {"identity"}
    assert "unknown" in {pair.matched for pair in by_line[updates.line("noisy")].pairs}


def test_an_update_that_fails_says_why(updates: Observed) -> None:
    failed = [update for update in updates.record.applications if update.exception is not None]
    assert [update.where.line for update in failed if update.where] == [updates.line("no zip"), updates.line("swapped")]


def test_variables_changed_by_hand(updates: Observed) -> None:
    changes = [change for change in updates.record.assignments if change.operation == "assign_sub"]
    assert len(changes) == 4
    assert all(change.source and change.times == 1 and change.moved for change in changes)
    assert changes[0].where is not None and changes[0].where.line == updates.line("by hand")


def test_kinds_of_gradients(updates: Observed) -> None:
    kinds = {
        call.where.line: [source.gradient for source in call.sources] for call in updates.record.gradients if call.where
    }
    assert kinds[updates.line("partial")] == ["finite", "none"]
    assert kinds[updates.line("zero")] == ["zero"]
    assert kinds[updates.line("not a number")] == ["nonfinite"]


def test_a_jacobian_asks_the_tape(updates: Observed) -> None:
    assert sum(tape.unasked for tape in updates.record.tapes) == 0


def test_the_variable_without_a_gradient_is_discovered(updates: Observed) -> None:
    assert updates.discovered() == [
        ("missing-gradients", updates.line("partial"), "`unused` is never trained: gradient `None` in 3 steps"),
        (
            "non-finite-values",
            updates.line("not a number"),
            "the loss is NaN in step 1 of 1, and 1 gradient is not finite",
        ),
    ]
