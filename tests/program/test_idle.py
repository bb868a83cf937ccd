"""What is not executed would have shown nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint.finding import Finding
from tapelint.program import build
from tapelint.program.execution.idle import is_idle
from tapelint.program.execution.words import Words
from tests.linting import findings

FIXTURES = Path(__file__).parents[2] / "fixtures"

IDLE = {
    "nothing": "",
    "definitions": "import tensorflow as tf\n\nclass A(tf.keras.Model):\n  def call(self, x):\n    return x\n",
    "constants": "import os\nfrom pathlib import Path\nROOT = Path(os.getcwd())\n__all__ = ['A']\nx: int = 3\n",
    "words in strings": '"""Then model.fit(x) with a GradientTape."""\n# optimizer.apply_gradients\n',
    "imports for type checkers": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy as np\n",
    "an import from one place or another": "try:\n    from a import b\nexcept ImportError as e:\n\n    b = None\n",
    "an optional import": "try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None\n",
}
BUSY = {
    "training": "def step(model, x):\n    model.fit(x)\n",
    "a tape under another name": "from tensorflow import GradientTape as T\n",
    "a call": "from steps import train\ntrain(3)\n",
    "the result of a call": "from steps import train\nhistory = train(3)\n",
    "a script": "def main(): ...\nif __name__ == '__main__':\n    main()\n",
    "a script that may be stopped": "from steps import main\ntry:\n    main()\nexcept KeyboardInterrupt:\n    pass\n",
    "a script after a try": "try:\n    import steps\n    steps.main()\nexcept ImportError:\n    raise\n",
    "a script in an else": "try:\n    import steps\nexcept ImportError:\n    pass\nelse:\n    steps.main()\n",
    "a loop": "import steps\nfor epoch in range(3):\n    steps.take(epoch)\n",
    "a forgotten import": "def f():\n    return np.zeros(3)\n",
    "names that come with a star": "from steps import *\nx = train()\n",
}


@pytest.mark.parametrize("text", IDLE.values(), ids=IDLE)
def test_a_file_that_only_defines_is_idle(text: str) -> None:
    assert is_idle(text)


@pytest.mark.parametrize("text", BUSY.values(), ids=BUSY)
def test_a_file_that_does_something_is_not(text: str) -> None:
    assert not is_idle(text)


def test_the_words_of_a_project_count() -> None:
    assert is_idle("def f(g):\n    learn(g)\n")
    assert not is_idle("def f(g):\n    learn(g)\n", frozenset({"learn"}))


def _said(found: dict[str, list[Finding]]) -> Iterator[tuple[str, str, int | None, int]]:
    for name, each in found.items():
        for finding in each:
            yield name, finding.rule, finding.place.cell, finding.place.span.start.line


@pytest.mark.parametrize("folder", ["broken", "structure", "reports", "seeds"])
def test_executing_everything_finds_nothing_more(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = set(_said(findings(FIXTURES / folder)))
    assert quick
    monkeypatch.setattr(build, "is_idle", lambda *_: False)
    monkeypatch.setattr(Words, "matter", lambda *_: True)
    assert set(_said(findings(FIXTURES / folder))) <= quick
