"""Which Keras a program is for: by the configuration, else by the dependency files, else the one of today."""

from pathlib import Path

import pytest

from tapelint.finding import Finding
from tapelint.run.dependencies import keras_required, required
from tapelint.run.hierarchy import Hierarchy
from tapelint.run.lint import lint
from tests.linting import write

OLD = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(1)])
model.compile(tf.keras.optimizers.Adam(lr=0.001), "mse")
"""
VARIABLE = """\
import keras
import tensorflow as tf


class Mix(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.matrix = tf.Variable(tf.zeros((8, 4)))

    def call(self, inputs):
        return inputs @ self.matrix
"""


def found(folder: Path, program: str, **files: str) -> list[Finding]:
    """What is found in a program that lies in a folder of a project with these files."""
    others = {name.replace("__", "."): text for name, text in files.items()}
    write({"src/train.py": program, ".git/HEAD": "", **others}, folder)
    outcome = lint([folder / "src"], Hierarchy(folder))
    assert outcome.complete, (outcome.crashes, outcome.failures)
    return list(outcome.findings)


def test_a_program_that_says_nothing_meets_the_keras_of_today(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, OLD)
    assert (finding.rule, finding.severity) == ("removed-keras-api", "error")
    assert "gone since Keras 3: this raises a ValueError" in finding.message


@pytest.mark.parametrize(
    "files",
    [
        {"requirements__txt": "numpy\ntensorflow==2.10.1  # the last one\n"},
        {"tapelint__toml": 'target = { keras = "2" }\n'},
        {"pyproject__toml": '[project]\nname = "x"\ndependencies = ["tensorflow>=2.4,<2.16"]\n'},
        {"pyproject__toml": '[tool.tapelint.target]\nkeras = "2"\n\n[project]\ndependencies = ["keras>=3"]\n'},
        {"uv__lock": '[[package]]\nname = "tensorflow"\nversion = "2.15.0"\n'},
    ],
)
def test_for_keras_2_it_is_a_note_in_other_words(files: dict[str, str], tmp_path: Path) -> None:
    (finding,) = found(tmp_path, OLD, **files)
    assert finding.severity == "info"
    assert finding.message == "the argument `lr` is gone in Keras 3, and this project has yet to move there"
    assert finding.fix is None


def test_the_configuration_comes_before_the_dependencies(tmp_path: Path) -> None:
    files = {"requirements__txt": "tensorflow<2.16\n", "tapelint__toml": '[target]\nkeras = "3"\n'}
    assert [finding.severity for finding in found(tmp_path, OLD, **files)] == ["error"]


def test_what_a_package_says_about_itself_requires_nothing(tmp_path: Path) -> None:
    metadata = "Name: x\r\nRequires-Dist: tensorflow>=2.10\r\n\r\nFor older cards:\r\n- tensorflow==2.10\r\n"
    (tmp_path / "PKG-INFO").write_bytes(metadata.encode())
    assert keras_required(tmp_path) == "3"


def test_what_was_right_in_keras_2_is_not_reported_for_it(tmp_path: Path) -> None:
    assert [finding.rule for finding in found(tmp_path / "new", VARIABLE)] == ["untracked-variable"]
    assert found(tmp_path / "old", VARIABLE, requirements__txt="keras~=2.11\n") == []


@pytest.mark.parametrize(
    "beginning",
    ["import tf_keras\n", "import numpy, tf_keras\n", 'import os\n\nos.environ["TF_USE_LEGACY_KERAS"] = "1"\n'],
)
def test_a_file_that_asks_for_the_old_keras_is_for_it(beginning: str, tmp_path: Path) -> None:
    assert [finding.severity for finding in found(tmp_path, beginning + OLD)] == []


@pytest.mark.parametrize("key", ['target = { keras = "4" }', 'target = { torch = "2" }', 'target = "2"'])
def test_a_target_that_does_not_exist_is_refused(key: str, tmp_path: Path) -> None:
    from tapelint.run.config import ConfigError

    with pytest.raises(ConfigError, match="target"):
        found(tmp_path, OLD, tapelint__toml=key)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tensorflow==2.4.0", ["2"]),
        ("tensorflow>=2.3,<2.11", ["2"]),
        ("tensorflow~=2.10.0", ["2"]),
        ("tensorflow[and-cuda]==2.15.*", ["2"]),
        ("tensorflow-gpu>=2.1", ["2"]),
        ("Keras<3", ["2"]),
        ("Requires-Dist: tensorflow <2.16.0", ["2"]),
        ("tensorflow<2.16.1", ["3"]),
        ("tf-keras==2.18", ["2"]),
        ('tensorflow = "~2.10"', ["2"]),
        ('tensorflow = {version = "2.10.0", optional = true}', ["2"]),
        ("  - tensorflow=2.4.1=gpu_py39", ["2"]),
        ('    install_requires=["numpy", "tensorflow<2.11"],', ["2"]),
        ("Requires-Dist: tensorflow (>=2.4,<2.9)", ["2"]),
        ("tensorflow", ["3"]),
        ("tensorflow>=2.0", ["3"]),
        ("tensorflow~=2.10", ["3"]),
        ("tensorflow-cpu==2.18.0; python_version > '3.9'", ["3"]),
        ("keras>=3.0", ["3"]),
        ('tensorflow = "^2.10"', ["3"]),
        ("# tensorflow==2.4.0", []),
        ("tensorflow-probability==0.12", []),
        ('description = "trains with tensorflow 2.4"', []),
    ],
)
def test_a_requirement_tells_which_keras_can_be_installed(line: str, expected: list[str]) -> None:
    assert list(required(line)) == expected
