"""Notebooks through the whole pipeline."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tapelint.finding import Finding
from tapelint.run.config import option_layer
from tapelint.run.lint import lint, lint_text
from tapelint.run.merge import merge
from tapelint.source.span import Position, Span
from tests.notebooks import notebook

MODEL = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
data = [(tf.zeros((2, 4)), tf.zeros((2, 1)))] * 3
"""
LOOP = """\
for x, y in data:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)"""
RULE = "gradients-not-applied"
Read = Callable[..., list[Finding]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Lints a notebook of these cells."""

    def read(*cells: str, **more: object) -> list[Finding]:
        path = tmp_path / "train.ipynb"
        path.write_text(notebook(*cells, **more), encoding="utf-8")  # type: ignore[arg-type]
        rules = ["TL001", "TL002", "TL003", "TL101"]
        return list(lint([path], merge([option_layer({"select": rules}, tmp_path)])).findings)

    return read


def told(findings: list[Finding]) -> list[tuple[str, int | None, int, int]]:
    return [(each.rule, each.place.cell, each.place.span.start.line, each.place.span.start.column) for each in findings]


def test_a_finding_and_its_trail_are_counted_in_their_cells(read: Read) -> None:
    findings = read("# Training", MODEL, LOOP, prose=[1])
    assert told(findings) == [(RULE, 3, 4, 13)]
    assert [(step.place.cell, step.place.span.start.line) for step in findings[0].trail] == [(3, 2), (3, 3), (3, 3)]


def test_cells_may_use_commands(read: Read) -> None:
    loop = "%%time\n" + LOOP.replace("    with", "    !nvidia-smi\n    with")
    assert told(read("%matplotlib inline\n!pip install tensorflow\n" + MODEL, loop)) == [(RULE, 2, 6, 13)]


def test_a_measured_statement_is_linted_where_it_stands(read: Read) -> None:
    body = "def step(x, y):\n" + "\n".join("    " + line for line in LOOP.split("\n"))
    assert told(read(MODEL, body, "%time step(1, 2)\n%time np.zeros(3)")) == [
        (RULE, 2, 5, 17),
        ("unimported-module", 3, 2, 7),
    ]


def test_findings_are_in_the_order_of_the_cells_whatever_ran_first(read: Read) -> None:
    assert told(read(LOOP, "y = np.zeros(3)", MODEL, counts=[3, 2, 1])) == [
        (RULE, 1, 4, 13),
        ("unimported-module", 2, 1, 5),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "print 'applied'\noptimizer.apply_gradients(zip(grads, model.trainable_variables))",
        "%%R -i grads\nplot(grads)",
        "%store grads",
        "!echo {grads}",
        "x = !echo $grads",
        "display(grads)",
        "grads",
        "grads[0]",
    ],
)
def test_gradients_that_another_cell_uses_are_used(read: Read, cell: str) -> None:
    assert [each for each in read(MODEL, LOOP, cell) if each.rule == RULE] == []


@pytest.mark.parametrize(
    "cell", ["!echo grads", "%matplotlib inline", "print 'x'", "%%bash\necho $gradient", "model", ""]
)
def test_others_are_not(read: Read, cell: str) -> None:
    assert [each[:2] for each in told(read(MODEL, LOOP, cell)) if each[0] == RULE] == [(RULE, 2)]


@pytest.mark.parametrize(
    "cell", ["%pylab inline", "%run setup.py", "import numpy as np\nprint 'x'", "%%cython\nimport numpy as np"]
)
def test_names_may_come_from_a_command(read: Read, cell: str) -> None:
    assert [each for each in read(MODEL, cell, "np.zeros(3)") if each.rule != "unparsable-source"] == []


def test_what_an_interactive_session_offers_is_bound(read: Read) -> None:
    assert read(MODEL, "get_ipython().system('ls')\ndisplay(model)\nprint(In, Out, _)") == []


class TestBrokenCells:
    def test_they_are_told_and_the_others_linted(self, read: Read) -> None:
        assert told(read(MODEL, "print 'x'", LOOP, "def f(:")) == [
            ("unparsable-source", 2, 1, 1),
            (RULE, 3, 4, 13),
            ("unparsable-source", 4, 1, 7),
        ]

    def test_the_mark_is_under_what_was_written(self, read: Read) -> None:
        *_, broken = read(MODEL, "x = 1\nfor y in:")
        assert broken.place.span == Span(Position(2, 9), Position(2, 10))

    def test_damage_is_told(self, tmp_path: Path) -> None:
        outcome = lint_text(tmp_path / "a.ipynb", b'{"cells": ', merge([]))
        assert told(list(outcome.findings)) == [("unparsable-source", None, 1, 1)]
        assert "damaged" in outcome.findings[0].message


class TestSuppressions:
    def test_on_the_line(self, read: Read) -> None:
        assert read(MODEL, LOOP + "  # tapelint: ignore[TL101] a demonstration") == []
        assert read(MODEL, LOOP + "  # noqa: TL101") == []

    def test_on_the_line_above(self, read: Read) -> None:
        loop = LOOP.replace("    grads", "    # tapelint: ignore[gradients-not-applied]\n    grads")
        assert read(MODEL, loop) == []

    def test_not_from_the_cell_above(self, read: Read) -> None:
        findings = read(MODEL + "# tapelint: ignore[unimported-module]", "np.zeros(3)")
        assert told(findings) == [("unused-suppression", 1, 5, 20), ("unimported-module", 2, 1, 1)]

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_for_the_file_from_any_cell(self, read: Read, number: int) -> None:
        cells = [MODEL, LOOP, "y = np.zeros(3)"]
        cells[number] += "\n# tapelint: ignore-file[gradients-not-applied, TL003]"
        assert read(*cells) == []

    def test_beside_a_broken_cell(self, read: Read) -> None:
        assert told(read(MODEL, "x = '''", LOOP + "  # tapelint: ignore")) == [("unparsable-source", 2, 1, 5)]

    def test_a_needless_one_is_found_in_its_cell(self, read: Read) -> None:
        assert told(read(MODEL, "  x = 1\n  y = 2  # tapelint: ignore[TL101]")) == [("unused-suppression", 2, 2, 29)]

    def test_in_a_cell_that_is_not_python_they_are_none(self, read: Read) -> None:
        assert read(MODEL, "%%bash\nls  # tapelint: ignore[TL101]") == []
