"""What begins when something else is over: iterators that are used up, second turns, results that nobody keeps."""

from pathlib import Path

import pytest

from tests.probe.programs import Observed, observe

LOOPS = """\
    import numpy as np
    import tensorflow as tf


    def batches():
        for start in range(0, 24, 4):
            yield x[start : start + 4]


    x = np.random.rand(24, 2).astype("float32")
    w = tf.Variable(tf.ones((2, 1)))
    optimizer = tf.keras.optimizers.SGD(0.1)
    spent, renamed, fresh = batches(), zip(batches(), range(6)), []  # made
    for epoch in range(3):
        for batch in spent:  # spent
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((batch @ w) ** 2)
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        for number, (batch, _) in enumerate(renamed):  # renamed
            pass
        fresh = batches()
        for batch in fresh:  # fresh
            if epoch == 0:
                break
        for batch in fresh:  # rest
            pass
        for letter in "ab":
            fresh = letter
    shuffled = np.random.permutation(8)  # kept
    np.random.permutation(8)  # dropped
    tf.random.shuffle(x)  # dropped by TensorFlow
    tf.keras.random.shuffle(x)  # dropped by Keras
    print(sum(np.random.permutation(8)), tf.random.shuffle(x)[0])  # used
"""


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("loops"), LOOPS, patient=True)


@pytest.mark.parametrize(
    ("mark", "counts"),
    [("spent", (3, 6, 2)), ("renamed", (3, 6, 2)), ("fresh", (3, 13, 0)), ("rest", (3, 5, 2))],
)
def test_a_loop_over_an_iterator_counts_what_it_got(loops: Observed, mark: str, counts: tuple[int, int, int]) -> None:
    assert loops.record.end == "finished", loops.record.stderr
    (loop,) = (each for each in loops.record.loops if each.where and each.where.line == loops.line(mark))
    assert (loop.begun, loop.given, loop.vain) == counts
    assert loop.name == ("fresh" if mark == "rest" else mark)


def test_a_generator_that_is_used_up_confirms_that_data_runs_out(loops: Observed) -> None:
    verdict = loops.verdict("exhausted-data", "made", trail=("spent",))
    assert (verdict.kind, verdict.detail) == (
        "confirmed",
        "after `spent` had given 6 in all, it was gone through 2 times more, and there was nothing left",
    )


def test_the_lines_of_a_marked_script_are_its_own(loops: Observed) -> None:
    (loop,) = (each for each in loops.record.loops if each.name == "renamed")
    assert loops.text(loop.where) == "renamed"


@pytest.mark.parametrize("mark", ["dropped", "dropped by TensorFlow", "dropped by Keras"])
def test_what_a_function_returns_and_nobody_keeps_is_seen(loops: Observed, mark: str) -> None:
    assert loops.verdict("discarded-pipeline", mark).kind == "confirmed"


@pytest.mark.parametrize("mark", ["kept", "used"])
def test_what_somebody_uses_is_not_dropped(loops: Observed, mark: str) -> None:
    assert loops.verdict("discarded-pipeline", mark).kind == "refuted"


TURNS = """\
    import tensorflow as tf

    optimizer = tf.keras.optimizers.SGD(0.1)  # made
    for turn in range({turns}):
        w = tf.Variable(tf.ones((2, 1)))
        for step in range(7):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(w**2)
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])  # applied
"""


@pytest.mark.parametrize(
    ("turns", "patient", "kind"),
    [(2, True, "confirmed"), (2, False, "unreached"), (1, True, "refuted")],
)
def test_a_second_turn_is_waited_for_and_nothing_refuted_before_it(
    turns: int, patient: bool, kind: str, tmp_path: Path
) -> None:
    seen = observe(tmp_path, TURNS.format(turns=turns), patient=patient)
    assert seen.verdict("shared-optimizer", "applied", trail=("made",)).kind == kind


def test_patience_ends(tmp_path: Path) -> None:
    seen = observe(tmp_path, TURNS.format(turns=1).replace("range(7)", "range(1000)"), patient=True)
    assert seen.record.end == "stopped"
    assert seen.record.updates == 32


def test_a_gradient_that_is_not_a_number_is_blamed_on_what_was_computed_far_from_it(tmp_path: Path) -> None:
    gap = "\n".join(["    # far away"] * 12)
    seen = observe(
        tmp_path,
        f"""\
    import tensorflow as tf


    def share(w):
        return tf.where(w > 0, w / w, w)  # divided


{gap}
    w = tf.Variable([0.0, 1.0])
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(share(w))
        gradient = tape.gradient(loss, w)
    """,
    )
    verdict = seen.verdict("nan-prone-gradient", "divided")
    assert (verdict.kind, "NaN or infinite gradients" in verdict.detail) == ("confirmed", True)
