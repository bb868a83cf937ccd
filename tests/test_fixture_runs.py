"""The fixtures are real programs: the correct ones run to their end, and the broken ones break as they are said to."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint.run.expectations import expectations
from tapelint.source.notebook import read_notebook
from tests.forking import Forker

FIXTURES = Path(__file__).parent.parent / "fixtures"
CLEAN = sorted((FIXTURES / "clean").glob("*.py"))
NOTEBOOKS = sorted((FIXTURES / "clean").glob("*.ipynb"))
# What keras.datasets would download is not there.
BROKEN = [path for path in sorted((FIXTURES / "broken").glob("*.py")) if "keras.datasets" not in path.read_text()]

# What the user sees; where nothing stands, the program runs to its end and says nothing.
SYMPTOMS = {
    "unparsable-source": r"SyntaxError|IndentationError",
    "unimported-module": r"NameError: name '\w+' is not defined",
    "forward-outside-tape": r"ValueError: No gradients provided for any variable",
    "loss-outside-tape": r"ValueError: No gradients provided for any variable",
    "malformed-apply": r"_unique_id|unpack|positional arguments|Iterating over a symbolic",
}
SILENT_THOUGH = {"forward_outside_tape_silent_closure.py"}
LOUD_THOUGH = {
    "rebound_variable_module_regression.py": r"TypeError: unsupported operand",
    "undersized_batch_fixed_noise.py": r"Dimensions must be equal, but are 8 and 32",
    "undersized_batch_generator_helper.py": r"target.shape=\(24, 1\), output.shape=\(4, 1\)",
    "undersized_batch_stateful_rnn.py": r"10",
}
# Keras and TensorFlow say these of programs that do not train as they are meant to.
COMPLAINTS = re.compile(r"Gradients do not exist|which is not available|ran out of data|does not have any trainable")

SESSION = """\
from unittest import mock

get_ipython = mock.MagicMock()
"""


@pytest.fixture(scope="module")
def forker() -> Iterator[Forker]:
    with Forker() as process:
        yield process


@pytest.mark.parametrize("program", CLEAN, ids=lambda path: path.stem)
def test_a_correct_program_runs(program: Path, forker: Forker) -> None:
    ending = forker.run(program)
    assert ending.status == 0, ending.output[-3000:]
    assert not COMPLAINTS.search(ending.output), ending.output[-3000:]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_correct_notebook_runs(notebook: Path, tmp_path: Path, forker: Forker) -> None:
    """Its cells run in the order in which they were run, and its commands do nothing."""
    program = tmp_path / f"{notebook.stem}.py"
    program.write_text(SESSION + read_notebook(notebook, notebook.read_bytes()).text, encoding="utf-8")
    ending = forker.run(program)
    assert ending.status == 0, ending.output[-3000:]
    assert not COMPLAINTS.search(ending.output), ending.output[-3000:]


@pytest.mark.parametrize("program", BROKEN, ids=lambda path: path.stem)
def test_a_broken_program_shows_its_symptom(program: Path, forker: Forker) -> None:
    symptom = _symptom(program)
    ending = forker.run(program)
    if symptom is None:
        assert ending.status == 0, ending.output[-3000:]
    else:
        assert ending.status == 1, ending.output[-3000:]
        assert re.search(symptom, ending.output), ending.output[-3000:]


def _symptom(program: Path) -> str | None:
    if program.name in SILENT_THOUGH:
        return None
    rules = [each.rule for each in expectations(program.read_text())]
    return LOUD_THOUGH.get(program.name) or next((SYMPTOMS[rule] for rule in rules if rule in SYMPTOMS), None)
