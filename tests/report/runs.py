"""Runs that nobody ran, for the page to show: one in which everything is right, and what goes wrong in others."""

from dataclasses import replace

from tapelint.record import (
    Callback,
    Caller,
    Comparison,
    Denial,
    Epoch,
    Exceptional,
    Fit,
    Function,
    GradientCall,
    GradientKind,
    Guard,
    Metric,
    MetricEvent,
    Operation,
    Pair,
    Passage,
    Pipeline,
    Record,
    Replacement,
    SideBySide,
    Site,
    Source,
    Tensor,
    Update,
    Warned,
)

LAYERS = ("embedding", "encoder/dense", "encoder/dense_1", "head")


def site(line: int, path: str = "train.py") -> Site:
    return Site(path, line, 5, line, 40, "step", 3, 30)


def source(number: int, name: str, kind: GradientKind = "finite", norm: float | None = 0.5) -> Source:
    return Source(number, name, True, True, kind, norm, None, None, size=0.1, rank=2, norm=norm)


def pair(number: int, name: str, call: int, *, step: float = 0.01) -> Pair:
    return Pair(
        number, name, True, number, name, call, "identity", 0.5, step == 0, step, 1.0, norm=0.5, step=step, length=2.0
    )


def names(layers: tuple[str, ...] = LAYERS) -> list[tuple[int, str]]:
    return list(enumerate((f"classifier/{layer}/{part}" for layer in layers for part in ("kernel", "bias")), start=1))


def gradients(number: int, loss: float, *sources: Source) -> GradientCall:
    scalar = (Tensor((), "float32"),)
    return GradientCall(number, site(22), True, None, True, False, False, False, False, scalar, loss, sources, 0, ())


def update(number: int, *pairs: Pair) -> Update:
    return Update(number, site(23), True, None, True, 1, "Adam", pairs, number, 0.001, None)


def beside(*, times: float = 1.0) -> Comparison:
    """A comparison in which every gradient is so many times that of `fit`."""
    variables = tuple(
        SideBySide(name, times * number / 10, number / 10, abs(times - 1) * number / 10) for number, name in names()
    )
    same = times == 1
    return Comparison(
        1,
        site(23),
        1,
        "mse",
        32,
        32,
        32,
        "true",
        "Adam",
        (),
        verdict="matches" if same else "differs",
        causes=() if same else ("sum-over-batch",),
        message="the update is the one `fit` would make" if same else f"the update is {times} times fit's",
        steps=4,
        variables=variables,
    )


def right(layers: tuple[str, ...] = LAYERS, steps: int = 4) -> Record:
    """A loop that trains every layer as `fit` would."""
    known = names(layers)
    return Record(
        "train.py",
        (),
        False,
        "stopped",
        f"stopped by the probe after {steps} updates",
        6.25,
        updates=steps,
        versions=(("python", "3.11.7"), ("tensorflow", "2.21.0"), ("keras", "3.15.1")),
        guards=(Guard("landlock", True, "version 7"), Guard("time limit", True, "60 s")),
        gradients=tuple(
            gradients(step, 2.0 / step, *(source(number, name, norm=0.1 * number) for number, name in known))
            for step in range(1, steps + 1)
        ),
        applications=tuple(
            update(step, *(pair(number, name, step, step=0.001 * number) for number, name in known))
            for step in range(1, steps + 1)
        ),
        pipelines=(
            Pipeline(
                1,
                site(20),
                None,
                "dataset",
                "dataset",
                (
                    Operation("tensor_slice", where=Caller("data.py", 8)),
                    Operation("shuffle", buffer=500, reshuffle=True, where=Caller("data.py", 9)),
                    Operation("batch", batch=32, drop_remainder=False, where=Caller("data.py", 9)),
                    Operation("prefetch", buffer=-1, where=Caller("data.py", 10)),
                ),
                16,
                False,
                500,
                (
                    Passage((32,) * 15 + (20,), (("a",), ("b",)), (), True, True),
                    Passage((32, 32), (("b",), ("a",)), (), False, True),
                ),
            ),
        ),
        functions=(Function(1, site(18), "train_step", 18, 18, 2, 0),),
        metrics=(
            Metric(
                1,
                site(14),
                "train_loss",
                "Mean",
                (
                    MetricEvent("update", site(24), True, 0, 16),
                    MetricEvent("read", site(27), True, 0, 1),
                    MetricEvent("reset", site(28), True, 0, 1),
                ),
            ),
        ),
        comparisons=(beside(),),
    )


def compiled() -> Record:
    """The same loop, in a run that counts traces."""
    return replace(right(), graph=True, functions=(Function(1, site(18), "train_step", 18, 16, 2, 3),))


def without_gradients() -> Record:
    """The same loop, in which no gradient reaches two of the layers."""
    record = right()
    lost = [
        replace(
            call,
            sources=tuple(
                replace(each, gradient="none", largest=None, norm=None) if "encoder" in each.name else each
                for each in call.sources
            ),
        )
        for call in record.gradients
    ]
    kept = [
        replace(each, pairs=tuple(p for p in each.pairs if "encoder" not in p.name)) for each in record.applications
    ]
    return replace(record, gradients=tuple(lost), applications=tuple(kept), comparisons=())


def standing_still() -> Record:
    """The same loop without an update."""
    record = right()
    calls = tuple(
        replace(call, sources=tuple(replace(each, unchanged=True, moved=0.0) for each in call.sources))
        for call in record.gradients
    )
    return replace(record, gradients=calls, applications=(), updates=0, comparisons=())


def failing() -> Record:
    """A script that ends in an exception, with everything around it that a run may have."""
    return Record(
        "train.py",
        ("--epochs", "3"),
        False,
        "raised",
        "ValueError: shapes differ",
        3.5,
        where=site(12),
        exit_code=1,
        exception=Exceptional("ValueError", "shapes differ:\n  (32, 10) and (32,)", site(12)),
        guards=(Guard("landlock", False, "this kernel has none"),),
        warnings=(Warned(1, "warnings", "UserWarning", "Gradients do not exist\nfor a variable", site(11), 3),),
        denials=(Denial(1, "connect", "example.org:443", site(4), 1),),
        replacements=(Replacement(1, "keras.datasets.mnist.load_data", "synthetic data", site(5)),),
        fits=(
            Fit(
                1,
                site(9),
                "classifier",
                "dataset",
                500,
                32,
                16,
                True,
                "none",
                10,
                True,
                "mse",
                (Callback("EarlyStopping", True, "val_loss", 3, False, True, False, False),),
                (Epoch(2, 0.001, (("loss", 0.5),)), Epoch(2, 0.001, (("loss", 0.25),))),
                4,
                4,
                False,
                8,
                8,
                None,
            ),
        ),
        cut=("gradients",),
        troubles=("line 3: KeyError: 'x'",),
        stdout="epoch 1\n" * 3,
        stderr="a warning",
    )
