"""What the configuration says of a project's own helpers, seen in what is found with and without it."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import ClassVar

import pytest

from tapelint import catalog
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import lint
from tapelint.run.settings import Settings
from tests.linting import write

# A loop whose gradients go to `{apply}`, over a pipeline that nothing shuffles.
LOOP = """\
import numpy as np
import tensorflow as tf
{imported}

x, y = np.arange(1000.0).reshape(-1, 1), np.arange(1000.0).reshape(-1, 1)
pipeline = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dropout(0.1), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam()
for epoch in range(5):
    for xb, yb in pipeline:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(xb, training=True) - yb) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        {apply}
"""
SEEN_ONLY_IN_TRAINING = {"unshuffled-training-data", "missing-tf-function"}

# A helper of the project whose body does not show that it applies what it gets.
HIDDEN = """\
class Engine:
    def push(self, gradients, variables):
        print(len(gradients))


class Local(Engine):
    pass


def push(gradients, variables):
    print(len(gradients))
"""


def found(folder: Path, wrappers: str, program: str, others: Mapping[str, str] | None = None) -> set[str]:
    """The rules that `train.py` breaks, with these lines under `[tool.tapelint.wrappers]`."""
    table = f"[tool.tapelint.wrappers]\n{wrappers}\n" if wrappers else ""
    write({"train.py": dedent(program), "pyproject.toml": table, **(others or {})}, folder)
    outcome = lint([folder], Hierarchy(folder))
    assert outcome.complete, (outcome.crashes, outcome.failures)
    return {finding.rule for finding in outcome.findings if finding.place.path == folder / "train.py"}


def loop(imported: str, apply: str) -> str:
    return LOOP.format(imported=imported, apply=apply)


class TestAppliesGradients:
    @pytest.mark.parametrize(
        ("imported", "apply", "name"),
        [
            ("import ourlib.optim", "ourlib.optim.step(gradients, model)", "ourlib.optim.step"),
            ("from ourlib.optim import step as go", "go(gradients, model)", "ourlib.optim.step"),
            ("from ourlib.optim import Engine", "Engine().push(gradients, model)", "ourlib.optim.Engine.push"),
            ("import ourlib\nengine = ourlib.Engine()", "engine.push(gradients, model)", "Engine.push"),
            ("import ourlib\npush = ourlib.Push()", "push(gradients, model)", "ourlib.Push.__call__"),
            ("import ourlib\nstep = tf.function(ourlib.step)", "step(gradients)", "ourlib.step"),
        ],
    )
    def test_a_loop_that_hands_them_to_a_helper_out_of_view_trains(
        self, tmp_path: Path, imported: str, apply: str, name: str
    ) -> None:
        assert found(tmp_path, "", loop(imported, apply)).isdisjoint(SEEN_ONLY_IN_TRAINING)
        with_wrapper = found(tmp_path, f'applies-gradients = ["{name}"]', loop(imported, apply))
        assert with_wrapper >= SEEN_ONLY_IN_TRAINING
        assert "gradients-not-applied" not in with_wrapper

    @pytest.mark.parametrize(
        ("imported", "apply", "name"),
        [
            ("from engine import push", "push(gradients, model.variables)", "engine.push"),
            ("import engine as e", "e.push(gradients, model.variables)", "push"),
            ("from engine import Engine", "Engine().push(gradients, model.variables)", "Engine.push"),
            ("from engine import Local", "Local().push(gradients, model.variables)", "engine.Local.push"),
            ("from engine import Local", "Local().push(gradients, model.variables)", "engine.Engine.push"),
        ],
    )
    def test_it_wins_over_what_the_body_of_a_helper_shows(
        self, tmp_path: Path, imported: str, apply: str, name: str
    ) -> None:
        others = {"engine.py": HIDDEN}
        assert "gradients-not-applied" in found(tmp_path, "", loop(imported, apply), others)
        with_wrapper = found(tmp_path, f'applies-gradients = ["{name}"]', loop(imported, apply), others)
        assert with_wrapper >= SEEN_ONLY_IN_TRAINING
        assert "gradients-not-applied" not in with_wrapper

    def test_a_name_that_a_package_hands_out_is_the_function_behind_it(self, tmp_path: Path) -> None:
        others = {"ourlib/__init__.py": "from ourlib.inner import push as send", "ourlib/inner.py": HIDDEN}
        program = loop("from ourlib import send", "send(gradients, model.variables)")
        assert "gradients-not-applied" in found(tmp_path, "", program, others)
        assert "gradients-not-applied" not in found(tmp_path, 'applies-gradients = ["ourlib.send"]', program, others)

    def test_other_functions_are_not_meant(self, tmp_path: Path) -> None:
        program = loop("from engine import push", "push(gradients, model.variables)")
        for name in ("other.push", "ush", "engine.Engine.push"):
            rules = found(tmp_path, f'applies-gradients = ["{name}"]', program, {"engine.py": HIDDEN})
            assert "gradients-not-applied" in rules, name

    def test_a_short_name_means_functions_of_the_project_alone(self, tmp_path: Path) -> None:
        program = loop("from ourlib.optim import step", "step(gradients, model)")
        assert found(tmp_path, 'applies-gradients = ["step"]', program).isdisjoint(SEEN_ONLY_IN_TRAINING)


class TestTakesStep:
    PROGRAM = """
    import numpy as np
    import tensorflow as tf
    import ourlib

    def train(epochs):
        x, y = np.arange(1000.0).reshape(-1, 1), np.arange(1000.0)
        pipeline = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
        for epoch in range(epochs):
            for batch in pipeline:
                ourlib.take_step(batch)
    """

    def test_the_loop_that_calls_it_trains(self, tmp_path: Path) -> None:
        assert found(tmp_path, "", self.PROGRAM) == set()
        assert found(tmp_path, 'takes-step = ["ourlib.take_step"]', self.PROGRAM) == {"unshuffled-training-data"}

    def test_also_when_a_strategy_runs_it(self, tmp_path: Path) -> None:
        program = self.PROGRAM.replace("ourlib.take_step(batch)", "strategy.run(ourlib.take_step, args=(batch,))")
        program = program.replace("    def train", "    strategy = tf.distribute.MirroredStrategy()\n    def train")
        program = program.replace("in pipeline:", "in strategy.experimental_distribute_dataset(pipeline):")
        assert found(tmp_path, "", program) == set()
        assert found(tmp_path, 'takes-step = ["ourlib.take_step"]', program) == {"unshuffled-training-data"}


class TestShuffles:
    PIPELINE = """
    import numpy as np
    import tensorflow as tf
    from stirring import stir

    x, y = np.arange(100)[:, None], np.arange(100)[:, None]
    {data}
    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    optimizer = tf.keras.optimizers.Adam()

    @tf.function
    def step(xb, yb):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(xb, training=True) - yb) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    for epoch in range(5):
        for xb, yb in {batches}:
            step(xb, yb)
    """
    NOTHING_TO_SEE: ClassVar = {"stirring.py": "def stir(data):\n    return data\n"}

    def test_a_pipeline_that_went_through_it_is_shuffled(self, tmp_path: Path) -> None:
        data = "pipeline = tf.data.Dataset.from_tensor_slices((x, y))"
        program = self.PIPELINE.format(data=data, batches="stir(pipeline).batch(10)")
        assert found(tmp_path, "", program, self.NOTHING_TO_SEE) == {"unshuffled-training-data"}
        assert found(tmp_path, 'shuffles = ["stirring.stir"]', program, self.NOTHING_TO_SEE) == set()

    def test_what_else_is_wrong_with_it_is_seen_behind_a_helper_out_of_view(self, tmp_path: Path) -> None:
        data = "pipeline = tf.data.Dataset.from_tensor_slices((x, y))"
        program = self.PIPELINE.format(data=data, batches="stir(pipeline).batch(32)")
        program = program.replace("keras.Input((1,))", "keras.Input((1,), batch_size=32)")
        assert found(tmp_path, "", program) == set()
        assert found(tmp_path, 'shuffles = ["stirring.stir"]', program) == {"undersized-final-batch"}

    def test_an_array_that_went_through_it_is_shuffled(self, tmp_path: Path) -> None:
        data = "order = stir(np.arange(100))\n    x, y = x[order], y[order]"
        batches = "tf.data.Dataset.from_tensor_slices((x, y)).batch(10)"
        program = self.PIPELINE.format(data=data, batches=batches)
        assert found(tmp_path, "", program, self.NOTHING_TO_SEE) == {"unshuffled-training-data"}
        assert found(tmp_path, 'shuffles = ["stirring.stir"]', program, self.NOTHING_TO_SEE) == set()


def test_a_helper_may_reset_the_metrics(tmp_path: Path) -> None:
    program = """
    import tensorflow as tf
    import ourlib

    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    accuracy = tf.keras.metrics.MeanSquaredError()
    for epoch in range(5):
        ourlib.begin_epoch()
        for xb, yb in ourlib.batches():
            accuracy.update_state(yb, model(xb, training=False))
        print(accuracy.result())
    """
    assert found(tmp_path, "", program) == {"metric-not-reset"}
    assert found(tmp_path, 'resets-metrics = ["ourlib.begin_epoch"]', program) == set()


def test_a_helper_may_evaluate(tmp_path: Path) -> None:
    program = """
    import numpy as np
    import tensorflow as tf
    import ourlib

    x, y = np.random.rand(100, 1), np.random.rand(100, 1)
    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, y, epochs=20)
    ourlib.judge(model)
    """
    assert found(tmp_path, "", program) == {"no-validation-data"}
    assert found(tmp_path, 'evaluates = ["ourlib.judge"]', program) == set()


PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")

# For each helper that the page names: a program, and how what is found in it changes. What is found only without the
# configuration comes first, then what is found only with it.
_EVALUATED = """
import numpy as np
import tensorflow as tf
import ourlib
x, y = np.random.rand(100, 1), np.random.rand(100, 1)
model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y, epochs=20)
ourlib.report(model)
"""
_METRIC = """
import tensorflow as tf
import ourlib
metric = tf.keras.metrics.Mean()
for epoch in range(5):
    ourlib.begin_epoch()
    for x in ourlib.batches():
        metric.update_state(x)
    print(metric.result())
"""
NAMED_ON_THE_PAGE = {
    "ourlib.optim.step": (loop("import ourlib.optim", "ourlib.optim.step(gradients)"), set(), SEEN_ONLY_IN_TRAINING),
    "Trainer.learn": (
        loop("import ourlib\ntrainer = ourlib.Trainer()", "trainer.learn(gradients)"),
        set(),
        SEEN_ONLY_IN_TRAINING,
    ),
    "ourlib.train_on_batch": (
        TestTakesStep.PROGRAM.replace("take_step", "train_on_batch"),
        set(),
        {"unshuffled-training-data"},
    ),
    "ourlib.data.mixed": (
        dedent(TestShuffles.PIPELINE)
        .format(data="pipeline = tf.data.Dataset.from_tensor_slices((x, y))", batches="stir(pipeline).batch(32)")
        .replace("from stirring import stir", "from ourlib.data import mixed as stir")
        .replace("keras.Input((1,))", "keras.Input((1,), batch_size=32)"),
        set(),
        {"undersized-final-batch"},
    ),
    "ourlib.begin_epoch": (_METRIC, {"metric-not-reset"}, set()),
    "ourlib.report": (_EVALUATED, {"no-validation-data"}, set()),
}


def test_what_the_page_says_is_so(tmp_path: Path) -> None:
    (table,) = re.findall(r"```toml\n\[tool\.tapelint\.wrappers\]\n(.*?)```", PAGE, flags=re.DOTALL)
    names = {name for row in tomllib.loads(table).values() for name in row}
    assert NAMED_ON_THE_PAGE.keys() == names
    for name, (program, without, with_it) in NAMED_ON_THE_PAGE.items():
        plain, told = found(tmp_path, "", program), found(tmp_path, table, program)
        assert (plain - told, told - plain) == (without, with_it), name


def test_processes_are_told(tmp_path: Path) -> None:
    """What the configuration says goes with the work, to whatever process does it."""
    program = loop("from ourlib.optim import step", "step(gradients, model)") + f"# {'long ' * 30_000}\n"
    write({"tapelint.toml": 'wrappers.applies-gradients = ["ourlib.optim.step"]\njobs = 2\n'}, tmp_path)
    write({"a/train.py": program, "b/train.py": program}, tmp_path)
    outcome = lint([tmp_path], Hierarchy(tmp_path))
    assert outcome.complete, (outcome.crashes, outcome.failures)
    assert {(each.place.path.parent.name, each.rule) for each in outcome.findings} >= {
        (folder, rule) for folder in ("a", "b") for rule in SEEN_ONLY_IN_TRAINING
    }


def test_each_directory_has_its_own(tmp_path: Path) -> None:
    program = loop("from ourlib.optim import step", "step(gradients, model)")
    write({"a/train.py": program, "b/train.py": program}, tmp_path)
    write({"a/tapelint.toml": 'wrappers.applies-gradients = ["ourlib.optim.step"]\n', "b/tapelint.toml": ""}, tmp_path)
    told = {finding.place.path.parent.name for finding in lint([tmp_path], Hierarchy(tmp_path)).findings}
    assert told == {"a"}


def test_without_any_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(loop("", "pass"))
    outcome = lint([tmp_path], Settings(rules=frozenset(catalog.rules()), jobs=1))
    assert "gradients-not-applied" in {finding.rule for finding in outcome.findings}
