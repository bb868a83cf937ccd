"""What is seen of `fit`, which is made short but not other than it is."""

from pathlib import Path

import pytest

from tests.probe.programs import Observed, observe

PROGRAM = """\
    import warnings
    import numpy as np
    import tensorflow as tf
    from tensorflow import keras

    warnings.filterwarnings("ignore")


    def schedule(epoch, rate):  # schedule
        return rate if epoch < 4 else rate * 0.5


    class Stopper(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if logs["loss"] < 0:
                self.model.stop_training = True


    def build():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse", metrics=["mae"])
        return model


    x = np.random.normal(size=(40, 4)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    careless = build()
    history = careless.fit(  # careless
        x,
        y,
        batch_size=16,
        epochs=60,
        shuffle=False,
        verbose=0,
        callbacks=[
            keras.callbacks.LearningRateScheduler(schedule),
            keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=30),
            keras.callbacks.ModelCheckpoint("/nowhere/best.keras", monitor="val_mae"),
            keras.callbacks.TensorBoard("logs"),
        ],
    )
    print(len(history.history["loss"]), history.epoch[-1])

    careful = build()
    careful.fit(x, y, batch_size=20, epochs=3, verbose=0, validation_split=0.5, callbacks=[  # careful
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint("best.keras", monitor="val_mae", save_best_only=True),
        Stopper(),
    ])
    careful.load_weights("best.keras")
    print(careful.evaluate(x, y, verbose=0)[0] > 0, careful.predict(x, verbose=0).shape)

    large = tf.data.Dataset.range(1000).map(lambda i: (tf.ones((1, 4)), tf.ones((1, 1))))
    build().fit(large, epochs=2, verbose=0, validation_data=large)  # large

    frozen = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    frozen.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    frozen.fit(x, y, verbose=0)  # zero

    still = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1), keras.layers.Lambda(lambda v: tf.sign(v))])
    still.compile(optimizer="sgd", loss="mse")
    still.fit(x, y, verbose=0)  # still

    build().fit(x, y, verbose=0, callbacks=[keras.callbacks.EarlyStopping(monitor="vall_loss")])  # misspelt
"""


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    return observe(tmp_path_factory.mktemp("fits"), PROGRAM)


def test_the_program_comes_to_its_last_line(fits: Observed) -> None:
    assert fits.record.end == "raised", fits.record.detail
    assert fits.record.exception is not None
    assert fits.record.exception.kind == "ValueError"
    assert fits.record.exception.where is not None
    assert fits.record.exception.where.line == fits.line("misspelt")
    assert len(fits.record.fits) == 6


def test_the_program_sees_as_many_epochs_as_it_asked_for(fits: Observed) -> None:
    first, second = fits.record.stdout.splitlines()
    assert first == "60 59"
    assert second == "True (40, 1)"


def test_many_epochs_become_a_few_short_ones(fits: Observed) -> None:
    fit = fits.record.fits[0]
    assert fit.where is not None and fit.where.line == fits.line("careless")
    assert (fit.asked, fit.cut, len(fit.epochs)) == (60, True, 20)
    assert [epoch.steps for epoch in fit.epochs] == [3, 3] + [1] * 18
    assert (fit.examples, fit.batch, fit.batches, fit.x, fit.loss) == (40, 16, 3, "ndarray", "mse")
    assert (fit.shuffle, fit.validation) == (False, "none")
    assert fit.steps == fit.iterations == 24
    assert (fit.trainable, fit.changed, fit.accumulates, fit.exception) == (2, 2, False, None)
    assert [epoch.rate for epoch in fit.epochs[:6]] == [0.001] * 4 + [0.0005, 0.00025]
    assert [name for name, _ in fit.epochs[0].logs] == ["loss", "mae", "learning_rate"]


def test_a_long_epoch_is_cut(fits: Observed) -> None:
    fit = fits.record.fits[2]
    assert (fit.batches, fit.cut, [epoch.steps for epoch in fit.epochs]) == (1000, True, [4, 4])
    assert (fit.x, fit.examples, fit.validation) == ("_MapDataset", None, "data")
    assert "val_loss" in dict(fit.epochs[0].logs)


def test_the_callbacks(fits: Observed) -> None:
    scheduler, plateau, checkpoint, board = fits.record.fits[0].callbacks
    assert (scheduler.kind, scheduler.monitor, scheduler.stops, scheduler.keeps) == (
        "LearningRateScheduler",
        None,
        False,
        False,
    )
    assert (plateau.monitor, plateau.patience, plateau.available) == ("val_loss", 30, False)
    assert (checkpoint.monitor, checkpoint.dropped, board.dropped) == (None, True, True)
    stopping, kept, own = fits.record.fits[1].callbacks
    assert (stopping.monitor, stopping.available, stopping.stops, stopping.keeps) == ("val_loss", True, True, True)
    assert (kept.monitor, kept.available, kept.keeps, kept.dropped) == ("val_mae", True, True, False)
    assert (own.kind, own.own, own.stops) == ("Stopper", True, True)


def test_what_writes_outside_is_left_out_and_said(fits: Observed) -> None:
    replaced = [entry.what for entry in fits.record.replacements]
    assert replaced == ["the callback ModelCheckpoint", "the callback TensorBoard"]
    assert fits.record.denials == ()


def test_warnings_are_heard_although_the_program_ignores_them(fits: Observed) -> None:
    heard = [warned for warned in fits.record.warnings if "val_loss" in warned.text]
    assert heard
    assert heard[0].channel == "warnings"
    assert heard[0].where is not None and heard[0].where.line == fits.line("careless")


def test_the_batches_and_gradients_of_a_fit_are_seen_too(fits: Observed) -> None:
    pipeline = next(pipeline for pipeline in fits.record.pipelines if pipeline.fit == 1)
    assert pipeline.passages[0].sizes == (16, 16, 8)
    assert pipeline.passages[0].digests == pipeline.passages[1].digests
    shuffled = next(pipeline for pipeline in fits.record.pipelines if pipeline.fit == 6)
    assert shuffled.passages[0].sizes == (32, 8)
    calls = [call for call in fits.record.gradients if call.fit == 1]
    assert len(calls) == 24
    assert not any(call.direct for call in calls)
    assert all(call.in_function for call in calls)
    assert {update.fit for update in fits.record.applications} >= {1, 2, 3}


@pytest.mark.parametrize(
    ("rule", "mark", "message", "expected"),
    [
        (
            "compounding-learning-rate",
            "careless",
            "",
            ("confirmed", "from 0.001 to 1.53e-08: multiplied by 0.5 16 times"),
        ),
        ("compounding-learning-rate", "careful", "", ("refuted", "the rate stayed 0.001 in 3 epochs")),
        (
            "unavailable-monitor",
            "careless",
            "`val_loss`",
            ("confirmed", "`val_loss` is not among `loss`, `mae` and 1 more"),
        ),
        ("unavailable-monitor", "careful", "`val_loss`", ("refuted", "`val_loss` was there at the end of an epoch")),
        ("unavailable-monitor", "misspelt", "`vall_loss`", ("confirmed", "`ValueError`")),
        ("shuffle-disabled", "careless", "", ("confirmed", "two epochs begin with the same 3 batches")),
        ("unshuffled-training-data", "large", "", ("unable", "all batches look the same")),
        ("undersized-final-batch", "careless", "", ("confirmed", "batches of 16, and one of 8")),
        ("undersized-final-batch", "large", "", ("unreached", "at the end of an epoch")),
        ("remainder-dropped", "careless", "", ("refuted", "an epoch shows all 40 examples")),
        ("no-validation-data", "careless", "", ("confirmed", "`fit` ran 20 of 60 epochs without validation data")),
        ("no-validation-data", "careful", "", ("refuted", "`fit` had validation data")),
        ("no-early-stopping", "careless", "", ("confirmed", "60 epochs, and 4 callbacks, none of which can stop")),
        ("no-early-stopping", "careful", "", ("refuted", "`EarlyStopping`, `ModelCheckpoint` and 1 more can stop")),
    ],
)
def test_what_it_says_of_findings(
    fits: Observed, rule: str, mark: str, message: str, expected: tuple[str, str]
) -> None:
    verdict = fits.verdict(rule, mark, message)
    assert verdict.kind == expected[0], verdict
    assert expected[1] in verdict.detail


def test_a_fit_that_changes_nothing_is_discovered_but_not_one_with_a_rate_of_zero(fits: Observed) -> None:
    assert fits.discovered() == [
        ("weights-unchanged", fits.line("still"), "`fit` changes nothing: 2 of 2 variables identical after 2 steps")
    ]


DISTRIBUTED = """\
    import numpy as np
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    x = np.arange(64, dtype="float32").reshape(32, 2)
    data = tf.data.Dataset.from_tensor_slices((x, x.sum(axis=1, keepdims=True))).batch(8)  # made
    with strategy.scope():
        model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        model.compile(tf.keras.optimizers.SGD(1e-4), "mse")
        model.fit(data, epochs=3, verbose=0)  # fit
    for epoch in range(2):
        for x, y in strategy.experimental_distribute_dataset(data):  # loop
            strategy.run(model, args=(x,))
"""


def test_data_that_a_strategy_distributes_are_seen_as_a_whole(tmp_path: Path) -> None:
    seen = observe(tmp_path, DISTRIBUTED)
    assert seen.record.end == "finished", seen.record.stderr
    places = {place.where.line: place for place in seen.record.pipelines if place.where and place.kind == "dataset"}
    assert set(places) == {seen.line("fit"), seen.line("loop")}
    for pipeline in places.values():
        assert [operation.name for operation in pipeline.operations] == ["tensor_slice", "batch"]
        assert sum(passage.sizes == (8, 8, 8, 8) for passage in pipeline.passages) == 2
    assert all(passage.trained for passage in places[seen.line("fit")].passages)
    assert seen.verdict("unshuffled-training-data", "made").kind == "confirmed"
