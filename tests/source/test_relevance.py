"""The prefilter lets through whatever a rule could have something to say about."""

import sysconfig
from pathlib import Path

import pytest

from tapelint.run.lint import Intake
from tapelint.run.pages import programs
from tapelint.source.relevance import is_relevant
from tests.notebooks import notebook

ROOT = Path(__file__).parents[2]
LIBRARY = Path(sysconfig.get_path("stdlib"))
# A file that others import may be of interest only because of them: it is read when they are.
FIXTURES = [file for file in sorted((ROOT / "fixtures").rglob("*.py")) if "other_module" not in file.parts]


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow as tf\nmodel.compile()",
        "import tensorflow.compat.v2 as tf\ntf.function(f)",
        "import tensorflow_datasets as tfds\ntfds.load('a').batch(8)",
        "from tensorflow import keras\nkeras.losses.mse",
        "from tensorflow.keras import layers as L\nL.Dense(1)(x)\ntraining = True",
        "from keras import Model\nclass A(Model): pass",
        "import tf_keras\ntf_keras.Sequential()",
        "import importlib\nkeras = importlib.import_module('keras')\nkeras.optimizers.SGD()",
        "@tf.function\ndef f(): pass",
        "with tf.GradientTape() as tape: pass",
        "def step(tape, loss, model): return tape.gradient(loss, model.weights)",
        "def update(optimizer, pairs): optimizer.apply_gradients(pairs)",
        "def freeze(net): net.trainable_weights.clear()",
        "def log(metric, value): metric.update_state(value)",
        "def feed(examples): return examples.batch(32, drop_remainder=True)",
        "from project.models import build\nnet = build()\nnet.fit(x, y, epochs=100)",
        "from project.models import model\nmodel.fit(x, y)",
        "import os  # tapelint: ignore[forward-outside-tape]",
        "# TAPELINT: ignore-file",
        "import os  # noqa: TL101",
        "import os  # NOQA : E501, TL101",
    ],
)
def test_training_code_is_relevant(text: str) -> None:
    assert is_relevant(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import os\nprint(os.getcwd())",
        "import torch\nloss.backward()\noptimizer.step()",
        "import re\npattern = re.compile('a')",
        "from sklearn.svm import SVC\nclassifier = SVC()\nclassifier.fit(x, y)",
        "import os  # noqa: E501",
        "import os  # noqa",
        "import tensorflow as tf\nprint(tf.__version__)",
    ],
)
def test_other_code_is_not(text: str) -> None:
    assert not is_relevant(text.encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
def test_the_encoding_does_not_matter(encoding: str) -> None:
    text = f"# -*- coding: {encoding} -*-\nimport keras\nmodèle = keras.Sequential()\n"
    assert is_relevant(text.encode(encoding))


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_fixture_is_relevant(file: Path) -> None:
    assert is_relevant(file.read_bytes())


@pytest.mark.parametrize("escape", [False, True])
@pytest.mark.parametrize("file", FIXTURES[::7], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_program_is_as_relevant_in_a_notebook(file: Path, escape: bool) -> None:
    content = notebook(file.read_text(encoding="utf-8"))
    if escape:
        # JSON may spell any character by its number; what is looked at is the text that is meant.
        content = (
            content.replace("tensorflow", "\\u0074ensorflow")
            .replace("keras", "\\u006beras")
            .replace("tf.", "tf\\u002e")
        )
    assert is_taken(Path("train.ipynb"), content.encode())


@pytest.mark.parametrize("file", FIXTURES[::7], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_program_is_as_relevant_in_markdown(file: Path) -> None:
    text = "# Title\n\n```python\n" + file.read_text(encoding="utf-8") + "```\n"
    assert is_taken(Path("README.md"), text.encode())


def test_words_of_prose_and_outputs_are_not_relevant() -> None:
    words = "import tensorflow as tf\nmodel.fit(x, epochs=3)"
    assert not is_taken(Path("README.md"), f"# Title\n\n{words}\n\n```python\nprint(1)\n```\n".encode())
    assert not is_taken(Path("a.ipynb"), notebook("print(1)", words, prose=[2]).encode())


@pytest.mark.parametrize(
    "text", ["import os  # tapelint: ignore", "import os  # noqa: TL101", "import os  # noqa:\tTL101"]
)
def test_who_speaks_to_tapelint_is_heard_in_any_file(text: str) -> None:
    assert is_taken(Path("a.py"), text.encode())
    assert is_taken(Path("a.ipynb"), notebook(text).encode())
    assert is_taken(Path("a.md"), f"```python\n{text}\n```".encode())


def is_taken(path: Path, data: bytes) -> bool:
    """Whether a file goes on to the analysis."""
    intake = Intake()
    intake.take(path, data)
    return bool(intake.documents)


def test_every_program_of_a_page_is_relevant() -> None:
    hidden = [
        (str(program), name)
        for program in programs()
        for name, text in program.files.items()
        # What a helper does is found by way of the program that calls it.
        if "# error" in text and not any(is_relevant(each.encode()) for each in (text, *program.files.values()))
    ]
    assert hidden == []


def test_hardly_anything_in_the_standard_library_is() -> None:
    relevant = [file.name for file in LIBRARY.glob("*.py") if is_relevant(file.read_bytes())]
    assert len(relevant) <= 2, relevant
