"""What is told of gradients between the tape and the optimizer, and of the factors they come with."""

import numpy as np
import pytest

from tapelint.probe.child.parity.application import Application, applied, exchanged
from tapelint.probe.child.parity.causes import Sizes, of_factor, of_penalties
from tapelint.probe.child.parity.solve import Vector

RANDOM = np.random.default_rng(1)
GIVEN = {key: RANDOM.normal(size=(4, 3)) for key in (1, 2, 3)}
EARLIER = {key: RANDOM.normal(size=(4, 3)) for key in (1, 2, 3)}
NAMES = {1: "first", 2: "second", 3: "third"}


def scaled(*factors: float) -> dict[int, Vector]:
    return {key: factor * GIVEN[key] for key, factor in zip(GIVEN, factors, strict=True)}


def clipped_by_norm(bound: float) -> dict[int, Vector]:
    return {key: each * min(1.0, bound / float(np.linalg.norm(each))) for key, each in GIVEN.items()}


def clipped_by_global_norm(bound: float) -> dict[int, Vector]:
    norm = float(np.sqrt(sum(float((each**2).sum()) for each in GIVEN.values())))
    return {key: each * bound / norm for key, each in GIVEN.items()}


def told(application: Application) -> list[str]:
    return [f"{cause.name}: {cause.words}" for cause in application.causes]


class TestOneTape:
    @pytest.mark.parametrize(
        ("taken", "weight", "words"),
        [
            pytest.param(GIVEN, 1.0, "", id="as they are"),
            pytest.param(scaled(3, 3, 3), 3.0, "", id="a factor, which whoever knows the loss can judge"),
            pytest.param(
                clipped_by_global_norm(0.5), 1.0, "clipped: the gradients are clipped to a global norm of 0.5"
            ),
            pytest.param(clipped_by_norm(0.25), 1.0, "clipped: each gradient is clipped to a norm of 0.25"),
            pytest.param(
                {key: np.clip(each, -0.4, 0.4) for key, each in GIVEN.items()},
                1.0,
                "clipped: the gradients are clipped to values of at most 0.4",
            ),
            pytest.param(scaled(1, 0, 1), 1.0, "zeroed-gradients: the gradients of 1 of 3 variables are replaced"),
            pytest.param(scaled(1, 2, 5), 1.0, "scaled-gradients: between the tape and the optimizer 2 of 3"),
            pytest.param(
                {1: GIVEN[2], 2: GIVEN[1], 3: GIVEN[3]},
                1.0,
                "permuted-pairs: the gradient of `second` is applied to `first`, and 1 more",
            ),
        ],
    )
    def test_what_was_done(self, taken: dict[int, Vector], weight: float, words: str) -> None:
        application = applied(taken, [GIVEN], NAMES)
        assert application.weights is not None
        assert application.weights[0] == pytest.approx(weight)
        assert [each.startswith(words) for each in told(application)] == ([True] if words else [])

    def test_what_nobody_knows(self) -> None:
        assert applied({key: np.sign(each) for key, each in GIVEN.items()}, [GIVEN], NAMES) == Application(None)

    def test_numbers_that_are_none(self) -> None:
        broken = {**GIVEN, 1: np.full((4, 3), np.inf)}
        assert applied(broken, [broken], NAMES) == Application((1.0,))
        assert applied(broken, [GIVEN], NAMES) == Application(None)


class TestSeveralTapes:
    def test_only_the_last_one(self) -> None:
        assert applied(GIVEN, [EARLIER, GIVEN], NAMES).weights == (0.0, 1.0)

    def test_a_sum(self) -> None:
        both = {key: 0.5 * GIVEN[key] + 0.5 * EARLIER[key] for key in GIVEN}
        assert applied(both, [EARLIER, GIVEN], NAMES).weights == pytest.approx((0.5, 0.5))

    def test_a_sum_of_few_numbers(self) -> None:
        few, earlier = {1: np.array([1.0, -2.0, 0.5])}, {1: np.array([0.3, 0.4, -2.0])}
        both = {1: 0.25 * few[1] + 0.25 * earlier[1]}
        assert applied(both, [earlier, few], NAMES).weights == pytest.approx((0.25, 0.25))
        unlike = applied({1: few[1] + 0.5 * earlier[1]}, [earlier, few], NAMES)
        assert unlike.weights is None
        assert "too few numbers" in unlike.reason

    def test_those_of_another_model(self) -> None:
        other = {key + 10: each for key, each in EARLIER.items()}
        application = exchanged({1: EARLIER[1], 2: GIVEN[2]}, [GIVEN, other], {**NAMES, 11: "another"})
        assert application is not None
        assert told(application) == ["permuted-pairs: the gradient of `another` is applied to `first`"]
        assert application.foreign == (11,)
        assert exchanged(GIVEN, [GIVEN, other], NAMES) is None

    def test_a_player_of_its_own(self) -> None:
        other = {key + 10: each for key, each in EARLIER.items()}
        assert applied(GIVEN, [other, GIVEN], NAMES).weights == (0.0, 1.0)


class TestFactors:
    @pytest.mark.parametrize(
        ("factor", "sizes", "name"),
        [
            (1.0, Sizes(32), None),
            (0.25, Sizes(32), None),
            (32.0, Sizes(32, 32, 32), "sum-over-batch"),
            (1 / 32, Sizes(32), "mean-twice"),
            (-1.0, Sizes(32), "ascent"),
            (-0.25, Sizes(32), None),
            (2.0, Sizes(32, replicas=2), "replicas"),
            (1 / 32768, Sizes(30, scale=32768), "unscaled"),
            (4096.0, Sizes(30), "unscaled"),
        ],
    )
    def test_where_a_factor_comes_from(self, factor: float, sizes: Sizes, name: str | None) -> None:
        cause = of_factor(factor, sizes, "SGD")
        assert (cause and cause.name) == name

    def test_the_optimizer_that_hides_it(self) -> None:
        cause = of_factor(32.0, Sizes(32, 32, 32), "Adam")
        assert cause is not None
        assert (
            cause.words
            == "the update is 32.0 times fit's: the loss is a vector of 32, summed by the tape; Adam hides it"
        )

    @pytest.mark.parametrize(
        ("factor", "data", "name"),
        [
            (1.0, 1.0, None),
            (1.0, 32.0, None),
            (32.0, 32.0, None),
            (0.0, 1.0, "missing-penalties"),
            (2.0, 1.0, "doubled-penalties"),
            (0.3, 1.0, "weighted-penalties"),
        ],
    )
    def test_what_became_of_the_penalties(self, factor: float, data: float, name: str | None) -> None:
        cause = of_penalties(factor, data)
        assert (cause and cause.name) == name
