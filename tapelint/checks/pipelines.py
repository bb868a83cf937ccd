"""Checks of the data on its way to an update: its order, and its tail."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.arrays import integer_of, order_of, size_of
from tapelint.program.feeds import Feed, feed_of_fit, feeds_behind, fixed_order, floor_division
from tapelint.program.knowledge import matches
from tapelint.program.losses import shape_of
from tapelint.program.models import library_class, sensitive_parts
from tapelint.program.pipelines import dataset_behind
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by, seen_from
from tapelint.program.tapes import choices_of_root
from tapelint.program.trace import Call
from tapelint.program.values import Choice, Computed, Constant, Display, Element, Item, Result, Site, SliceValue, Value
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

# Steps of a pipeline that keep the order of the examples. Any other may mix them.
_ORDERLY = frozenset(
    {"map", "batch", "padded_batch", "prefetch", "cache", "repeat", "take", "skip", "with_options", "enumerate",
     "filter", "as_numpy_iterator", "snapshot"}
)  # fmt: skip

# With fewer batches the order hardly matters.
_SEVERAL = 4

# Statistics over so few examples are noise.
_HANDFUL = 4


@check
def unshuffled_training_data(program: Program) -> Reports:
    for step, feed in program.feeds:
        if (
            (feed.pipeline is not None or feed.slices or feed.by_class)
            and _repeats_order(program, feed)
            and _keeps_order(feed)
        ):
            # Batches that a helper makes are the business of whoever asks for them.
            site = seen_from(feed.site, feed.context, step.context.frame)
            yield Report(
                site,
                f"{_quoted_data(program, feed, site)} comes in the same order in every epoch: nothing shuffles it",
                trails.of_feed(feed),
            )


def _repeats_order(program: Program, feed: Feed) -> bool:
    """Whether labelled examples come in one fixed order, epoch after epoch, in batches enough for it to matter."""
    return (
        feed.epochs
        and (feed.batches is None or feed.batches >= _SEVERAL)
        and ((len(feed.arrays) > 1 and fixed_order(feed)) or feed.by_class)
        and not _is_stateful(program)
    )


def _keeps_order(feed: Feed) -> bool:
    if feed.pipeline is None:
        return True
    known = feed.pipeline.arrays is not None or feed.by_class
    return known and all(step.method in _ORDERLY for step in feed.pipeline.steps)


def _is_stateful(program: Program) -> bool:
    """Whether a recurrent layer carries its state from batch to batch, so that their order is meant."""
    return any(
        layer.call is not None and layer.call.argument(None, "stateful") is not None
        for layer in program.objects("layer")
    )


def _quoted_data(program: Program, feed: Feed, site: Site) -> str:
    """The user's name for the data, as far as there is one."""
    node = program.nodes(site.module)[site.node]
    if feed.slices and site == feed.site and isinstance(node, tree.Subscript):
        text = spell(node.value)
    else:
        text = program.name(site)
    return f"`{text}`" if text is not None else "the training data"


@check
def shuffle_disabled(program: Program) -> Reports:
    for fit in program.fits:
        shuffle = fit.argument(8, "shuffle")
        feed = feed_of_fit(fit)
        if (
            isinstance(shuffle, Constant)
            and not shuffle.value
            and feed is not None
            and feed.pipeline is None
            and _repeats_order(program, feed)
        ):
            name = argument(program, fit, 0, "x")
            yield Report(
                fit.site,
                f"{f'`{name}`' if name else 'the training data'} comes in the same order in every epoch: "
                "`shuffle` is off",
            )


@check
def remainder_dropped(program: Program) -> Reports:
    for _, feed in program.feeds:
        yield from _lost_in_training(program, feed)
    for evaluation in program.evaluations:
        for feed in feeds_behind([*evaluation.arguments, *evaluation.keywords.values()], evaluation):
            yield from _lost_in_training(program, feed)
            yield from _lost_in_evaluation(feed)
    for feed in program.scored:
        yield from _lost_in_evaluation(feed)


def _lost_in_training(program: Program, feed: Feed) -> Reports:
    """Whole batches only, of data that keeps its order: the same examples are left out every time."""
    if feed.keeps_tail is not False or program.distributed or _is_stateful(program):
        return
    if feed.pipeline is not None:
        rest, site = (feed.size or 0) % (feed.batch or 1), feed.site
        if not rest or not feed.epochs or not _keeps_order(feed) or any(_redrawn(array) for array in feed.arrays):
            return
    elif feed.counter is not None:
        lost, site = _uncounted(feed), feed.counter.site
        if lost is None:
            return
        rest = lost
    else:
        return
    last = (
        f"its last {rest} of {feed.size} examples are" if rest and feed.size else "what follows the last full batch is"
    )
    yield Report(site, f"{_quoted_data(program, feed, feed.site)} is never seen to its end: {last} left out")


def _uncounted(feed: Feed) -> int | None:
    """How many rows a loop over `n // size` batches leaves out, 0 for some; None if none, or others each time."""
    offsets = [item.index.lower for item in feed.slices if isinstance(item.index, SliceValue)]
    if feed.counter is None or any(_redrawn(one) for one in (*feed.arrays, *offsets) if one is not None):
        return None
    division = floor_division(feed.counter.arguments[-1])
    if division is None or _rest_is_taken(feed.counter.arguments[-1]) or any(map(_end_is_taken, feed.arrays)):
        return None
    size, batch = integer_of(division[0]) or feed.size, integer_of(division[1]) or feed.batch
    if size is not None and batch:
        return size % batch or None
    return 0 if _read_from_file(feed) else None


def _rest_is_taken(count: Value) -> bool:
    """Whether a slice begins where `count` batches end: the program sees to the rest by itself."""
    pending: list[tuple[Value, int]] = [(count, 0)]
    while pending:
        value, depth = pending.pop()
        for use in value.uses:
            if isinstance(use.by, SliceValue) and use.by.upper is None:
                return True
            if isinstance(use.by, (Computed, SliceValue)) and depth < 2:
                pending.append((use.by, depth + 1))
    return False


def _end_is_taken(array: Value) -> bool:
    """Whether a slice of `array` runs to its end, from wherever."""
    slices = [use.by.index for use in array.uses if isinstance(use.by, Item)]
    return any(isinstance(index, SliceValue) and index.lower is not None and index.upper is None for index in slices)


def _redrawn(array: Value) -> bool:
    """Whether rows are permuted again in each epoch, so that each time others are left out."""
    return any(
        "shuffled" in value.marks
        or (
            isinstance(value, Result)
            and value.call.op != "builtins.len"
            and value.call.context.loops
            and order_of(value) == "random"
        )
        for value in ancestors(array)
    )


def _read_from_file(feed: Feed) -> bool:
    """Whether the size cannot be known because the rows come from outside, as opposed to being computed in view."""
    return any(size_of(array) is None and fixed_order(feed) for array in feed.arrays) and any(
        isinstance(value, Result)
        and (value.call.op or "").rpartition(".")[2].startswith(("load", "read_", "genfromtxt", "fromfile"))
        for array in feed.arrays
        for value in ancestors(array)
    )


def _lost_in_evaluation(feed: Feed) -> Reports:
    if feed.keeps_tail is not False or not feed.size or not feed.batch:
        return
    rest = feed.size % feed.batch
    if rest:
        yield Report(
            feed.site,
            f"the result is not that of all the data: the last {rest} of {feed.size} examples are left out",
            trails.of_feed(feed),
        )


@check
def undersized_final_batch(program: Program) -> Reports:
    for step, feed in program.feeds:
        if not feed.tail or feed.batches == 1:
            continue
        reason = _sensitive_step(program, step, feed)
        if reason is not None:
            yield Report(
                feed.site,
                f"the last batch has {feed.tail} examples instead of {feed.batch}: {reason}",
                trails.of_feed(feed),
            )


def _sensitive_step(program: Program, step: Call, feed: Feed) -> str | None:
    """What in a step depends on the size of the batch."""
    models: list[Value] = [step.receiver] if step.receiver is not None else []
    frozen = _freezes_layers(program)
    for gradients in program.training:
        if gradients.call is step and gradients.target is not None:
            shape = shape_of(gradients.target)
            if (
                shape is not None
                and not program.distributed
                and (shape.kind == "per-example" or (shape.reduction == "sum" and not _is_normalized(shape.producer)))
            ):
                return "the loss is a sum, and so its update is smaller"
            if any(_fixed_size(value, feed) for value in ancestors(gradients.target)):
                return f"what is made for {feed.batch} does not fit it, and the step raises"
            models = [root for each in gradients.parameters or () for root in choices_of_root(each.root)]
    return next((reason for model in models if (reason := _sensitive_model(model, feed, frozen)) is not None), None)


def _is_normalized(total: Call | None) -> bool:
    """Whether what is added up was divided by something that may follow the batch: then the sum is an average."""
    return total is not None and any(
        isinstance(one, Computed) and one.operator == "/" and not isinstance(one.parts[-1], Constant)
        for argument in total.arguments
        for one in ancestors(argument, _keeps_rows)
    )


def _freezes_layers(program: Program) -> bool:
    """Whether some layer is taken out of training after it was made, and its statistics with it."""
    return any(
        assignment.name == "trainable" and not (isinstance(assignment.value, Constant) and assignment.value.value)
        for assignment in program.trace.assignments
    )


def _sensitive_model(model: Value, feed: Feed, frozen: bool) -> str | None:
    """What in a model depends on the size of the batch."""
    if any(_fixed_input(one, feed.batch) for one in ancestors(model)):
        return "the model is built for a fixed size, and the step raises"
    if frozen or feed.tail is None or feed.batch is None:
        return None
    if feed.tail <= _HANDFUL and feed.tail * 4 <= feed.batch:
        names = [library_class(layer) for layer in sensitive_parts(model)]
        if "keras.layers.BatchNormalization" in names:
            return "BatchNormalization takes its statistics from them alone"
    return None


def _fixed_input(value: Value, batch: int | None) -> bool:
    """Whether `value` is an input or a layer that fixes the batch size."""
    call = made_by(value)
    if call is None or not (call.op or "").startswith("keras."):
        return False
    shape = call.argument(None, "batch_shape") or call.argument(None, "batch_input_shape")
    given = shape.items[0] if isinstance(shape, Display) and shape.items else None
    if given is None and call.op in ("keras.Input", "keras.InputLayer"):
        given = call.argument(None, "batch_size")
    return given is not None and integer_of(given) == batch


def _fixed_size(value: Value, feed: Feed) -> bool:
    """Whether a tensor with a fixed number of rows meets the batch in one operation that compares row by row."""
    match value:
        case Computed(operator="+" | "-" | "*" | "/", parts=parts):
            operands = list(parts)
        case Result(call=call) if call.op == "keras.Loss.__call__" or matches(call.op or "", "per_example", "names"):
            operands = list(call.arguments)
        case _:
            return False
    fixed = [any(_rows(one) == feed.batch for one in ancestors(part, _keeps_rows)) for part in operands]
    fed = [any(_is_batch(one, feed) for one in ancestors(part, _keeps_rows)) for part in operands]
    return any(fixed) and any(b and not f for b, f in zip(fed, fixed, strict=True))


def _keeps_rows(value: Value) -> bool:
    """Whether `value` has the rows of what it was made from."""
    match value:
        case Result(call=call):
            return call.op == "forward" or matches(call.op or "", "elementwise", "names")
        case Computed(operator=operator):
            return operator in ("+", "-", "*", "/")
        case Item(index=Constant()):
            return True
        case Item(index=Display(kind="tuple", items=[SliceValue(lower=None, upper=None, step=None), *_])):
            return True
    return isinstance(value, Choice)


def _rows(value: Value) -> int | None:
    """The constant first dimension of a tensor that is made anew: noise, ones, zeros."""
    if not isinstance(value, Result):
        return None
    op = value.call.op or ""
    if not op.startswith(("tensorflow.random.", "tensorflow.ones", "tensorflow.zeros", "keras.random.")):
        return None
    shape = value.call.argument(0, "shape")
    return integer_of(shape.items[0]) if isinstance(shape, Display) and len(shape.items) > 1 else None


def _is_batch(value: Value, feed: Feed) -> bool:
    if isinstance(value, Element):
        return kinds.of(dataset_behind(value.of)) == "dataset" and feed.pipeline is not None
    return any(value is item for item in feed.slices)
