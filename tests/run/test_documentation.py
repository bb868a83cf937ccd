"""Python that Markdown quotes, through the whole pipeline."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tapelint import catalog
from tapelint.finding import Finding
from tapelint.run.expectations import expectations
from tapelint.run.lint import lint
from tapelint.run.pages import programs
from tapelint.run.select import runs_only
from tapelint.run.settings import Settings

FOLDER = Path(__file__).parents[2] / "rules"
MODEL = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)])
data = [(tf.zeros((2, 4)), tf.zeros((2, 1)))] * 3
"""
LOOP = """\
for x, y in data:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
"""
RULE = "gradients-not-applied"
SILENT_IN_QUOTATIONS = {"unimported-module", "unparsable-source"}
Read = Callable[..., list[tuple[str, int, int]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Lints a Markdown text with these blocks, each four lines further down than the one before ends."""

    def read(*blocks: str, info: str = "python", indent: str = "") -> list[tuple[str, int, int]]:
        quoted = [f"# Title\n\n- item\n\n{indent}```{info}\n{_indented(each, indent)}{indent}```\n" for each in blocks]
        (tmp_path / "README.md").write_text("".join(quoted), encoding="utf-8")
        return [_where(each) for each in lint([tmp_path], Settings(rules=frozenset(catalog.rules()), jobs=1)).findings]

    return read


def _indented(text: str, indent: str) -> str:
    return "".join(indent + line for line in text.splitlines(keepends=True))


def _where(finding: Finding) -> tuple[str, int, int]:
    assert finding.place.cell is None
    return finding.rule, finding.place.span.start.line, finding.place.span.start.column


def loud(found: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    return [each for each in found if each[0] != "missing-tf-function"]


@pytest.mark.parametrize(
    "info", ["python", "py", "python3", "Python", "{python}", 'python title="a.py"', "{code-cell} ipython3"]
)
def test_blocks_of_python_are_one_program(read: Read, info: str) -> None:
    assert loud(read(MODEL, LOOP, info=info)) == [(RULE, 19, 13)]


@pytest.mark.parametrize("info", ["", "bash", "pycon", "text", "pytb", "jsonc", "{note}", "python-repl"])
def test_other_blocks_are_not(read: Read, info: str) -> None:
    assert read(MODEL, LOOP, info=info) == []


def test_columns_are_those_of_the_file(read: Read) -> None:
    assert loud(read(MODEL, LOOP, indent="  ")) == [(RULE, 19, 15)]


@pytest.mark.parametrize(
    "fragment",
    [
        ">>> model\n<Sequential>\n",
        "model = tf.keras.Sequential([\n    # and so on\n",
        "TypeError: not at all\n",
        "$ pip install tensorflow\n",
    ],
)
def test_what_is_not_python_is_left_out_and_what_it_leaves_open_is_not_judged(read: Read, fragment: str) -> None:
    assert read(MODEL, LOOP, fragment) == []


@pytest.mark.parametrize(
    ("model", "loop"),
    [
        (MODEL, LOOP + "...\n"),
        (MODEL, LOOP + "# ...\n"),
        (MODEL.replace("data = [(tf.zeros((2, 4)), tf.zeros((2, 1)))] * 3", ""), LOOP),
        (MODEL.replace("import tensorflow as tf", ""), LOOP),
        (MODEL, LOOP.replace("training=True", "training=flag")),
        ("", LOOP),
    ],
)
def test_nothing_follows_from_what_a_fragment_leaves_out(read: Read, model: str, loop: str) -> None:
    assert read(model, loop) == []


def test_what_a_fragment_does_wrong_is_told(read: Read) -> None:
    update = "    tf.keras.optimizers.SGD(rate).apply_gradients(zip(model.trainable_variables, grads))\n"
    assert "malformed-apply" in [rule for rule, _, _ in read(MODEL, LOOP + update)]


def test_a_program_that_begins_anew_has_nothing_to_do_with_the_one_before(read: Read) -> None:
    trained = MODEL + LOOP + "    tf.keras.optimizers.SGD(0.1).apply_gradients(zip(grads, model.trainable_variables))\n"
    assert [rule for rule, _, _ in loud(read(MODEL + LOOP, trained))].count(RULE) == 1


def test_a_program_that_goes_on_does(read: Read) -> None:
    update = (
        "optimizer = tf.keras.optimizers.SGD(0.1)\noptimizer.apply_gradients(zip(grads, model.trainable_variables))\n"
    )
    assert RULE not in [rule for rule, _, _ in read(MODEL, LOOP, "import tensorflow as tf\n" + update)]


def test_one_that_goes_on_after_another_does_too(read: Read) -> None:
    helper = "import tensorflow as tf\ndef plot(values):\n    print(values)\n"
    update = (
        "optimizer = tf.keras.optimizers.SGD(0.1)\noptimizer.apply_gradients(zip(grads, model.trainable_variables))\n"
    )
    assert RULE not in [rule for rule, _, _ in read(MODEL, LOOP, helper, update)]


def test_suppressions_count(read: Read) -> None:
    assert loud(read(MODEL, LOOP.replace("variables)\n", "variables)  # tapelint: ignore[TL101]\n"))) == []
    assert loud(read(MODEL, LOOP, "# tapelint: ignore-file[TL101]\n")) == []


def test_the_rules_say_of_their_own_pages_what_the_pages_promise() -> None:
    """Each page holds many programs, and nothing but the blocks tells where one ends."""
    for rule in catalog.rules().values():
        page = FOLDER / f"{rule.name}.md"
        promised = [
            each for each in expectations(page.read_text(encoding="utf-8"), rule.name) if _can_be_told(each.rule)
        ]
        found = lint([page], Settings(rules=frozenset(catalog.rules()), jobs=1)).findings
        lines = {each.line for each in promised} | _of_several_files(rule)
        assert {_where(each)[:2] for each in found if each.place.span.start.line not in lines} == set()
        known = {each.place.span.start.line for each in found} | _of_several_files(rule)
        # What is said once a program is said once of blocks that go on with each other.
        once = {each.line for each in promised if each.rule == "tf1-training-loop"}
        assert {each.line for each in promised if not each.missed} - once <= known
        assert not once or once & known


def _of_several_files(rule: catalog.Rule) -> set[int]:
    """The lines of a page's programs of several files, which a quotation knows nothing of."""
    return {
        number
        for program in programs()
        if program.rule is rule and len(program.files) > 1
        for text in program.files.values()
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    }


def _can_be_told(rule: str) -> bool:
    return rule not in SILENT_IN_QUOTATIONS and not runs_only(catalog.named(rule))
