from dataclasses import replace

from tapelint.record import (
    Denial,
    Epoch,
    Exceptional,
    Fit,
    Function,
    GradientCall,
    Guard,
    Metric,
    MetricEvent,
    Operation,
    Pair,
    Passage,
    Pipeline,
    Record,
    Replacement,
    Site,
    Source,
    TapeUse,
    Tensor,
    Update,
    Warned,
)
from tapelint.report.account import render

EMPTY = Record("train.py", (), False, "stopped", "", 6.25, updates=2)


def site(line: int) -> Site:
    return Site("train.py", line, 1, line, 9, "<module>", 1, 99)


def source(name: str, gradient: str = "finite") -> Source:
    return Source(1, name, True, True, gradient, 1.0, None, None)  # type: ignore[arg-type]


def call(number: int, line: int, loss: float, *sources: Source, fit: int | None = None) -> GradientCall:
    scalar = (Tensor((), "float32"),)
    return GradientCall(number, site(line), True, fit, False, False, False, False, False, scalar, loss, sources, 0, ())


def update(number: int, line: int, *moved: bool, fit: int | None = None) -> Update:
    pairs = tuple(
        Pair(index, f"w{index}", True, index, f"w{index}", 1, "identity", 1.0, not each, 0.1 if each else 0.0)
        for index, each in enumerate(moved)
    )
    return Update(number, site(line), True, fit, False, 1, "Adam", pairs, number, 0.001, None)


def told(**seen: object) -> list[str]:
    """The lines of the account below its head, with single spaces."""
    return [" ".join(line.split()) for line in render(replace(EMPTY, **seen)).splitlines()[1:]]  # type: ignore[arg-type]


def test_the_head_says_how_it_ended() -> None:
    assert render(EMPTY) == "train.py: stopped by the probe, which had seen enough (6.2 s)\n"
    assert render(replace(EMPTY, detail="stopped after 2 updates")) == "train.py: stopped after 2 updates (6.2 s)\n"


def test_gradients_and_updates_are_told_by_the_line() -> None:
    calls = (call(1, 9, 2.5, source("a"), source("b")), call(2, 9, 0.5, source("a"), source("b", "none")))
    assert told(gradients=calls, applications=(update(1, 10, True, True), update(2, 10, True, False))) == [
        "gradients train.py:9 taken twice by 2 variables, loss 2.5 to 0.5; none for `b`",
        "updates train.py:10 Adam twice, 1 of 2 variables moved in the last, rate 0.001",
    ]


def test_many_names_are_cut() -> None:
    sources = [source(f"v{number}", "none") for number in range(5)]
    assert told(gradients=(call(1, 9, 1.0, *sources),)) == [
        "gradients train.py:9 taken once by 5 variables, loss 1; none for `v0`, `v1`, `v2` and 2 more"
    ]


def test_what_a_fit_does_inside_is_told_once() -> None:
    fit = Fit(
        number=1,
        where=site(5),
        model="mlp",
        x="x",
        examples=8,
        batch=4,
        batches=2,
        shuffle=True,
        validation="none",
        asked=10,
        cut=True,
        loss="mse",
        callbacks=(),
        epochs=(Epoch(2, 0.001, ()),),
        steps=2,
        iterations=2,
        accumulates=False,
        trainable=4,
        changed=4,
        exception=None,
    )
    assert told(
        fits=(fit,), gradients=(call(1, 5, 1.0, source("a"), fit=1),), applications=(update(1, 5, True, fit=1),)
    ) == ["fit train.py:5 `mlp` for 1 epoch of 10, 2 steps, 4 of 4 variables changed"]


def test_data_functions_metrics_and_tapes() -> None:
    data = Pipeline(
        number=1,
        where=site(3),
        fit=None,
        kind="dataset",
        name="dataset",
        operations=(Operation("shuffle", buffer=100), Operation("batch", batch=32), Operation("prefetch")),
        cardinality=2,
        endless=False,
        examples=50,
        passages=(Passage((32, 18), (), (), True, True),),
    )
    loss = Metric(
        1, site(4), "loss", "Mean", (MetricEvent("update", site(6), True, 1, 3), MetricEvent("read", None, True, 1, 1))
    )
    assert told(
        pipelines=(data,),
        functions=(Function(1, site(7), "step", 7, 3, 1, 1),),
        metrics=(loss,),
        tapes=(TapeUse(1, site(8), False, 3, 1, 2, ()),),
    ) == [
        "tapes train.py:8 2 of 3 never asked for a gradient",
        "data train.py:3 dataset > shuffle(100) > batch(32) > prefetch, 1 passage, batches of 18 and 32",
        "functions train.py:7 `step` called 3 times, traced once",
        "metrics train.py:4 `loss` updated 3 times, read once, never reset",
    ]


def test_what_went_wrong_and_what_was_held_back() -> None:
    wrong = Exceptional("ValueError", "shapes (2,) and (3,)\nand more", site(9))
    assert told(
        end="raised",
        exception=wrong,
        warnings=(Warned(1, "warnings", "UserWarning", "no `val_loss`", site(5), 1),),
        denials=(Denial(1, "connect", "example.org:443", None, 1),),
        replacements=(Replacement(1, "keras.datasets.mnist", "synthetic data", site(2)),),
        guards=(Guard("memory limit", True, "8 GiB"), Guard("landlock", False, "the kernel has none")),
        cut=("gradients",),
    ) == [
        "exception train.py:9 ValueError: shapes (2,) and (3,)",
        "warnings train.py:5 UserWarning: no `val_loss`",
        "replaced train.py:2 keras.datasets.mnist by synthetic data",
        "denied connect example.org:443",
        "no guard landlock: the kernel has none",
        "left out there was too much to keep of gradients",
    ]


def test_what_a_program_says_cannot_command_the_terminal() -> None:
    wrong = Exceptional("ValueError", "\x1b[2Jgone", None)
    assert "\x1b" not in render(replace(EMPTY, exception=wrong))
