"""Input pipelines: the chain of operations behind a dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tapelint.program import kinds
from tapelint.program.arrays import integer_of, size_of
from tapelint.program.builtin import PASSING
from tapelint.program.knowledge import table
from tapelint.program.provenance import made_by, projected
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Choice,
    Constant,
    Display,
    Item,
    Mapping,
    Result,
    Value,
    alternatives,
    is_none,
)

# Steps that hand on every batch.
_HANDING_ON = frozenset(
    {"map", "prefetch", "cache", "with_options", "enumerate", "as_numpy_iterator", "shuffle", "repeat"}
)

_READERS = frozenset(
    {"tensorflow.data.TFRecordDataset", "tensorflow.data.TextLineDataset", "tensorflow.data.FixedLengthRecordDataset",
     "tensorflow.data.experimental.CsvDataset", "tensorflow_datasets.load"}
)  # fmt: skip

_SOURCES = ("tensorflow.data.Dataset.", "keras.utils.", "keras.preprocessing.")

_PASSING = PASSING | {"builtins.enumerate"}


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """A dataset as the ordered chain that makes it: a source, then one call for each step.

    One that is zipped has `parts`, whose steps come before its own. If the source loads several datasets at once,
    `share` is the one that is meant.
    """

    source: Call
    steps: list[Call]
    parts: tuple[Pipeline, ...] = ()
    share: Value | None = None

    def step(self, *names: str) -> Call | None:
        """The first step with one of these names."""
        return next((step for step in self.steps if step.method in names), None)

    def last(self, *names: str) -> Call | None:
        """The last step with one of these names."""
        return next((step for step in reversed(self.steps) if step.method in names), None)

    def comes_after(self, step: Call, other: Call) -> bool:
        """Whether examples come to `step` after `other`."""
        return self.steps.index(step) > self.steps.index(other)

    def before(self, step: Call) -> list[Call]:
        """The steps through which examples come to this one."""
        return self.steps[: self.steps.index(step)]

    @property
    def arrays(self) -> list[Value] | None:
        """The arrays that are sliced into examples; None when the source is something else."""
        if self.parts:
            parts = [part.arrays for part in self.parts]
            return [array for part in parts for array in part or ()] if None not in parts else None
        if self.source.op != "tensorflow.data.Dataset.from_tensor_slices" or not self.source.arguments:
            return None
        given = self.source.arguments[0]
        if isinstance(given, Display) and given.kind == "tuple" and not given.open:
            return list(given.items)
        if isinstance(given, Mapping) and not given.open:
            return list(given.entries.values())
        return [given]

    @property
    def reads_files(self) -> bool:
        """Whether the examples are read from files, in the order in which they lie there."""
        return self.source.op in _READERS

    @property
    def by_class(self) -> bool:
        """Whether the examples come from a folder for each class, one class after another."""
        shuffle = self.source.argument(None, "shuffle")
        unlabelled = any(
            given is not None and is_none(given)
            for given in (self.source.argument(1, "labels"), self.source.argument(2, "label_mode"))
        )
        return (
            (self.source.op or "").endswith("_dataset_from_directory")
            and isinstance(shuffle, Constant)
            and not shuffle.value
            and not unlabelled
        )

    @property
    def size(self) -> int | None:
        """The number of examples, as long as no step changes it in a way that cannot be followed."""
        return self._size_after(self.steps)

    def size_before(self, step: Call) -> int | None:
        """The number of examples, or of batches if there are any yet, that come to a step."""
        return self._size_after(self.before(step))

    def _size_after(self, steps: list[Call]) -> int | None:
        size: int | None = None
        if self.arrays is not None:
            size = next((found for found in map(size_of, self.arrays) if found is not None), None)
        elif self.source.op == "tensorflow.data.Dataset.range" and len(self.source.arguments) == 1:
            size = integer_of(self.source.arguments[0])
        for step in steps:
            if step.method in ("batch", "padded_batch"):
                return size
            size = _resized(size, step)
        return size

    @property
    def batch(self) -> Call | None:
        return self.step("batch", "padded_batch")

    @property
    def last_batch(self) -> Call | None:
        """The step that makes the batches which are handed on; None if they are taken apart again, or never made."""
        last = self.last("batch", "padded_batch", "ragged_batch", "unbatch", "rebatch", "flat_map", "interleave")
        return last if last is not None and last.method in ("batch", "padded_batch", "ragged_batch") else None

    @property
    def batch_size(self) -> int | None:
        return integer_of(self.batch.argument(0, "batch_size")) if self.batch is not None else None

    @property
    def complete(self) -> bool:
        """Whether every batch is handed on, so that the last one is the rest of the data."""
        after = self.steps[self.steps.index(self.batch) + 1 :] if self.batch is not None else []
        return all(step.method in _HANDING_ON for step in after)

    @property
    def drops_remainder(self) -> bool | None:
        """Whether the smaller last batch is dropped; None when it cannot be told."""
        if self.batch is None:
            return False
        given = self.batch.argument(1 if self.batch.method == "batch" else None, "drop_remainder")
        if given is None:
            return None if self.batch.opaque else False
        return bool(given.value) if isinstance(given, Constant) else None


def buffer_of(shuffle: Call) -> int | None:
    """The size of a shuffle's buffer, where it can be told."""
    return integer_of(shuffle.argument(0, "buffer_size"))


def redraws(shuffle: Call) -> bool:
    """Whether a shuffle draws a new order in each pass, as it does unless it is told not to."""
    again = shuffle.argument(2, "reshuffle_each_iteration")
    return not shuffle.opaque and (again is None or (isinstance(again, Constant) and again.value is not False))


def _resized(size: int | None, step: Call) -> int | None:
    if size is None or step.method in ("map", "shuffle", "cache", "prefetch", "with_options", "enumerate", "snapshot"):
        return size
    count = integer_of(step.argument(0, "count"))
    if step.method == "take" and count is not None and count >= 0:
        return min(size, count)
    if step.method == "skip" and count is not None:
        return max(size - count, 0)
    return None


def pipeline_of(value: Value) -> Pipeline | None:
    """The pipeline that `value` is; None when it is none or its chain cannot be followed to its source."""
    options = alternatives(value)
    if len(options) != 1:
        return None
    # Of several datasets that were loaded at once, each comes from the same call.
    share = options[0] if isinstance(options[0], Item) else None
    call = made_by(projected(options[0]) if share is not None else options[0])
    if call is None or kinds.of(options[0]) != "dataset":
        return None
    if share is not None:
        return Pipeline(call, [], share=share)
    if call.op == "tensorflow.data.Dataset.zip":
        return _zipped(call)
    if call.receiver is None or kinds.of(call.receiver) != "dataset":
        return Pipeline(call, [])
    inner = pipeline_of(call.receiver)
    return replace(inner, steps=[*inner.steps, call]) if inner is not None else None


# The methods of datasets that hand on a dataset.
STEPS = frozenset(
    name.rpartition(".")[2]
    for name, kind in table("kinds")["returns"].items()
    if kind == "dataset" and name.startswith("tensorflow.data.Dataset.")
)


def steps_behind(value: Value) -> list[Call]:
    """Every step that a dataset may come through, on whatever branch, nearest first.

    Its source need not be in view.
    """
    found: list[Call] = []
    seen: set[int] = set()
    pending = [value]
    for one in pending:
        if id(one) in seen:
            continue
        seen.add(id(one))
        for option in alternatives(one):
            call = made_by(option)
            if call is not None and (call.method in STEPS or (call.op or "").startswith(_SOURCES)):
                found.append(call)
                pending.extend([call.receiver] if call.receiver is not None else [])
    return found


# Methods that only the datasets of TensorFlow have, of all that a loop goes through.
_UNMISTAKABLE = frozenset(
    {"prefetch", "padded_batch", "ragged_batch", "as_numpy_iterator", "with_options", "interleave", "group_by_window"}
)

# How far a chain of methods is followed to recognize a dataset by them.
_FAR = 8


def is_used_as_dataset(value: Value) -> bool:
    """Whether something from out of view is a dataset by what becomes of it."""
    pending: list[tuple[Value, int]] = [(value, 0)]
    while pending:
        one, depth = pending.pop()
        for use in one.uses:
            if isinstance(use.by, Choice) and depth < _FAR:
                pending.append((use.by, depth + 1))
            if use.kind != "receiver" or not isinstance(use.by, Call) or use.by.method not in STEPS | _UNMISTAKABLE:
                continue
            if use.by.method in _UNMISTAKABLE or use.by.argument(None, "num_parallel_calls") is not None:
                return True
            if depth < _FAR:
                pending.append((use.by.result, depth + 1))
    return False


def _zipped(call: Call) -> Pipeline | None:
    """The pipeline of examples that are put together from several others, side by side."""
    given = call.arguments
    if len(given) == 1 and isinstance(given[0], Display) and not given[0].open:
        given = tuple(given[0].items)
    parts = [pipeline_of(one) for one in given]
    known = tuple(part for part in parts if part is not None)
    if call.opaque or not known or len(known) != len(parts):
        return None
    # Side by side, the parts must run alike; steps like `map` that only one of them has change no size.
    others = [step for part in known[1:] for step in part.steps if step.method not in ("batch", "padded_batch")]
    return Pipeline(known[0].source, [*others, *known[0].steps], known)


def dataset_behind(value: Value) -> Value:
    """The dataset that a loop goes through when it iterates over `value`."""
    while isinstance(value, Result):
        call = value.call
        if call.arguments and (call.op in _PASSING or (call.op or "").startswith("tqdm.")):
            value = call.arguments[0]
        elif (
            call.op in ("tensorflow.data.Dataset.as_numpy_iterator", "tensorflow.data.Dataset.__iter__")
            and call.receiver
        ):
            value = call.receiver
        elif call.op == "tensorflow.distribute.Strategy.experimental_distribute_dataset" and call.arguments:
            value = call.arguments[0]
        elif isinstance(call.callee, Attribute) and call.method == "iter" and call.receiver:
            value = call.receiver
        else:
            break
    return value
