"""How examples reach an update: through a pipeline, as slices of arrays, or by `fit`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tapelint.program import kinds
from tapelint.program.arrays import Order, integer_of, order_of, size_of
from tapelint.program.cuts import Cut, cut_of
from tapelint.program.models import BATCH
from tapelint.program.pipelines import Pipeline, dataset_behind, pipeline_of
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.tapes import Gradients
from tapelint.program.trace import Call, Context
from tapelint.program.values import (
    Attribute,
    Computed,
    Constant,
    Display,
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
_FLOORS = frozenset({"builtins.int", "numpy.floor", "math.floor"})
_MEASURING = frozenset({"builtins.len", "tensorflow.shape", "builtins.int"})

# Functions after which a loop may not come to the end of what it goes through.
_CUTTING_SHORT = frozenset({"builtins.zip", "itertools.islice", "itertools.takewhile"})

_NUMBERINGS = frozenset({"numpy.arange", "builtins.range", "tensorflow.range", "keras.ops.arange"})

# Steps of a pipeline after which an example is still made of one element of the source.
_ONE_BY_ONE = frozenset({"map", "batch", "cache", "prefetch", "repeat", "shuffle", "skip", "take", "with_options"})

# How many operations away from a batch a test of its size is looked for.
_NEAR = 5


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """The examples that one step or fit consumes: where they come from, how many there are, and in what batches.

    `site` and `context` are those of what makes the batches; `columns` counts the parts that a batch of rows is taken
    apart into.
    """

    site: Site
    context: Context
    arrays: tuple[Value, ...]
    size: int | None
    batch: int | None
    keeps_tail: bool | None
    epochs: bool
    pipeline: Pipeline | None = None
    slices: tuple[Cut, ...] = ()
    counter: Call | None = None
    columns: int = 0
    by_class: bool = False

    @property
    def labelled(self) -> bool:
        """Whether the examples surely have two sides, what goes in and what shall come out."""
        return len(self.arrays) > 1 or self.columns > 1

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
    return feeds_behind([gradients.target], gradients.call) if gradients.target is not None else []


def feeds_behind(values: list[Value], call: Call) -> list[Feed]:
    """The feeds of a call on these values, such as the update of a metric."""
    behind = {id(one): one for value in values for one in ancestors(value)}
    cuts: dict[int, list[Cut]] = {}
    feeds: list[Feed] = []
    seen: set[int] = set()
    for value in behind.values():
        if isinstance(value, Element):
            dataset = dataset_behind(value.of)
            if kinds.of(dataset) == "dataset" and id(dataset) not in seen:
                seen.add(id(dataset))
                feeds.extend(_of_element(value, dataset, call))
        elif (cut := cut_of(value)) is not None and _comes_in_turn(cut, call):
            cuts.setdefault(id(cut.counter), []).append(cut)
    return [*feeds, *(_of_cuts(found, list(behind.values()), call) for found in cuts.values())]


def _comes_in_turn(cut: Cut, call: Call) -> bool:
    """Whether a loop around a call brings one such cut after another, or a generator does."""
    running = [frame.function.node for frame in cut.counting.frame.stack() if frame.function is not None]
    if any(node.is_generator or node.name == "__getitem__" for node in running):
        return True
    given = [loop.iterable for loop in call.context.loops if loop.iterable is not None]
    return any(one is cut.counter.result or one is cut.batch for iterable in given for one in ancestors(iterable))


def _of_element(batch: Element, dataset: Value, call: Call) -> Iterator[Feed]:
    pipeline = pipeline_of(dataset)
    if pipeline is not None:
        feed = feed_of_pipeline(pipeline, _is_gone_through_again(dataset, call.context))
        knows = _size_is_tested(batch) or _may_end_early(dataset, call.context)
        yield replace(feed, keeps_tail=None) if knows else feed


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


def _is_gone_through_again(dataset: Value, context: Context) -> bool:
    """Whether the loop over `dataset` runs once in each epoch of another loop."""
    number = _loop_over(dataset, context)
    return number > 0 if number is not None else len(context.loops) > 1


def _may_end_early(iterable: Value, context: Context) -> bool:
    """Whether `iterable` may not be gone through to its end: for a `break`, for counting along, or `next` by `next`."""
    number = _loop_over(iterable, context)
    if number is None:
        return True
    loop = context.loops[number]
    return loop.broken or any(
        isinstance(one, Result) and one.call.op in _CUTTING_SHORT for one in ancestors(loop.iterable or iterable)
    )


def _loop_over(iterable: Value, context: Context) -> int | None:
    """Which of the surrounding loops goes through `iterable`, counted from outside."""
    for number, loop in enumerate(context.loops):
        if loop.iterable is not None and any(one is iterable for one in ancestors(loop.iterable)):
            return number
    return None


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
        columns=_columns_made(pipeline),
        by_class=pipeline.by_class,
    )


def _columns_made(pipeline: Pipeline) -> int:
    """The parts of the examples that the last function of a pipeline makes, each of one element that was sliced."""
    if not all(step.method in _ONE_BY_ONE for step in pipeline.steps):
        return 0
    made = next((step.body for step in reversed(pipeline.steps) if step.method == "map"), None)
    return len({id(item) for item in made.items}) if isinstance(made, Display) and not made.open else 0


def _of_cuts(cuts: list[Cut], behind: list[Value], call: Call) -> Feed:
    indices = {id(cut.rows) for cut in cuts}
    cuts = sorted((cut for cut in cuts if id(cut.batch) not in indices), key=lambda cut: cut.site.node)
    first = cuts[0]
    arrays = _distinct(cuts)
    size = next((found for found in map(size_of, arrays) if found is not None), None)
    batches = {id(cut.batch) for cut in cuts}
    columns = [value for value in behind if isinstance(value, (Item, Attribute)) and id(value.of) in batches]
    return Feed(
        site=first.site,
        context=first.context,
        arrays=tuple(arrays),
        size=size,
        batch=_step_of(first.counter, first.index),
        keeps_tail=None if _tail_is_known(cuts) else _keeps_tail(first.counter, size),
        epochs=len(call.context.loops) > 1,
        slices=tuple(cuts),
        counter=first.counter,
        columns=len(columns),
    )


def _distinct(cuts: list[Cut]) -> list[Value]:
    """The arrays that are cut, each once, though it may be cut in two places."""
    arrays: dict[tuple[int, int], Value] = {}
    for cut in cuts:
        rows = cut.array.index if cut.rows is not None and isinstance(cut.array, Item) else None
        of = cut.array.of if rows is not None and isinstance(cut.array, Item) else cut.array
        arrays.setdefault((id(of), id(rows)), cut.array)
    return list(arrays.values())


def _tail_is_known(cuts: list[Cut]) -> bool:
    """Whether the program deals with the last rows by itself: another bound for them, a test, an early end."""
    return any(
        (cut.index.upper is not None and len(alternatives(cut.index.upper)) > 1)
        or _size_is_tested(cut.batch)
        or _may_end_early(cut.counter.result, cut.counting)
        for cut in cuts
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
    """The two sides of `n // size`, also behind `int(n / size)` and `int(np.floor(n / size))`."""
    options = alternatives(value)
    if len(options) != 1:
        return None
    match options[0]:
        case Computed(operator="//", parts=(left, right)) if not _rounds_up(left):
            return left, right
        case Result(call=call) if call.op in _FLOORS and call.arguments:
            match call.arguments[0]:
                case Computed(operator="/", parts=(left, right)):
                    return left, right
            return floor_division(call.arguments[0])
    return None


def _rounds_up(numerator: Value) -> bool:
    """Whether `(n + size - 1) // size` is what is computed."""
    return isinstance(numerator, Computed) and numerator.operator in ("+", "-")


def feed_of_fit(call: Call) -> Feed | None:
    """The feed of a `fit`; None when its data cannot be told."""
    x = call.argument(0, "x")
    if x is None:
        return None
    epochs = call.argument(3, "epochs")
    several = epochs is not None and (integer_of(epochs) is None or (integer_of(epochs) or 0) > 1)
    if kinds.of(x) == "dataset":
        pipeline = pipeline_of(x)
        return feed_of_pipeline(pipeline, several) if pipeline is not None else None
    if kinds.of(x) == "pydataset":
        return _of_sequence(call, x, several)
    if call.opaque or kinds.of(x) is not None:
        return None
    flow = made_by(x)
    if flow is not None and flow.op in _FOLDERS:
        return _of_folder(flow, several)
    if "generator" in x.marks:
        return next((replace(feed, epochs=several) for feed in feeds_behind([x], call)), None)
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


def _of_sequence(call: Call, data: Value, several: bool) -> Feed | None:
    """The feed of a `PyDataset`, whose batches Keras brings in another order in each epoch unless it is told not to."""
    batch = data.attributes.get(BATCH)
    shuffle = call.argument(8, "shuffle")
    in_order = isinstance(shuffle, Constant) and not shuffle.value
    feeds = feeds_behind([batch], call) if batch is not None else []
    return replace(feeds[0], epochs=several and in_order) if len(feeds) == 1 else None


_FOLDERS = frozenset({"keras.preprocessing.image.ImageDataGenerator.flow_from_directory"})


def _of_folder(flow: Call, several: bool) -> Feed:
    """The feed of images that Keras reads from a folder for each class."""
    shuffle, mode = flow.argument(7, "shuffle"), flow.argument(5, "class_mode")
    sorted_by_class = isinstance(shuffle, Constant) and not shuffle.value and not (mode is not None and is_none(mode))
    return Feed(flow.site, flow.context, (), None, None, None, several, by_class=sorted_by_class and not flow.opaque)


def feed_of_scoring(call: Call) -> Feed | None:
    """The feed of an `evaluate` or `predict`; None when its data cannot be told."""
    x = call.argument(0, "x")
    steps = call.argument(3 if call.method == "predict" else 5, "steps")
    if x is None or call.opaque:
        return None
    if kinds.of(x) == "dataset":
        pipeline = pipeline_of(x)
        feed = feed_of_pipeline(pipeline) if pipeline is not None else None
    elif kinds.of(x) is None:
        given = call.argument(1 if call.method == "predict" else 2, "batch_size")
        size = 32 if given is None or is_none(given) else integer_of(given)
        feed = Feed(call.site, call.context, (x,), size_of(x), size, True, epochs=False)
    else:
        feed = None
    if feed is None or steps is None or is_none(steps):
        return feed
    counted = floor_division(steps)
    if counted is None or integer_of(counted[0]) != feed.size or integer_of(counted[1]) != feed.batch:
        return None
    return replace(feed, site=call.site, context=call.context, keeps_tail=False)


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
    # Beside other arrays, the numbers of the examples say which they are, and are not learnt from.
    examples = [array for array in feed.arrays if not _is_numbering(array)] or feed.arrays
    orders = [_order_taken(array) for array in examples]
    return None not in orders and "ordered" in orders


def _order_taken(array: Value) -> Order | None:
    """The order of an array; rows that are picked by their numbers, one after another, keep theirs whatever it is."""
    order = order_of(array)
    if order is None and isinstance(array, Item) and _is_numbering(array.index):
        return "ordered"
    return order


def _is_numbering(array: Value) -> bool:
    call = made_by(array)
    return call is not None and call.op in _NUMBERINGS and len(call.arguments) == 1
