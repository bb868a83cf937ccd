"""The wheel, built from this checkout and installed alone: what a user gets from the package index."""

import re
import zipfile
from pathlib import Path

import pytest

from tests.installation import ROOT, new_environment, run

# The tests share one wheel and one environment, so they stay in one process.
pytestmark = pytest.mark.xdist_group("wheel")

BROKEN = """\
import tensorflow as tf
from tensorflow import keras

model = keras.Sequential([keras.layers.Dense(1)])
loss_of = keras.losses.MeanSquaredError()
data = tf.data.Dataset.from_tensor_slices((tf.zeros((64, 3)), tf.zeros((64, 1)))).shuffle(64).batch(8)

for epoch in range(3):
    for features, labels in data:
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(features, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
"""


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel and what it asks for."""
    directory = tmp_path_factory.mktemp("home") / "an environment"
    new_environment(directory, str(wheel))
    return directory


def test_the_wheel_holds_the_package_and_the_pages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tapelint"}
    pages = {Path(name).name for name in names if name.startswith("tapelint/rules/")}
    assert pages == {path.name for path in (ROOT / "rules").glob("*.md")}
    knowledge = {Path(name).name for name in names if name.startswith("tapelint/program/knowledge/")}
    assert knowledge >= {path.name for path in (ROOT / "tapelint/program/knowledge").glob("*.toml")}
    assert "tapelint/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    code = [name for name in names if not name.startswith("tapelint/rules/")]
    of_the_tests = {"test", "tests", "conftest", "fixtures", "pyc"}
    assert not [name for name in code if of_the_tests.intersection(re.split(r"[/._]", name))]


def test_a_group_stays_in_one_process(request: pytest.FixtureRequest) -> None:
    grouped = request.config.getoption("loadgroup", False)
    assert request.node.nodeid.endswith("@wheel") == grouped


def test_pytest_finds_its_plugin_in_the_wheel(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "[pytest11]\ntapelint = tapelint.probe.plugin\n" in archive.read(name).decode()


def test_it_needs_no_tensorflow(home: Path) -> None:
    told = run(home / "bin/python", "-c", "import tensorflow", at=home)
    assert "No module named 'tensorflow'" in told.stderr


def test_it_finds_a_bug(home: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(BROKEN)
    told = run(home / "bin/tapelint", "train.py", at=tmp_path)
    assert told.returncode == 1, told.stderr
    assert "error[TL101 gradients-not-applied]" in told.stdout
    assert "--> train.py:12:" in told.stdout
    assert "Traceback" not in told.stdout + told.stderr


def test_it_makes_a_page(home: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(BROKEN)
    told = run(home / "bin/tapelint", "check", "--output-format", "html", "train.py", at=tmp_path)
    assert told.returncode == 1, told.stderr
    style = (ROOT / "tapelint" / "report" / "html" / "style.css").read_text(encoding="utf-8")
    assert f"<style>{style}</style>" in told.stdout
    assert "<mark>tape.gradient(loss, model.trainable_variables)</mark>" in told.stdout


def test_it_is_content_with_the_mended_program(home: Path, tmp_path: Path) -> None:
    mended = BROKEN.replace("data = ", "optimizer = keras.optimizers.SGD()\ndata = ") + (
        "        optimizer.apply_gradients(zip(gradients, model.trainable_variables))\n"
    )
    (tmp_path / "train.py").write_text(mended)
    told = run(home / "bin/tapelint", "check", "--severity-threshold", "warning", "train.py", at=tmp_path)
    assert "TL101" not in told.stdout
    assert told.returncode == 0, told.stdout + told.stderr


def test_it_explains_its_rules(home: Path, tmp_path: Path) -> None:
    told = run(home / "bin/tapelint", "explain", "TL101", at=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "gradients-not-applied" in told.stdout
    page = (ROOT / "rules" / "gradients-not-applied.md").read_text(encoding="utf-8")
    assert max(page.split("\n\n")[2].split(), key=len) in told.stdout


def test_it_says_what_the_probe_misses(home: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(BROKEN)
    told = run(home / "bin/tapelint", "probe", "train.py", at=tmp_path)
    assert told.returncode == 2
    assert "tapelint[probe]" in told.stdout + told.stderr
    assert "Traceback" not in told.stdout + told.stderr
