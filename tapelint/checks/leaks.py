"""Checks of how data is split into what is trained on and what is held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.checks import trails
from tapelint.checks.feeding import quoted_pipeline
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.program.arrays import integer_of
from tapelint.program.pipelines import redraws, steps_behind
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call
from tapelint.program.values import Constant, Result, Value, is_none

_FOLDER = "_dataset_from_directory"
_ORDERING = {"shuffle": True, "seed": None}
_LISTING = "tensorflow.data.Dataset.list_files"


@check
def leaking_split(program: Program) -> Reports:
    for one, other in _splits(program):
        shuffle = next((step for step in _redrawing(one) if _is_shared(step, other)), None)
        if shuffle is None or _is_foreign(shuffle):
            continue
        if (
            shuffle.method == "shuffle"
            or shuffle.op == _LISTING
            or any(_trains(program, part) for part in (one, other))
        ):
            yield Report(
                shuffle.site,
                f"{quoted_pipeline(program, shuffle)} is shuffled anew in each pass, so that `{one.method}` and "
                f"`{other.method}` do not part it: what is held out is trained on",
                trails.distinct(
                    [
                        (shuffle.site, "every pass draws another order here"),
                        (one.site, "one part is taken here"),
                        (other.site, "and the other here"),
                    ]
                ),
                fix=_fixed_order(shuffle),
            )
    for training, held_out, what in _parted_folders(program):
        yield Report(
            held_out.site,
            f"another {what} than for training parts the files in another way: what is held out is trained on",
            ((training.site, "the other part is taken here"),),
            fix=_parted_alike(training, held_out),
        )


@dataclass(frozen=True, slots=True)
class _FileOrder:
    """The order in which the files of a folder are parted. Without a shuffle the seed is of no use."""

    shuffle: bool
    seed: object

    @classmethod
    def of(cls, call: Call) -> _FileOrder | None:
        """The order that a call asks for; None where it cannot be told."""
        shuffle, seed = (call.argument(None, keyword) or Constant(default) for keyword, default in _ORDERING.items())
        if not isinstance(shuffle, Constant) or not isinstance(seed, Constant):
            return None
        return cls(bool(shuffle.value), seed.value if shuffle.value else None)


def _parted_folders(program: Program) -> Iterator[tuple[Call, Call, str]]:
    """The two parts of one folder that are taken out of different orders of its files, and what makes them differ."""
    parts = [call for call in program.trace.calls if (call.op or "").endswith(_FOLDER) and not call.opaque]
    for training in (call for call in parts if _is_subset(call, "training")):
        for held_out in (call for call in parts if _is_subset(call, "validation")):
            order, other = _FileOrder.of(training), _FileOrder.of(held_out)
            if order and other and order != other and _same_folder(training, held_out):
                yield training, held_out, "`seed`" if order.shuffle and other.shuffle else "`shuffle`"


def _is_subset(call: Call, name: str) -> bool:
    subset = call.argument(None, "subset")
    return isinstance(subset, Constant) and subset.value == name


def _same_folder(one: Call, other: Call) -> bool:
    """Whether two calls part the same folder at the same place."""
    return _alike(one.argument(0, "directory"), other.argument(0, "directory")) and _alike(
        one.argument(None, "validation_split"), other.argument(None, "validation_split")
    )


def _alike(one: Value | None, other: Value | None) -> bool:
    if isinstance(one, Constant) and isinstance(other, Constant):
        return one.value == other.value
    return one is not None and one is other


def _parted_alike(training: Call, held_out: Call) -> Repair | None:
    """The repair by which the part held out is taken from the order that the other is taken from."""
    order = _FileOrder.of(training)
    assert order is not None
    changes = [SetArgument(held_out.site, "shuffle", repr(order.shuffle))] if "shuffle" in held_out.keywords else []
    if order.shuffle:
        changes.append(SetArgument(held_out.site, "seed", repr(order.seed)))
    return Repair("take it from the same order as for training", "unsafe", tuple(changes)) if changes else None


def _fixed_order(shuffle: Call) -> Repair | None:
    """The repair by which every pass has the same order. A folder would come class by class."""
    if shuffle.method == "shuffle":
        keyword, title = "reshuffle_each_iteration", "keep one order: `reshuffle_each_iteration=False`"
    elif shuffle.op == _LISTING:
        keyword, title = "shuffle", "list the files in one order: `shuffle=False`"
    else:
        return None
    return Repair(title, "unsafe", (SetArgument(shuffle.site, keyword, "False"),))


def _trains(program: Program, part: Call) -> bool:
    """Whether something is learnt from a part; what is held out may well be parted again for validation and test."""
    return any(part in feed.pipeline.steps for _, feed in program.feeds if feed.pipeline is not None)


def _splits(program: Program) -> Iterator[tuple[Call, Call]]:
    """Calls that are to part one pipeline in two: what one takes, the other leaves."""
    takes = _used(program, "take")
    for skip in _used(program, "skip"):
        yield from ((take, skip) for take in takes if _is_as_many(take, skip))
    shards = _used(program, "shard")
    for number, shard in enumerate(shards):
        yield from ((shard, other) for other in shards[number + 1 :] if _is_another_shard(shard, other))


def _used(program: Program, method: str) -> list[Call]:
    return [
        call
        for call in program.trace.calls
        if call.method == method and call.receiver is not None and call.result.uses and not call.opaque
    ]


def _is_as_many(take: Call, skip: Call) -> bool:
    """Whether a `skip` leaves out exactly what a `take` takes."""
    taken, skipped = take.argument(0, "count"), skip.argument(0, "count")
    if taken is None or skipped is None:
        return False
    return taken is skipped or (integer_of(taken) is not None and integer_of(taken) == integer_of(skipped))


def _is_another_shard(shard: Call, other: Call) -> bool:
    number, others = integer_of(shard.argument(0, "num_shards")), integer_of(other.argument(0, "num_shards"))
    index, others_index = integer_of(shard.argument(1, "index")), integer_of(other.argument(1, "index"))
    return number is not None and number == others and None not in (index, others_index) and index != others_index


def _redrawing(part: Call) -> list[Call]:
    """The shuffles, or the lists of files, that give the parted pipeline another order in each pass."""
    assert part.receiver is not None
    steps = steps_behind(part.receiver)
    shuffles = [step for step in steps if step.method == "shuffle" and step.receiver is not None and redraws(step)]
    if any(step.method == "cache" for step in steps):
        return []
    sources = [step for step in steps if _reads_shuffled(step)]
    return [*shuffles, *sources]


def _reads_shuffled(source: Call) -> bool:
    """Whether files are read in another order in each pass, as they are unless it is told not to."""
    op = source.op or ""
    if op != _LISTING and not op.endswith("_dataset_from_directory"):
        return False
    shuffle = source.argument(1 if op == _LISTING else None, "shuffle")
    return not source.opaque and (
        shuffle is None or is_none(shuffle) or (isinstance(shuffle, Constant) and bool(shuffle.value))
    )


def _is_shared(shuffle: Call, part: Call) -> bool:
    """Whether the other part comes through the same shuffle, or through another one of the same data."""
    return any(
        step is shuffle or (step.receiver is not None and step.receiver is shuffle.receiver)
        for step in _redrawing(part)
    )


def _is_foreign(shuffle: Call) -> bool:
    """Whether what is shuffled may be no pipeline of TensorFlow: other libraries have methods of the same names."""
    return shuffle.op is None and (
        not shuffle.arguments or any(map(_is_of_another_library, ancestors(shuffle.receiver or shuffle.result)))
    )


def _is_of_another_library(value: Value) -> bool:
    op = value.call.op if isinstance(value, Result) else None
    return op is not None and not op.startswith(("tensorflow", "keras.", "numpy.", "builtins."))
