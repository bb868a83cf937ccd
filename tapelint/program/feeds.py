"""How examples reach an update: through a pipeline, as slices of arrays, or by `fit`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tapelint.program import kinds
from tapelint.program.arrays import counter_of, integer_of, moves, order_of, size_of
from tapelint.program.pipelines import Pipeline, dataset_behind, pipeline_of
from tapelint.program.provenance import ancestors
from tapelint.program.tapes import Gradients
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Computed,
    Constant,
    Element,
    Item,
    Result,
    Site,
    SliceValue,
    Value,
    alternatives,
    is_none,
)

_COMPARING = frozenset({"<", "<=", ">", ">=", "==", "!="})
_MEASURING = frozenset({"builtins.len", "tensorflow.shape", "builtins.int"})

# How many operations away from a batch a test of its size is looked for.
_NEAR = 5


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """The examples that one step or fit consumes: where they come from, how many there are, and in what batches.

    `site` and `context` are those of what makes the batches.
    """

    site: Site
    context: Context
    arrays: tuple[Value, ...]
    size: int | None
    batch: int | None
    keeps_tail: bool | None
    epochs: bool
    pipeline: Pipeline | None = None
    slices: tuple[Item, ...] = ()
    counter: Call | None = None

    @property
    def tail(self) -> int | None:
        """The number of examples in the smaller last batch; 0 when there is none, None when it cannot be told."""
        if self.keeps_tail is False:
            return 0
        if self.size is None or not self.batch or self.keeps_tail is None:
            return None
        return self.size % self.batch

    @property
    def batches(self) -> int | None:
        """How many batches an epoch has."""
        return -(-self.size // self.batch) if self.size is not None and self.batch else None


def feeds_of(gradients: Gradients) -> list[Feed]:
    """The feeds of the step that takes these gradients."""
    return _of_values(gradients.target, gradients.call) if gradients.target is not None else []


def feeds_behind(values: list[Value], call: Call) -> list[Feed]:
    """The feeds of a call on these values, such as the update of a metric."""
    return [feed for value in values for feed in _of_values(value, call)]


def _of_values(target: Value, call: Call) -> list[Feed]:
    slices: dict[int, list[Item]] = {}
    feeds: list[Feed] = []
    seen: set[int] = set()
    for value in ancestors(target):
        match value:
            case Element(of=of):
                dataset = dataset_behind(of)
                if kinds.of(dataset) == "dataset" and id(dataset) not in seen:
                    seen.add(id(dataset))
                    pipeline = pipeline_of(dataset)
                    if pipeline is not None:
                        feed = feed_of_pipeline(pipeline, _loop_over(of, call))
                        feeds.append(replace(feed, keeps_tail=None) if _size_is_tested(value) else feed)
            case Item():
                index = _batch_slice(value)
                counter = counter_of(index) if index is not None else None
                if counter is not None:
                    slices.setdefault(id(counter), []).append(value)
    return [*feeds, *(_of_slices(items, call) for items in slices.values())]


def _size_is_tested(batch: Value) -> bool:
    """Whether the program compares the size of a batch with something, and so knows of the smaller one."""
    pending: list[tuple[Value, int]] = [(batch, 0)]
    while pending:
        value, depth = pending.pop()
        for use in value.uses:
            if use.kind == "tested" and isinstance(value, Computed) and value.operator in _COMPARING:
                return True
            made = use.by.result if isinstance(use.by, Call) and use.by.op in _MEASURING else use.by
            if isinstance(made, Value) and depth < _NEAR:
                pending.append((made, depth + 1))
    return False


def _loop_over(iterable: Value, call: Call) -> bool:
    """Whether the loop over `iterable` runs once in each epoch of another loop."""
    loops = call.context.loops
    for number, loop in enumerate(loops):
        if loop.iterable is iterable or (loop.iterable is not None and iterable in alternatives(loop.iterable)):
            return number > 0
    return len(loops) > 1


def feed_of_pipeline(pipeline: Pipeline, epochs: bool = False) -> Feed:
    """The feed of a pipeline, gone through once or once in each epoch."""
    drops = pipeline.drops_remainder
    last = pipeline.steps[-1] if pipeline.steps else pipeline.source
    return Feed(
        site=(pipeline.batch or last).site,
        context=(pipeline.batch or last).context,
        arrays=tuple(pipeline.arrays or ()),
        size=pipeline.size,
        batch=pipeline.batch_size,
        keeps_tail=None if drops is None or not pipeline.complete else not drops,
        epochs=epochs or pipeline.step("repeat") is not None,
        pipeline=pipeline,
    )


def _batch_slice(value: Item) -> SliceValue | None:
    """The slice that takes one batch after another from an array."""
    options = alternatives(value.index)
    if len(options) == 1 and isinstance(options[0], SliceValue) and moves(options[0]) == "batch":
        return options[0]
    return None


def _of_slices(items: list[Item], call: Call) -> Feed:
    items = sorted(items, key=lambda item: item.site.node)
    first = items[0]
    index = _batch_slice(first)
    counter = counter_of(index) if index is not None else None
    assert index is not None and counter is not None
    size = next((found for found in (size_of(item.of) for item in items) if found is not None), None)
    batch = _step_of(counter, index)
    return Feed(
        site=first.site,
        context=first.context,
        arrays=tuple(item.of for item in items),
        size=size,
        batch=batch,
        keeps_tail=_keeps_tail(counter, size),
        epochs=len(call.context.loops) > 1,
        slices=tuple(items),
        counter=counter,
    )


def _step_of(counter: Call, index: SliceValue) -> int | None:
    """The batch size: the step of the range, or the factor of its index."""
    if len(counter.arguments) == 3:
        return integer_of(counter.arguments[2])
    if isinstance(index.lower, Computed) and index.lower.operator == "*":
        return next((found for found in map(integer_of, index.lower.parts) if found is not None), None)
    return None


def _keeps_tail(counter: Call, size: int | None) -> bool | None:
    """Whether the loop comes to the end of the data: `range(0, n, size)` does, `range(n // size)` does not."""
    stop = counter.argument(1 if len(counter.arguments) > 1 else 0)
    if len(counter.arguments) == 3:
        known = integer_of(stop)
        return True if stop is not None and (known == size or known is None) else None
    return False if stop is not None and floor_division(stop) is not None else None


def floor_division(value: Value) -> tuple[Value, Value] | None:
    """The two sides of `n // size`, also behind `int(n / size)`."""
    options = alternatives(value)
    if len(options) != 1:
        return None
    match options[0]:
        case Computed(operator="//", parts=(left, right)) if not _rounds_up(left):
            return left, right
        case Result(call=call) if call.op == "builtins.int" and call.arguments:
            match call.arguments[0]:
                case Computed(operator="/", parts=(left, right)):
                    return left, right
    return None


def _rounds_up(numerator: Value) -> bool:
    """Whether `(n + size - 1) // size` is what is computed."""
    return isinstance(numerator, Computed) and numerator.operator in ("+", "-")


def feed_of_fit(call: Call) -> Feed | None:
    """The feed of a `fit`; None when its data cannot be told."""
    x = call.argument(0, "x")
    if x is None or call.opaque:
        return None
    epochs = call.argument(3, "epochs")
    several = epochs is not None and (integer_of(epochs) is None or (integer_of(epochs) or 0) > 1)
    if kinds.of(x) == "dataset":
        pipeline = pipeline_of(x)
        return feed_of_pipeline(pipeline, several) if pipeline is not None else None
    if kinds.of(x) is not None:
        return None
    y = call.argument(1, "y")
    arrays = tuple(value for value in (x, y) if value is not None and not is_none(value))
    given = call.argument(2, "batch_size")
    return Feed(
        site=call.site,
        context=call.context,
        arrays=arrays,
        size=_training_rows(call, next((size for size in map(size_of, arrays) if size is not None), None)),
        batch=32 if given is None or is_none(given) else integer_of(given),
        keeps_tail=True,
        epochs=several,
    )


def _training_rows(call: Call, size: int | None) -> int | None:
    """What `validation_split` leaves for training: Keras floors the position of the cut."""
    split = call.argument(6, "validation_split")
    if split is None or size is None:
        return size
    if isinstance(split, Constant) and isinstance(split.value, (int, float)):
        return int(size * (1 - split.value))
    return None


def fixed_order(feed: Feed) -> bool:
    """Whether the arrays surely come in one order that may mean something, and nothing on the way shuffles them."""
    if not feed.arrays:
        return False
    orders = [order_of(array) for array in feed.arrays]
    return None not in orders and "ordered" in orders
