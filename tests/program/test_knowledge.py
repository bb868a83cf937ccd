"""The knowledge tables: one name for one thing, and every thing real."""

from itertools import chain

import pytest

from tapelint.program.knowledge import base_class, canonical, class_kind, matches, returned_kind, table

NAMES, KINDS, TENSORS, LAYERS = table("names"), table("kinds"), table("tensors"), table("layers")


def listed() -> dict[str, list[str]]:
    """Every library name in the tables, by table and section, without those that stand for many."""
    sections = {
        "classes": KINDS["classes"],
        "base": KINDS["base"].values(),
        "returns": KINDS["returns"],
        "sensitive": LAYERS["sensitive"],
        "wrappers": LAYERS["wrappers"],
        "applications": LAYERS["applications"]["insensitive"],
        "per_example": TENSORS["per_example"]["names"],
        "reductions": TENSORS["reductions"],
        "elementwise": TENSORS["elementwise"]["names"],
        "sizes": TENSORS["sizes"],
        "imports": NAMES["imports"].values(),
        "order": chain.from_iterable(
            TENSORS["order"][row] for row in ("constant", "ordered", "joins", "random", "keeps")
        ),
    }
    return {section: [name for name in names if not name.endswith("*")] for section, names in sections.items()}


@pytest.mark.parametrize("section", listed())
def test_a_table_uses_canonical_names(section: str) -> None:
    assert {name: canonical(name) for name in listed()[section] if canonical(name) != name} == {}


def test_a_prefix_leads_to_a_canonical_name() -> None:
    prefixes = NAMES["prefixes"]
    assert {name: meant for name, meant in prefixes.items() if canonical(meant) != meant} == {}


def test_a_prefix_stands_for_what_its_target_is() -> None:
    assert [name for name, meant in NAMES["prefixes"].items() if canonical(name) != canonical(meant)] == []


def test_a_kind_has_a_class_for_its_methods() -> None:
    kinds = {*KINDS["classes"].values(), *KINDS["returns"].values()}
    assert kinds - KINDS["base"].keys() <= {"regularizer", "initializer", "constraint", "tensor"}


def test_the_class_of_a_kind_is_of_that_kind() -> None:
    assert {kind: class_kind(name) for kind, name in KINDS["base"].items() if class_kind(name) != kind} == {}


def test_a_spelling_of_a_loss_leads_to_a_function_that_is_known() -> None:
    assert {
        meant for meant in NAMES["losses"].values() if not matches(f"keras.losses.{meant}", "per_example", "names")
    } == set()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tensorflow.keras.layers.Dense", "keras.layers.Dense"),
        ("tf_keras.layers.Dense", "keras.layers.Dense"),
        ("keras.api.layers.Dense", "keras.layers.Dense"),
        ("keras.src.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.python.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.compat.v1.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.compat.v2.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow._api.v2.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.keras.models.Sequential", "keras.Sequential"),
        ("tensorflow.keras.models.Model", "keras.Model"),
        ("keras.engine.training.Model", "keras.Model"),
        ("tensorflow.keras.optimizers.legacy.Adam", "keras.optimizers.Adam"),
        ("tensorflow.keras.optimizers.experimental.Adam", "keras.optimizers.Adam"),
        ("tensorflow.optimizers.Adam", "keras.optimizers.Adam"),
        ("tensorflow.losses.MeanSquaredError", "keras.losses.MeanSquaredError"),
        ("tensorflow.keras.layers.Layer", "keras.Layer"),
        ("tensorflow.keras.layers.Input", "keras.Input"),
        ("keras.layers.experimental.preprocessing.Rescaling", "keras.layers.Rescaling"),
        ("tensorflow.keras.utils.Sequence", "keras.PyDataset"),
        ("tensorflow.keras.mixed_precision.experimental.LossScaleOptimizer", "keras.optimizers.LossScaleOptimizer"),
        ("tensorflow.autodiff.GradientTape", "tensorflow.GradientTape"),
        ("tensorflow.math.reduce_mean", "tensorflow.reduce_mean"),
        ("keras.backend.mean", "keras.ops.mean"),
        ("tensorflow.keras.losses.mse", "keras.losses.mean_squared_error"),
        ("keras.losses.MSE", "keras.losses.mean_squared_error"),
        ("keras.metrics.mse", "keras.losses.mean_squared_error"),
        ("keras.metrics.binary_crossentropy", "keras.losses.binary_crossentropy"),
        ("keras.metrics.Mean", "keras.metrics.Mean"),
        ("tensorflow.kerasish.layers", "tensorflow.kerasish.layers"),
        ("keras.layersque.Dense", "keras.layersque.Dense"),
        ("numpy.core.array", "numpy.array"),
        ("os.path", "os.path"),
        ("", ""),
    ],
)
def test_one_thing_has_one_name(written: str, meant: str) -> None:
    assert canonical(written) == meant


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tensorflow.GradientTape", "tape"),
        ("tensorflow.Variable", "variable"),
        ("keras.Model", "model"),
        ("keras.Sequential", "model"),
        ("keras.applications.ResNet50", "model"),
        ("keras.applications.resnet50.ResNet50", "model"),
        ("keras.applications.resnet50.preprocess_input", None),
        ("keras.layers.Dense", "layer"),
        ("keras.layers.add", None),
        ("keras.optimizers.Adam", "optimizer"),
        ("keras.optimizers.schedules.CosineDecay", "schedule"),
        ("keras.optimizers.get", None),
        ("keras.losses.MeanSquaredError", "loss"),
        ("keras.losses.mean_squared_error", None),
        ("keras.metrics.Mean", "metric"),
        ("keras.callbacks.EarlyStopping", "callback"),
        ("tensorflow.distribute.MirroredStrategy", "strategy"),
        ("tensorflow.distribute.experimental.ParameterServerStrategy", "strategy"),
        ("tensorflow.data.TFRecordDataset", "dataset"),
        ("tensorflow.square", None),
        ("numpy.array", None),
        ("", None),
    ],
)
def test_the_kind_of_a_class(name: str, kind: str | None) -> None:
    assert class_kind(name) == kind


def test_the_kind_of_what_a_function_returns() -> None:
    assert returned_kind("tensorflow.data.Dataset.from_tensor_slices") == "dataset"
    assert returned_kind("keras.models.load_model") == "model"
    assert returned_kind("tensorflow.square") is None


def test_the_class_of_an_unheard_kind_is_the_kind() -> None:
    assert base_class("tape") == "tensorflow.GradientTape"
    assert base_class("unheard-of") == "unheard-of"


def test_a_star_stands_for_any_end() -> None:
    assert matches("numpy.random.rand", "order", "random")
    assert matches("random.shuffle", "order", "random")
    assert not matches("numpy.randomize", "order", "random")
    assert not matches("numpy.array2", "order", "keeps")
