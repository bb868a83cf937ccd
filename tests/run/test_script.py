from pathlib import Path

import pytest

from tapelint.run.script import why_not_run
from tapelint.source.document import Document
from tapelint.source.notebook import read_notebook
from tapelint.source.snippets import read_markdown
from tests.notebooks import notebook

DEFINITIONS = '''\
"""A library."""
import tensorflow as tf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

try:
    import wandb
except ImportError:
    wandb = None

RATE = tf.constant(0.1)


def train(model):
    model.fit(1, 2)


class Step:
    model = None
'''


@pytest.mark.parametrize(
    "end",
    [
        "if __name__ == '__main__':\n    train(None)\n",
        "if '__main__' == __name__:\n    train(None)\n",
        "train(None)\n",
        "history = Step.model.fit(1)\n",
        "for epoch in range(3):\n    pass\n",
        "while True:\n    break\n",
        "with tf.GradientTape() as tape:\n    pass\n",
        "try:\n    train(None)\nfinally:\n    pass\n",
        "if RATE > 1:\n    train(None)\n",
    ],
)
def test_a_script_does_something(end: str) -> None:
    assert why_not_run(Document(Path("train.py"), DEFINITIONS + end)) is None


def test_a_library_only_defines() -> None:
    assert "only defines" in str(why_not_run(Document(Path("train.py"), DEFINITIONS)))


@pytest.mark.parametrize("name", ["test_train.py", "train_test.py", "conftest.py"])
def test_a_test_is_for_a_test_runner(name: str) -> None:
    assert "test runner" in str(why_not_run(Document(Path(name), DEFINITIONS + "train(None)\n")))


def test_what_is_no_python_cannot_be_run() -> None:
    assert "not valid Python" in str(why_not_run(Document(Path("train.py"), "x = (")))


def test_a_notebook_is_run_whatever_is_in_it() -> None:
    for cells in (("train(None)",), (DEFINITIONS,), ("x = (",)):
        assert why_not_run(read_notebook(Path("train.ipynb"), notebook(*cells).encode())) is None


def test_quotations_are_not_run() -> None:
    assert "quotes" in str(why_not_run(read_markdown(Path("a.md"), b"```python\ntrain(None)\n```\n")))
