"""Notebooks and pages under observation: their cells run in order, and whatever was seen is told by cell and line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tapelint.finding import Verdict
from tapelint.probe.evidence import Evidence
from tapelint.probe.launch import run
from tapelint.record import Caller, Record, Site, from_json, to_json
from tapelint.report import account
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import lint
from tapelint.run.settings import Settings
from tapelint.source.formats import decode
from tests.notebooks import notebook
from tests.probe.programs import nursery

DATA = """\
from __future__ import annotations
!pip install -q tensorflow
%matplotlib inline
%env STEPS=2

import os
import keras
import numpy as np
import tensorflow as tf
x = np.random.normal(size=(16, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.01)
"""

STEP = """\
%%writefile later.py
RATE = 1
"""

INDENTED = """\
  @tf.function
  def step(x: Undefined, y):
      with tf.GradientTape() as tape:
          größe = tf.reduce_mean(tf.square(model(x, training=True) - y)); loss = größe
      ß = tape.gradient(loss, model.trainable_variables)
      return ß
"""

LOOP = """\
%%time
import asyncio
await asyncio.sleep(0)
files = !ls
from later import RATE
for epoch in range(int(os.environ["STEPS"]) * RATE):
    for x_batch, y_batch in data:
        step(x_batch, y_batch)
display(files)
model
"""

BROKEN = "print('before')\nmissing.append(1)\n"

CELLS = ("# A notebook", DATA, STEP, INDENTED, LOOP, BROKEN)


def observed(folder: Path, *cells: str) -> Record:
    """What is seen of a notebook whose first cell is prose."""
    book = folder / "train.ipynb"
    book.write_text(notebook(*cells, prose=[1]), encoding="utf-8")
    record = run(book, steps=20, nursery=nursery())
    assert from_json(to_json(record)) == record
    return record


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return observed(tmp_path_factory.mktemp("notebook"), *CELLS)


def written(where: Site | None) -> str:
    """What stands at a place of one line in the file."""
    assert where is not None
    assert where.line == where.end_line
    path = Path(where.path)
    line = decode(path, path.read_bytes()).lines_of(where.cell)[where.line - 1]
    return line[where.column - 1 : where.end_column - 1]


def test_the_cells_run_in_order_until_one_raises(record: Record) -> None:
    assert (record.end, record.detail) == ("raised", "NameError: name 'missing' is not defined")
    assert record.stdout.splitlines() == ["[]", "before"]
    assert record.troubles == ()


def test_what_is_seen_has_its_cell_and_its_line_in_there(record: Record) -> None:
    call = record.gradients[0]
    assert call.where is not None
    assert (call.where.cell, call.where.line, call.where.first, call.where.last) == (4, 5, 1, 6)
    assert written(call.where) == "tape.gradient(loss, model.trainable_variables)"
    assert call.where.callers == (Caller(record.script, 8, 5),)
    assert record.tapes[0].where is not None
    assert record.tapes[0].where.spot == Caller(record.script, 3, 4)
    assert [(each.where.cell, each.where.line) for each in record.functions if each.where] == [(4, 1)]
    (pipeline,) = record.pipelines
    assert pipeline.where is not None
    assert pipeline.where.spot == Caller(record.script, 7, 5)
    assert [(each.where and each.where.told) for each in pipeline.operations] == ["line 12 of cell 2"] * 2


def test_an_exception_has_its_cell(record: Record) -> None:
    assert record.exception is not None
    assert record.where is not None
    assert written(record.exception.where) == "missing"
    assert record.where.spot == Caller(record.script, 2, 6)
    assert f'File "{record.script}, cell 6", line 2, in <module>\n    missing.append(1)\n' in record.stderr


def test_commands_are_left_out_and_told(record: Record) -> None:
    told = [(each.what, each.where and each.where.spot.told) for each in record.replacements]
    assert told == [("!pip install -q tensorflow", "line 2 of cell 2"), ("!ls", "line 4 of cell 5")]


def test_the_account_has_the_cells(record: Record) -> None:
    told = account.render(record)
    assert "train.ipynb:cell 4:5  taken 4 times by 2 variables" in told
    assert "train.ipynb:cell 6:2  NameError" in told


CRASHES: dict[str, tuple[str, Callable[[Record], object]]] = {
    "no Python": ("x = 1\n1 +\n", lambda record: record.exception and record.exception.kind),
    "a crash": ("import os\n\nos.abort()\n", lambda record: record.detail),
    "its own exit": ("import os\n\nos._exit(3)\n", lambda record: record.detail),
}


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [("no Python", 2, "SyntaxError"), ("a crash", 3, "crashed with SIGABRT"), ("its own exit", 3, "os._exit(3)")],
)
def test_however_a_cell_ends_the_run_it_is_named(name: str, line: int, told: str, tmp_path: Path) -> None:
    cell, ending = CRASHES[name]
    record = observed(tmp_path, "# A", "print('first')", cell, "print('last')")
    assert ending(record) == told
    assert record.stdout == "first\n"
    assert record.where is not None
    assert (record.where.cell, record.where.line) == (3, line)


def test_a_verdict_is_about_a_cell(tmp_path: Path) -> None:
    """Two cells have the same lines, and only one of them forgets to apply the gradients."""
    sound = INDENTED.replace("return", "optimizer.apply_gradients(zip(ß, model.trainable_variables))\n      return")
    trains = "for part in data:\n    step(*part)"
    record = observed(
        tmp_path, "# A", DATA, sound, trains, INDENTED, f"model = keras.models.clone_model(model)\n{trains}"
    )
    book = Path(record.script)
    settings = Settings(rules=frozenset({"gradients-not-applied"}), jobs=1)
    evidence = Evidence(lint([book], settings))
    assert evidence.scripts == [book]
    evidence.hear(book, record)
    (finding,) = evidence.outcome(Hierarchy.of(settings)).findings
    assert (finding.place.cell, finding.place.span.start.line) == (5, 5)
    assert finding.verdict == Verdict("confirmed", "2 of 2 variables identical after 1 step")


PAGE = """\
# A page

- In a list:

  ```python
  größe = 1; import tensorflow as tf
  ```

And then

```python
print(größe)
tf.zeros(2) + tf.ones(3)
```
"""


def test_a_page_runs_block_by_block(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    record = run(page, nursery=nursery())
    assert (record.end, record.stdout) == ("raised", "1\n")
    assert record.exception is not None
    assert record.exception.where is not None
    assert record.exception.where.cell is None
    assert record.exception.where.line == 13
    assert written(record.exception.where) == "tf.zeros(2) + tf.ones(3)"


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("{", "the file cannot be read: the notebook is damaged"),
        (
            '{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}',
            "the file cannot be read: the notebook is in R",
        ),
    ],
)
def test_what_is_no_notebook_is_not_run(content: str, detail: str, tmp_path: Path) -> None:
    (tmp_path / "notes.ipynb").write_text(content)
    record = run(tmp_path / "notes.ipynb", nursery=nursery())
    assert record.end == "unstarted"
    assert record.detail.startswith(detail)
