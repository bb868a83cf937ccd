"""From programs to findings: which rules have checks, what is reported once, and where trails lead."""

import pytest

from tapelint import catalog
from tapelint.checks import CHECKS, examine
from tapelint.finding import Finding
from tapelint.program.build import build
from tapelint.run.select import runs_only
from tapelint.source.document import Document
from tests.program.reading import ROOT

# Rules whose findings are made while the text is read, before there is a program.
_OF_THE_TEXT = {"unparsable-source", "unused-suppression"}

MODEL = """
import tensorflow as tf
from tensorflow import keras
model = keras.Sequential([keras.layers.Dense(1), keras.layers.Dropout(0.5)])
optimizer = keras.optimizers.SGD()
"""

STEP = """
def step(x, y):
    with tf.GradientTape() as tape:
        loss = keras.losses.mse(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def found(files: dict[str, str], *rules: str, requested: int = 1) -> list[Finding]:
    """What the checks of some rules find in the first files."""
    documents = {ROOT / name: Document(ROOT / name, text) for name, text in files.items()}
    programs = build(list(documents.values())[:requested], documents.get)
    return examine(programs, rules or tuple(catalog.rules()))


def lines(findings: list[Finding]) -> list[tuple[str, int]]:
    """The file and line of each finding."""
    return [(finding.place.path.name, finding.place.span.start.line) for finding in findings]


def test_every_rule_that_reading_decides_has_a_check() -> None:
    decided = {name for name, rule in catalog.rules().items() if not runs_only(rule)}
    assert CHECKS.keys() == decided - _OF_THE_TEXT


def test_a_finding_is_of_the_rule_s_severity() -> None:
    (finding,) = found({"a.py": MODEL + STEP}, "unreduced-loss")
    assert finding.rule == "unreduced-loss"
    assert finding.severity == catalog.rules()["unreduced-loss"].severity


def test_only_wanted_rules_are_examined() -> None:
    assert found({"a.py": MODEL + STEP}, "forward-outside-tape") == []
    assert [finding.rule for finding in found({"a.py": MODEL + STEP}, "unreduced-loss", "forward-outside-tape")] == [
        "unreduced-loss"
    ]


def test_a_place_that_runs_twice_is_one_finding() -> None:
    text = MODEL + STEP + "step(1, 2)\nstep(3, 4)\nfor i in range(3):\n    step(i, i)\n"
    assert len(found({"a.py": text}, "unreduced-loss")) == 1


def test_a_place_that_two_programs_run_is_one_finding() -> None:
    files = {"a.py": "from m import step\nstep(1, 2)\n", "b.py": "import m\nm.step(1, 2)\n", "m.py": MODEL + STEP}
    reordered = {"m.py": files["m.py"], "a.py": files["a.py"], "b.py": files["b.py"]}
    assert lines(found(reordered, "unreduced-loss", requested=3)) == [("m.py", 10)]


def test_what_is_wrong_in_an_imported_file_is_found_too() -> None:
    files = {"a.py": "from m import step\nstep(1, 2)\n", "m.py": MODEL + STEP}
    assert [name for name, _ in lines(found(files, "unreduced-loss"))] == ["m.py"]


def test_a_bug_may_lie_between_two_files() -> None:
    files = {
        "a.py": "from m import *\nfor x, y in data:\n"
        "    with tf.GradientTape() as tape:\n        loss = loss_of(model(x), y)\n"
        "    g = tape.gradient(loss, model.trainable_variables)\n"
        "    optimizer.apply_gradients(zip(g, model.trainable_variables))\n",
        "m.py": MODEL + "def loss_of(p, y):\n    return keras.losses.mse(y, p)\n",
    }
    (finding,) = found(files, "unreduced-loss")
    assert lines([finding]) == [("a.py", 5)]
    assert ("m.py", 7) in [(step.place.path.name, step.place.span.start.line) for step in finding.trail]


def test_a_trail_visits_each_place_once() -> None:
    for finding in found({"a.py": MODEL + STEP}):
        places = [step.place for step in finding.trail]
        assert len(places) == len(set(places))


PROGRAMS = {
    "a tape that nobody asks": "for x in data:\n    "
    "with tf.GradientTape() as tape:\n        p = model(x, training=True)\n",
    "no update": STEP.replace("    optimizer.apply_gradients(zip(gradients, model.trainable_variables))\n", ""),
    "no flag": STEP.replace(", training=True", ""),
    "another model": STEP.replace("zip(gradients, model", "zip(gradients, keras.Sequential([model, model])"),
    "no pairs": STEP.replace("zip(gradients, model.trainable_variables)", "gradients"),
    "outside": STEP.replace("with tf.GradientTape() as tape:", "with tf.GradientTape() as tape: pass\n    if x:"),
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_message_is_one_short_line_in_lower_case(case: str) -> None:
    findings = found({"a.py": MODEL + PROGRAMS[case] + "step(1, 2)\n"})
    assert findings
    for finding in findings:
        message = finding.message
        assert len(message) <= 130, message
        assert "\n" not in message
        assert not message.endswith("."), message
        assert message.count("`") % 2 == 0, message


def test_a_program_of_nothing_has_no_findings() -> None:
    assert found({"a.py": ""}) == []
    assert found({"a.py": "x = = 1"}) == []
    assert found({}) == []


SILENT = {
    "an unknown model": "def f(model, x):\n    return model(x)\n",
    "an unknown tape": "def f(tape, loss, v):\n    return tape.gradient(loss, v)\n",
    "gradients that are handed on": STEP.replace("    optimizer.apply_gradients(zip(", "    return list(zip(").replace(
        "keras.losses.mse(y, model(x, training=True))", "tf.reduce_mean(model(x, training=True))"
    ),
    "variables that come from elsewhere": STEP.replace("model.trainable_variables", "x.variables").replace(
        "keras.losses.mse(y, model(x, training=True))", "tf.reduce_mean(x(y))"
    ),
    "code after a return": "def f(x):\n    return x\n" + STEP.replace("def step(x, y):\n", ""),
    "a tape of no model": "with tf.GradientTape() as t:\n    t.watch(x)\n    y = x * x\nprint(t.gradient(y, x))\n",
}


@pytest.mark.parametrize("case", SILENT)
def test_what_cannot_be_told_is_not_reported(case: str) -> None:
    assert [(finding.rule, finding.message) for finding in found({"a.py": MODEL + "x = data()\n" + SILENT[case]})] == []


@pytest.mark.parametrize(
    "imports",
    [
        "import tensorflow as tf\nfrom tensorflow import keras",
        "import tensorflow as tf\nimport keras",
        "import tensorflow as tf\nimport tf_keras as keras",
        "import tensorflow.compat.v2 as tf\nkeras = tf.keras",
        "import tensorflow as tf\nfrom tensorflow.python import keras",
        "try:\n    import tensorflow as tf\nexcept ImportError:\n    raise\nelse:\n    import keras",
    ],
)
def test_a_finding_does_not_depend_on_how_the_library_is_imported(imports: str) -> None:
    text = MODEL.replace("import tensorflow as tf\nfrom tensorflow import keras", imports) + STEP
    assert [finding.rule for finding in found({"a.py": text}, "unreduced-loss")] == ["unreduced-loss"]
