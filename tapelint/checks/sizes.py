"""Checks of batches that are far too large, or hold a single example."""

from __future__ import annotations

from math import prod

from tapelint.checks import trails
from tapelint.checks.feeding import quoted_data
from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.axes import rank_of
from tapelint.program.feeds import Feed
from tapelint.program.fits import epochs_of
from tapelint.program.models import normalizes_features, parts_of
from tapelint.program.pipelines import dataset_behind
from tapelint.program.program import Program
from tapelint.program.tapes import choices_of_root
from tapelint.program.trace import Call, Loop
from tapelint.program.values import Constant, Element, Item, Result, Site, Value

# Data so small is often taken as a whole, and a batch that is too large for it does no harm.
_FEW = 128

# So many updates are many, even if each takes all the data.
_MANY_UPDATES = 200

# Steps after which an element of a pipeline may be something else than one example.
_GROUPING = frozenset(
    {"batch", "padded_batch", "ragged_batch", "sparse_batch", "rebatch", "window", "map", "flat_map", "interleave",
     "apply", "group_by_window", "bucket_by_sequence_length", "scan", "as_numpy_iterator"}
)  # fmt: skip


@check
def oversized_batch(program: Program) -> Reports:
    for step, feed in program.feeds:
        if (
            feed.size is None
            or feed.batch is None
            or feed.batch <= feed.size
            or not _is_literal(_asked_for(step, feed))
        ):
            continue
        data = quoted_data(program, feed, feed.site)
        if feed.keeps_tail is False:
            yield Report(
                feed.site,
                f"{data} has {feed.size} examples and not one whole batch of {feed.batch}: there is no step at all",
                trails.of_feed(feed),
                severity="error",
            )
        elif feed.keeps_tail and feed.size >= _FEW:
            updates = _epochs(step)
            if updates is not None and updates < _MANY_UPDATES:
                yield Report(
                    feed.site,
                    f"a batch of {feed.batch} is more than the {feed.size} examples there are: "
                    f"{updates} {'epochs are' if updates > 1 else 'epoch is'} no more than {updates} "
                    f"{'updates' if updates > 1 else 'update'}",
                    trails.of_feed(feed),
                )


def _asked_for(step: Call, feed: Feed) -> Value | None:
    """What the program says how large a batch shall be."""
    if feed.pipeline is not None:
        return feed.pipeline.batch.argument(0, "batch_size") if feed.pipeline.batch is not None else None
    return step.argument(2, "batch_size") if step.method == "fit" else None


def _is_literal(size: Value | None) -> bool:
    """Whether a size is written down, as opposed to computed from that of the data."""
    return isinstance(size, Constant)


def _epochs(step: Call) -> int | None:
    """How often a step goes through all the data; None where it cannot be told."""
    if step.method == "fit":
        return epochs_of(step) if step.argument(3, "epochs") is not None else 1
    turns = [_turns(loop) for loop in step.context.loops[:-1]]
    return prod(turn for turn in turns if turn is not None) if None not in turns else None


def _turns(loop: Loop) -> int | None:
    match loop.iterable:
        case Result(call=call) if call.op in ("builtins.range", "tqdm.trange") and len(call.arguments) == 1:
            return integer_of(call.arguments[0])
    return None


@check
def single_example_batch(program: Program) -> Reports:
    for step, feed in program.feeds:
        if feed.batch == 1 and (feed.size is None or feed.size > 1) and _normalizes_features(program, step):
            yield Report(
                feed.site,
                "of a batch of one, BatchNormalization makes zeros: the layers before it get no gradient",
                trails.of_feed(feed),
            )
        elif _is_never_batched(feed) and _goes_straight_in(program, step, feed):
            site = _source(feed)
            yield Report(
                site,
                f"{quoted_data(program, feed, site)} is never put into batches: "
                "the model takes one example for a whole batch of them",
                trails.of_feed(feed),
            )


def _normalizes_features(program: Program, step: Call) -> bool:
    """Whether the model that a step trains has a BatchNormalization of one number for each feature and example."""
    models: list[Value] = [step.receiver] if step.receiver is not None else []
    for gradients in program.training:
        if gradients.call is step:
            models += [root for each in gradients.parameters or () for root in choices_of_root(each.root)]
    return any(normalizes_features(part) for model in models for part in parts_of(model))


def _is_never_batched(feed: Feed) -> bool:
    """Whether a pipeline surely brings single examples: vectors, or arrays with a single label."""
    pipeline = feed.pipeline
    if pipeline is None or pipeline.parts or len(pipeline.arrays or ()) != 2:
        return False
    if any(step.method in _GROUPING for step in pipeline.steps):
        return False
    features, labels = map(rank_of, pipeline.arrays or ())
    return features == 2 or (features is not None and features > 2 and labels == 1)


def _goes_straight_in(program: Program, step: Call, feed: Feed) -> bool:
    """Whether what comes out of a pipeline is given to a model as it is."""
    if step.method == "fit":
        return True
    return any(
        isinstance(given, Item) and isinstance(given.of, Element) and _comes_from(given.of, feed)
        for forward in program.forwards
        if forward.context.loops[-1:] == step.context.loops[-1:]
        for given in forward.arguments[:1]
    )


def _comes_from(element: Element, feed: Feed) -> bool:
    data = dataset_behind(element.of)
    last = feed.pipeline.steps[-1] if feed.pipeline is not None and feed.pipeline.steps else None
    source = last or (feed.pipeline.source if feed.pipeline is not None else None)
    return kinds.of(data) == "dataset" and isinstance(data, Result) and data.call is source


def _source(feed: Feed) -> Site:
    return feed.pipeline.source.site if feed.pipeline is not None else feed.site
