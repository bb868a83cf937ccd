from pathlib import Path
from textwrap import dedent

import pytest

from tests.cli.commands import BROKEN, tapelint
from tests.notebooks import notebook


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(text: str) -> list[str]:
    """What is shown of a program, line by line."""
    Path("train.py").write_text(dedent(text))
    told = tapelint("show", "train.py")
    assert told.status == 0, told.err
    return told.out.splitlines()


def test_what_the_analyzer_understood() -> None:
    assert shown(BROKEN) == [
        "train.py: a program: it trains when it is run",
        "",
        "3    model `model`: Sequential of Input, Dense",
        "5    tape `tape`",
        "6    output of `model`, recorded by `tape`",
        "7    gradients by parameters of `model`: dead",
        "       of `loss`: one number, a mean, recorded by `tape`",
        "       in a loop, eager",
    ]


def test_what_the_configuration_says_of_helpers_counts() -> None:
    program = BROKEN + "    ourlib.learn(grads)\n"
    assert "7    gradients by parameters of `model`: handed on" in shown("import ourlib; " + program)
    Path("tapelint.toml").write_text('[wrappers]\napplies-gradients = ["ourlib.learn"]\n')
    assert "7    gradients by parameters of `model`: applied" in shown("import ourlib; " + program)


def test_what_happens_in_functions_stands_below_their_names() -> None:
    assert shown("""
        import tensorflow as tf

        model = tf.keras.Sequential([tf.keras.layers.Dense(1), tf.keras.layers.Dropout(0.1)])
        optimizer = tf.keras.optimizers.Adam()

        @tf.function
        def step(x):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(model(x))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        def train(data):
            for x in data:
                step(x)

        train(tf.data.Dataset.from_tensor_slices(tf.zeros((64, 2))).batch(32))
    """) == [
        "train.py: a program: it trains when it is run",
        "",
        " 4    model `model`: Sequential of Dense, Dropout; Dropout cares about training",
        " 5    optimizer `optimizer`: Adam",
        "18    dataset of 64 examples: from_tensor_slices → batch(32); trains",
        "",
        " 8  `step`: called by `train` in a loop, compiled",
        " 9    tape `tape`",
        "10    output of `model`, training not set for Dropout, recorded by `tape`",
        "11    gradients by parameters of `model`: applied",
        "        of `loss`: one number, a mean, recorded by `tape`",
        "        in a loop, in the graph of `step`",
        "12    update of parameters of `model`",
    ]


def test_what_could_not_be_told_and_why() -> None:
    told = shown("""
        import tensorflow as tf
        from losses import pick

        def step(model, x, config):
            with tf.GradientTape() as tape:
                loss = pick(config.loss)(model(x)) * config.scale
            return tape.gradient(loss, model.trainable_variables)
    """)
    assert told[0] == "train.py: a library: what trains waits for a caller out of view"
    assert told[-6:] == [
        "8    gradients by parameters of `model`: handed on",
        "       of `loss`: of unknown rank: what `pick(…)(…)` returns is out of view, recorded by `tape`",
        "       not in a loop, eager as far as can be seen",
        "       not known: what `pick(…)(…)` returns is out of view",
        "       not known: a caller out of view gives `config.scale`",
        "       not known: a caller out of view gives `model`",
    ]


def test_each_way_to_a_function_is_told() -> None:
    told = shown("""
        import tensorflow as tf

        def loss_of(model, x):
            return tf.reduce_mean(model(x))

        small = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        large = tf.keras.Sequential([tf.keras.layers.Dense(9)])
        with tf.GradientTape() as tape:
            loss = loss_of(small, tf.zeros((1, 2))) + loss_of(large, tf.zeros((1, 2)))
        print(tape.gradient(loss, small.trainable_variables))
    """)
    assert [line for line in told if line.startswith((" 4", " 5", "  "))][-3:] == [
        " 4  `loss_of`: called once",
        " 5    output of `small`, recorded by `tape`",
        "      output of `large`, recorded by `tape`",
    ]


def test_a_file_without_any_training() -> None:
    assert shown("print(1)\n") == [
        "train.py: nothing in it trains",
        "nothing of training was understood in this file",
    ]


def test_a_file_that_only_defines_things() -> None:
    (told,) = shown("def double(x):\n    return 2 * x\n")
    assert told == "train.py: it only defines things, and names nothing that training consists of: it was not run"


def test_a_notebook_is_shown_by_cell_and_line() -> None:
    lines = BROKEN.splitlines(keepends=True)
    Path("train.ipynb").write_text(notebook("".join(lines[:3]), "".join(lines[3:])))
    told = tapelint("show", "train.ipynb")
    assert told.status == 0, told.err
    assert told.out.splitlines()[:4] == [
        "train.ipynb: a notebook: it trains when it is run",
        "",
        "1:3    model `model`: Sequential of Input, Dense",
        "2:2    tape `tape`",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "train.py: No such file or directory"),
        (b"\0", "train.py: the file is binary"),
        (b"\n\nx = \xff", "train.py: byte"),
        (b"\n x = (", "train.py:2:"),
    ],
)
def test_what_cannot_be_shown(content: bytes | None, words: str) -> None:
    if content is not None:
        Path("train.py").write_bytes(content)
    told = tapelint("show", "train.py")
    assert told.status == 2
    assert words in told.err
    assert "Traceback" not in told.err


def test_a_broken_cell_is_told_and_the_others_shown() -> None:
    Path("train.ipynb").write_text(notebook("print 'x'", BROKEN))
    told = tapelint("show", "train.ipynb")
    assert told.status == 0
    assert told.err.startswith("warning: train.ipynb:cell 1:1:1: `print` without parentheses is Python 2")
    assert "2:7    gradients by parameters of `model`: dead" in told.out


def test_programs_that_are_quoted_are_shown_one_after_the_other() -> None:
    Path("a.md").write_text(f"```python\n{BROKEN}```\n\n```python\n{BROKEN}```\n")
    shown = tapelint("show", "a.md").out.splitlines()
    assert [line for line in shown if "gradients" in line] == [
        f"{line}    gradients by parameters of `model`: dead" for line in (8, 18)
    ]
