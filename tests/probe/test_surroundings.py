"""What a script finds around it: its files, its arguments, stand-ins for what is downloaded; and who listens to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probe.programs import Observed, observe, write

ROOT = Path(__file__).parents[2]

PROGRAM = """\
    import logging, os, sys, warnings
    from pathlib import Path
    import absl.logging
    import numpy as np
    import tensorflow as tf
    import helper
    from keras.datasets import imdb, mnist

    print("arguments", sys.argv[1:], os.environ["MY_SETTING"], Path("notes.txt").read_text(), Path(__file__).name)
    print("modules", sorted({"libcst", "typer", "pathspec", "tapelint.syntax", "tapelint.program"} & set(sys.modules)))
    print("devices", tf.config.list_physical_devices("GPU"), os.environ["CUDA_VISIBLE_DEVICES"])
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )


    def show(name, data):
        for x, y in data:
            print(name, x.shape, x.dtype, y.shape, y.dtype, y.min() >= 0, len(np.unique(y)) > 1)


    show("mnist", mnist.load_data())
    show("fashion_mnist", tf.keras.datasets.fashion_mnist.load_data())
    show("cifar10", tf.keras.datasets.cifar10.load_data())
    show("cifar100", tf.keras.datasets.cifar100.load_data(label_mode="fine"))
    show("boston_housing", tf.keras.datasets.boston_housing.load_data(test_split=0.5))
    show("california_housing", tf.keras.datasets.california_housing.load_data(version="small"))
    show("imdb", imdb.load_data(num_words=500))
    show("reuters", tf.keras.datasets.reuters.load_data(num_words=500, maxlen=30))
    (texts, _), _ = imdb.load_data(num_words=500, maxlen=20)
    print("texts", type(texts[0]), {text[0] for text in texts}, max(map(max, texts)) < 500, max(map(len, texts)) <= 20)
    print("words", tf.keras.datasets.imdb.get_word_index()["word1"])
    again = mnist.load_data()
    print("same", (again[0][0] == mnist.load_data()[0][0]).all())
    network = tf.keras.applications.MobileNetV3Small(input_shape=(32, 32, 3), include_top=False)
    print("network", network.count_params() > 100_000)

    warnings.simplefilter("ignore")
    warnings.warn("a warning", RuntimeWarning)  # warned
    for _ in range(2):
        tf.get_logger().warning("said by TensorFlow")  # logged
    absl.logging.warning("said by absl")
    absl.logging.warning("there is no data in %s", os.path.expanduser("~/data"))
    tf.get_logger().info("whispered")

    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    model.save("/nowhere/model.keras")  # saved
    model.save("model.keras")
    print("saved", Path("model.keras").exists(), tf.keras.models.load_model("model.keras").count_params())
    tf.summary.create_file_writer("/nowhere/logs").flush()
    tf.config.run_functions_eagerly(False)
    helper.step(model)
"""

HELPER = """\
    import tensorflow as tf


    @tf.function
    def step(model):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.ones((4, 2))) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        raise KeyError("in the helper")
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    folder = tmp_path_factory.mktemp("surroundings")
    write(folder, HELPER, "helper.py")
    write(folder, "by the way", "notes.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MY_SETTING", "mine")
        return observe(folder, PROGRAM, arguments=["--epochs", "3"])


def said(seen: Observed) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for line in seen.record.stdout.splitlines():
        name, _, rest = line.partition(" ")
        words.setdefault(name, []).append(rest)
    return words


def test_the_script_has_its_arguments_its_files_and_its_environment(seen: Observed) -> None:
    assert said(seen)["arguments"] == ["['--epochs', '3'] mine by the way train.py"]
    assert said(seen)["devices"] == ["[] -1"]


def test_the_script_does_not_carry_the_linter(seen: Observed) -> None:
    assert said(seen)["modules"] == ["[]"]


def test_the_parent_does_not_carry_tensorflow() -> None:
    program = (
        "import sys, tapelint.probe.launch, tapelint.probe.verdict; print({'tensorflow', 'numpy'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout == "set()\n"


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        ("mnist", "(60000, 28, 28) uint8 (60000,) uint8", "(10000, 28, 28) uint8 (10000,) uint8"),
        ("fashion_mnist", "(60000, 28, 28) uint8 (60000,) uint8", "(10000, 28, 28) uint8 (10000,) uint8"),
        ("cifar10", "(50000, 32, 32, 3) uint8 (50000, 1) uint8", "(10000, 32, 32, 3) uint8 (10000, 1) uint8"),
        ("cifar100", "(50000, 32, 32, 3) uint8 (50000, 1) uint8", "(10000, 32, 32, 3) uint8 (10000, 1) uint8"),
        ("boston_housing", "(253, 13) float64 (253,) float64", "(253, 13) float64 (253,) float64"),
        ("california_housing", "(480, 8) float32 (480,) float32", "(120, 8) float32 (120,) float32"),
        ("imdb", "(25000,) object (25000,) int64", "(25000,) object (25000,) int64"),
        ("reuters", "(8982,) object (8982,) int64", "(2246,) object (2246,) int64"),
    ],
)
def test_data_that_would_be_downloaded_is_made_up_in_the_same_shape(
    seen: Observed, name: str, train: str, test: str
) -> None:
    assert said(seen)[name] == [f"{part} True True" for part in (train, test)]


def test_made_up_texts_obey_their_arguments_and_made_up_data_stay_the_same(seen: Observed) -> None:
    assert said(seen)["texts"] == ["<class 'list'> {1} True True"]
    assert said(seen)["words"] == ["1"]
    assert said(seen)["same"] == ["True"]
    assert said(seen)["network"] == ["True"]


def test_every_replacement_is_on_record(seen: Observed) -> None:
    what = [replacement.what for replacement in seen.record.replacements]
    assert "keras.datasets.mnist.load_data" in what
    assert "keras.datasets.imdb.get_word_index" in what
    assert "the imagenet weights of MobileNetV3Small" in what
    saved = next(replacement for replacement in seen.record.replacements if "/nowhere/model.keras" in replacement.what)
    assert saved.where is not None and saved.where.line == seen.line("saved")
    assert "a summary writer to /nowhere/logs" in what
    assert seen.record.denials == ()


def test_a_model_is_saved_where_it_may_be(seen: Observed) -> None:
    assert said(seen)["saved"] == ["True 3"]
    assert not (seen.script.parent / "model.keras").exists()


def test_all_three_channels_of_warnings_are_heard(seen: Observed) -> None:
    heard = {(warned.channel, warned.text): warned for warned in seen.record.warnings}
    assert not any("there is no data" in text for _, text in heard)  # Its home is of the probe's making.
    warned = heard["warnings", "a warning"]
    assert (warned.category, warned.times) == ("RuntimeWarning", 1)
    assert warned.where is not None and warned.where.line == seen.line("warned")
    logged = heard["tensorflow", "said by TensorFlow"]
    assert (logged.category, logged.times) == ("WARNING", 2)
    assert logged.where is not None and logged.where.line == seen.line("logged")
    assert ("absl", "said by absl") in heard
    assert not any("whispered" in text or "run_functions_eagerly" in text for _, text in heard)


def test_what_happens_in_another_file_of_the_users_has_its_place_there(seen: Observed) -> None:
    helper = str(seen.script.parent / "helper.py")
    (call,) = seen.record.gradients
    assert call.where is not None
    assert (call.where.path, call.where.line, call.where.function) == (helper, 8, "step")
    assert [caller.path for caller in call.where.callers] == [str(seen.script)]
    assert call.direct and call.in_function and not call.symbolic
    assert seen.record.exception is not None
    assert (seen.record.exception.kind, seen.record.exception.message) == ("KeyError", "'in the helper'")
    assert seen.record.exception.where is not None
    assert (seen.record.exception.where.path, seen.record.exception.where.line) == (helper, 9)


def test_a_script_may_read_what_lies_around_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    (project / "examples").mkdir(parents=True)
    write(project, "ours", "labels.txt")
    monkeypatch.chdir(project)
    seen = observe(project / "examples", "print(open('labels.txt').read(), end='')\n")
    assert (seen.record.end, seen.record.stdout) == ("finished", "ours"), seen.record.stderr


def test_modules_are_found_on_the_users_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "scripts").mkdir()
    write(tmp_path / "library", "VALUE = 7\n", "settings.py")
    monkeypatch.setenv("PYTHONPATH", "library" + os.pathsep + "elsewhere")
    monkeypatch.chdir(tmp_path)
    seen = observe(tmp_path / "scripts", "import settings\nprint(settings.VALUE, end='')\n")
    assert (seen.record.end, seen.record.stdout) == ("finished", "7"), seen.record.stderr
