"""Checks of the data on its way to an update: its order, and its tail."""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.arrays import integer_of, order_of, size_of
from tapelint.program.feeds import Feed, feed_of_fit, feeds_behind, feeds_of, fixed_order, floor_division
from tapelint.program.losses import shape_of
from tapelint.program.models import library_class, sensitive_parts
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.trace import Call
from tapelint.program.values import Computed, Constant, Display, Element, Instance, Result, Value, alternatives
from tapelint.syntax.nodes import spell

# Steps of a pipeline that keep the order of the examples. Any other may mix them.
_ORDERLY = frozenset({"map", "batch", "padded_batch", "prefetch", "cache", "repeat", "take", "skip", "with_options", "enumerate", "filter", "as_numpy_iterator", "snapshot"})  # fmt: skip

# With fewer batches the order hardly matters.
_SEVERAL = 4

# Statistics over so few examples are noise.
_HANDFUL = 4


@check
def unshuffled_training_data(program: Program) -> Reports:
    feeds = [feed for gradients in program.training for feed in feeds_of(gradients)]
    feeds += [feed for feed in map(feed_of_fit, program.fits) if feed is not None and feed.pipeline is not None]
    for feed in feeds:
        if _repeats_order(program, feed) and _keeps_order(feed):
            yield Report(
                feed.site,
                f"{_quoted_array(program, feed)} is trained on in the same order in every epoch: nothing shuffles it",
            )


def _repeats_order(program: Program, feed: Feed) -> bool:
    """Whether labelled examples come in one fixed order, epoch after epoch, in batches enough for it to matter."""
    return (
        feed.epochs
        and (feed.batches is None or feed.batches >= _SEVERAL)
        and len(feed.arrays) > 1
        and fixed_order(feed)
        and not _is_stateful(program)
    )


def _keeps_order(feed: Feed) -> bool:
    if feed.pipeline is None:
        return True
    return feed.pipeline.arrays is not None and all(step.method in _ORDERLY for step in feed.pipeline.steps)


def _is_stateful(program: Program) -> bool:
    """Whether a recurrent layer carries its state from batch to batch, so that their order is meant."""
    return any(
        layer.call is not None and layer.call.argument(None, "stateful") is not None for layer in program.objects("layer")
    )


def _quoted_array(program: Program, feed: Feed) -> str:
    """The user's name for the data, as far as there is one."""
    if feed.slices:
        node = program.nodes(feed.site.module)[feed.site.node]
        text = spell(getattr(node, "value", node))
        return f"`{text}`" if text is not None else "the training data"
    if feed.pipeline is not None:
        name = program.name(feed.site)
        return f"`{name}`" if name is not None else "the training data"
    return "the training data"


@check
def shuffle_disabled(program: Program) -> Reports:
    for fit in program.fits:
        shuffle = fit.argument(None, "shuffle")
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
                f"{f'`{name}`' if name else 'the training data'} is trained on in the same order in every epoch: "
                "`shuffle` is off",
            )


@check
def remainder_dropped(program: Program) -> Reports:
    for gradients in program.training:
        for feed in feeds_of(gradients):
            yield from _uncounted(program, feed)
    for update in program.calls("keras.Metric.__call__", "keras.Metric.update_state"):
        if any(gradients.call.context.loops[-1:] == update.context.loops[-1:] for gradients in program.training):
            continue
        for feed in feeds_behind([*update.arguments, *update.keywords.values()], update):
            yield from _uncounted(program, feed)
            yield from _dropped_in_evaluation(feed)


def _uncounted(program: Program, feed: Feed) -> Reports:
    """A loop that counts whole batches only, over data that keeps its order, so that the same rows are left out."""
    if feed.counter is None or feed.keeps_tail is not False or any(_redrawn(array) for array in feed.arrays):
        return
    division = floor_division(feed.counter.arguments[-1])
    if division is None:
        return
    size = integer_of(division[0]) or feed.size
    batch = integer_of(division[1]) or feed.batch
    rest = size % batch if size is not None and batch else None
    if rest == 0 or (rest is None and not _read_from_file(feed)):
        return
    lost = f"its last {rest} of {size} examples are" if rest is not None else "the examples after the last full batch are"
    yield Report(feed.counter.site, f"{_quoted_array(program, feed)} is never seen to its end: {lost} left out")


def _redrawn(array: Value) -> bool:
    """Whether rows are permuted again in each epoch, so that each time others are left out."""
    return any(
        "shuffled" in value.marks or (isinstance(value, Result) and value.call.context.loops and order_of(value) == "random")
        for value in ancestors(array)
    )


def _read_from_file(feed: Feed) -> bool:
    """Whether the size cannot be known because the rows come from outside, as opposed to being computed in view."""
    return any(size_of(array) is None and fixed_order(feed) for array in feed.arrays) and any(
        isinstance(value, Result) and (value.call.op or "").rpartition(".")[2].startswith(("load", "read_", "genfromtxt", "fromfile"))
        for array in feed.arrays
        for value in ancestors(array)
    )


def _dropped_in_evaluation(feed: Feed) -> Reports:
    pipeline = feed.pipeline
    if pipeline is None or pipeline.drops_remainder is not True or not feed.size or not feed.batch:
        return
    rest = feed.size % feed.batch
    if rest:
        yield Report(
            feed.site, f"the result is not that of all the data: the last {rest} of {feed.size} examples are left out"
        )


@check
def undersized_final_batch(program: Program) -> Reports:
    for gradients in program.training:
        for feed in feeds_of(gradients):
            reason = _sensitive_to_size(program, gradients, feed) if feed.tail and feed.batches != 1 else None
            if reason is not None:
                yield Report(feed.site, f"the last batch has {feed.tail} examples instead of {feed.batch}: {reason}")
    for fit in program.fits:
        fitted = feed_of_fit(fit)
        if fitted is not None and fitted.tail and fitted.batches != 1 and fit.receiver is not None:
            reason = _sensitive_model(fit.receiver, fitted)
            if reason is not None:
                yield Report(fitted.site, f"the last batch has {fitted.tail} examples instead of {fitted.batch}: {reason}")


def _sensitive_to_size(program: Program, gradients: Gradients, feed: Feed) -> str | None:
    assert gradients.target is not None
    shape = shape_of(gradients.target)
    if shape is not None and not program.distributed and (shape.kind == "per-example" or shape.reduction == "sum"):
        return "the loss is a sum, and so its update is smaller"
    if any(_fixed_size(value, feed) for value in ancestors(gradients.target)):
        return f"what is made for {feed.batch} does not fit it, and the step raises"
    for each in gradients.parameters or ():
        for model in choices_of_root(each.root):
            reason = _sensitive_model(model, feed)
            if reason is not None:
                return reason
    return None


def _sensitive_model(model: Value, feed: Feed) -> str | None:
    """What in a model depends on the size of the batch."""
    if feed.tail is not None and feed.tail <= _HANDFUL and feed.batch is not None and feed.tail * 4 <= feed.batch:
        names = [library_class(layer) for layer in sensitive_parts(model)]
        if "keras.layers.BatchNormalization" in names:
            return "BatchNormalization takes its statistics from them alone"
    return None


def _fixed_size(value: Value, feed: Feed) -> bool:
    """Whether a tensor with a fixed number of rows meets the batch in one elementwise operation."""
    if not isinstance(value, Computed) or value.operator not in ("+", "-", "*", "/"):
        return False
    fixed = [any(_rows(one) == feed.batch for one in ancestors(part, _no_forward)) for part in value.parts]
    fed = [any(_is_batch(one, feed) for one in ancestors(part, _no_forward)) for part in value.parts]
    return any(fixed) and any(b and not f for b, f in zip(fed, fixed, strict=True))


def _no_forward(value: Value) -> bool:
    return not (isinstance(value, Result) and value.call.op == "forward")


def _rows(value: Value) -> int | None:
    """The constant first dimension of a tensor that is made anew: noise, ones, zeros."""
    if not isinstance(value, Result) or not value.call.context.loops and value.call.context.frame.function is None:
        return None
    op = value.call.op or ""
    if not op.startswith(("tensorflow.random.", "tensorflow.ones", "tensorflow.zeros", "keras.random.")):
        return None
    shape = value.call.argument(0, "shape")
    return integer_of(shape.items[0]) if isinstance(shape, Display) and shape.items else None


def _is_batch(value: Value, feed: Feed) -> bool:
    if isinstance(value, Element):
        return kinds.of(value.of) == "dataset" and feed.pipeline is not None
    return any(value is item for item in feed.slices)


