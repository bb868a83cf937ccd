"""Checks of whether features and labels still belong together when they meet."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program.arrays import integer_of, order_of
from tapelint.program.pairings import Pairing, pairings
from tapelint.program.permutations import Permutations
from tapelint.program.pipelines import redraws
from tapelint.program.program import Program
from tapelint.program.provenance import made_by
from tapelint.program.trace import Call
from tapelint.program.values import Value, alternatives

# Functions and methods after which random numbers may come again.
_SEEDING = frozenset(
    {"numpy.random.seed", "numpy.random.set_state", "random.seed", "random.setstate", "tensorflow.random.set_seed",
     "keras.utils.set_random_seed", "keras.random.set_seed"}
)  # fmt: skip
_SEEDING_METHODS = frozenset({"seed", "set_state", "setstate", "reset_from_seed"})


@check
def features_and_labels_shuffled_apart(program: Program) -> Reports:
    permutations = Permutations(program.trace)
    for pairing in pairings(program):
        yield from _shuffled_alone(program, permutations, pairing)
        apart = _shuffled_apart(permutations, pairing)
        if apart is None or _may_agree(program, *apart):
            continue
        first, second = sorted(apart, key=lambda call: call.order)
        yield Report(
            second.site,
            f"{_names(program, first, second)} are brought into different orders: "
            "the examples get the labels of others",
            trails.distinct(
                [
                    (first.site, "one is brought into a drawn order here"),
                    (second.site, "and the other into another order here"),
                    (pairing.call.site, "they meet here"),
                ]
            ),
        )


def _shuffled_alone(program: Program, permutations: Permutations, pairing: Pairing) -> Reports:
    """Features shuffled as a whole, whose labels nobody has touched; labels alone may be meant to be wrong."""
    if not pairing.learned or pairing.features is None or pairing.labels is None:
        return
    if permutations.possible(pairing.labels) or order_of(pairing.labels) in ("constant", "random"):
        return
    shuffle = _last_before(permutations.whole(pairing.features), pairing.call)
    if shuffle is not None:
        name = argument(program, shuffle, 0)
        yield Report(
            shuffle.site,
            f"{f'`{name}`' if name else 'the features'} get another order and the labels do not: "
            "the examples get the labels of others",
            trails.distinct(
                [(shuffle.site, "the features are ordered anew here"), (pairing.call.site, "they meet here")]
            ),
        )


def _shuffled_apart(permutations: Permutations, pairing: Pairing) -> tuple[Call, Call] | None:
    """A call that has ordered the features alone, and one that has ordered the labels alone."""
    if pairing.parts is not None:
        shuffles = [[step for step in part.steps if step.method == "shuffle"] for part in pairing.parts]
        if not all(len(steps) == 1 and redraws(steps[0]) for steps in shuffles):
            return None
        return shuffles[0][0], shuffles[1][0]
    if pairing.features is None or pairing.labels is None:
        return None
    only_features = permutations.certain(pairing.features) - permutations.possible(pairing.labels)
    only_labels = permutations.certain(pairing.labels) - permutations.possible(pairing.features)
    met = [_last_before(calls, pairing.call) for calls in (only_features, only_labels)]
    return (met[0], met[1]) if met[0] is not None and met[1] is not None else None


def _last_before(calls: set[Call], meeting: Call) -> Call | None:
    """The last of some calls that come before a meeting, maybe by a loop around both."""
    loops = {id(loop) for loop in meeting.context.loops}
    before = [
        call for call in calls if call.order < meeting.order or any(id(loop) in loops for loop in call.context.loops)
    ]
    return max(before, key=lambda call: call.order, default=None)


def _may_agree(program: Program, one: Call, other: Call) -> bool:
    """Whether both may draw the same order after all: by the same seed, or by a state that is put back in between."""
    first, second = sorted((one, other), key=lambda call: call.order)
    between = program.trace.calls[first.order + 1 : second.order]
    if any(call.op in _SEEDING or (call.op is None and call.method in _SEEDING_METHODS) for call in between):
        return True
    if _seed_of(one) is not None and _seed_of(other) is not None:
        return True
    return _has_own_generator(one) and _has_own_generator(other) and one.receiver is not other.receiver


def _seed_of(call: Call) -> Value | None:
    seed = call.argument(None, "seed") or call.argument(None, "random_state")
    if seed is None and call.method == "shuffle" and call.op is not None:
        seed = call.argument(1)
    return seed


def _has_own_generator(call: Call) -> bool:
    """Whether the numbers are drawn by an object that was made from a seed or a state."""
    if call.op is not None or call.receiver is None:
        return False
    return any(
        made is not None and (bool(made.arguments) or bool(made.keywords) or made.opaque)
        for made in map(made_by, alternatives(call.receiver))
    )


def _names(program: Program, first: Call, second: Call) -> str:
    """The user's names for the two sides, as far as both are given to the calls by name."""
    names = [
        argument(program, call, 0) if call.receiver is None or call.op is None else None for call in (first, second)
    ]
    given = [f"`{name}`" for name, call in zip(names, (first, second), strict=True) if name and _is_named(call)]
    return " and ".join(given) if len(given) == 2 and given[0] != given[1] else "features and labels"


def _is_named(call: Call) -> bool:
    """Whether the argument is what is ordered, as opposed to how many numbers are drawn."""
    return bool(call.arguments) and integer_of(call.arguments[0]) is None
