"""Checks of where in a pipeline its examples are shuffled, and how well."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks import trails
from tapelint.checks.feeding import keeps_order_between, quoted_pipeline
from tapelint.checks.registry import check
from tapelint.checks.relinking import count_of, moved_before, set_first
from tapelint.checks.repairs import Repair
from tapelint.checks.report import Report, Reports
from tapelint.program.arrays import is_permuted
from tapelint.program.feeds import Feed, fixed_order
from tapelint.program.pipelines import Pipeline, buffer_of, redraws
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors
from tapelint.program.trace import Call
from tapelint.program.values import Result

# With fewer batches their order hardly matters.
_SEVERAL = 4

# The part of the data below which a buffer hardly moves an example from its place.
_TENTH = 10


@check
def shuffle_after_batch(program: Program) -> Reports:
    for pipeline in _mixed_for_training(program):
        batch, shuffle = pipeline.last_batch, pipeline.last("shuffle")
        if batch is None or shuffle is None or not pipeline.comes_after(shuffle, batch):
            continue
        if pipeline.batch_size == 1 or not _comes_in_order(pipeline, batch):
            continue
        yield Report(
            shuffle.site,
            f"{quoted_pipeline(program, shuffle)} shuffles whole batches: "
            "each has the same examples in every epoch, whatever their order",
            trails.distinct([(batch.site, "the batches are made here"), (shuffle.site, "they are shuffled here")]),
            fix=moved_before(program, shuffle, batch) if _is_large_enough(pipeline, shuffle) else None,
        )


def _is_large_enough(pipeline: Pipeline, shuffle: Call) -> bool:
    """Whether the buffer is not surely too small for examples, where it held batches."""
    buffer = buffer_of(shuffle)
    return pipeline.size is None or buffer is None or buffer * _TENTH >= pipeline.size


def _mixed_for_training(program: Program) -> Iterator[Pipeline]:
    """The pipelines that train, and those of features and labels that nobody in view takes: who shuffles will train."""
    for _, feed in program.feeds:
        if feed.pipeline is not None:
            yield feed.pipeline
    for pipeline in program.loose_pipelines:
        if len(pipeline.arrays or ()) > 1:
            yield pipeline


def _comes_in_order(pipeline: Pipeline, batch: Call) -> bool:
    """Whether nothing before the batches mixes the examples, neither a step nor who has made the arrays."""
    before = pipeline.steps[: pipeline.steps.index(batch)]
    return (
        not any(step.method == "shuffle" for part in pipeline.parts for step in part.steps)
        and keeps_order_between(before)
        and (pipeline.arrays is not None or pipeline.reads_files)
        and not any(map(is_permuted, pipeline.arrays or ()))
    )


@check
def small_shuffle_buffer(program: Program) -> Reports:
    for _, feed in program.feeds:
        pipeline = feed.pipeline
        shuffle = pipeline.step("shuffle") if pipeline is not None else None
        if pipeline is None or shuffle is None or not _is_ordered_meaningfully(feed, pipeline, shuffle):
            continue
        size, buffer = pipeline.size_before(shuffle), buffer_of(shuffle)
        if size is not None and buffer is not None and buffer * _TENTH < size:
            yield Report(
                shuffle.site,
                f"{quoted_pipeline(program, shuffle)} stays nearly in its order: "
                f"a buffer of {buffer} for {size} examples moves them by no more than that",
                trails.of_feed(feed),
                fix=_with_buffer_for(program, pipeline, shuffle),
            )


def _with_buffer_for(program: Program, pipeline: Pipeline, shuffle: Call) -> Repair | None:
    """The repair by which the buffer is as large as the data."""
    text = count_of(program, pipeline, shuffle)
    if text is None:
        return None
    return Repair(
        f"give the shuffle a buffer of `{text}`", "unsafe", (set_first(program, shuffle, "buffer_size", text),)
    )


def _is_ordered_meaningfully(feed: Feed, pipeline: Pipeline, shuffle: Call) -> bool:
    """Whether examples come to the only shuffle one by one, in an order that means something and matters."""
    others = [step for step in pipeline.steps if step is not shuffle]
    return (
        feed.labelled
        and fixed_order(feed)
        and not any(_is_mixed_by_its_makers(value) for array in feed.arrays for value in ancestors(array))
        and (feed.batches is None or feed.batches >= _SEVERAL)
        and keeps_order_between(others)
        and (pipeline.batch is None or pipeline.comes_after(pipeline.batch, shuffle))
    )


def _is_mixed_by_its_makers(value: object) -> bool:
    """Whether this loads a data set that Keras ships: those come well mixed."""
    return isinstance(value, Result) and (value.call.op or "").startswith("keras.datasets.")


@check
def frozen_shuffle(program: Program) -> Reports:
    for _, feed in program.feeds:
        pipeline = feed.pipeline
        if pipeline is None or not feed.epochs or (feed.batches is not None and feed.batches < _SEVERAL):
            continue
        shuffle, cache = pipeline.last("shuffle"), pipeline.last("cache")
        if shuffle is None or cache is None or not pipeline.comes_after(cache, shuffle) or not redraws(shuffle):
            continue
        yield Report(
            cache.site,
            f"{quoted_pipeline(program, cache)} keeps the order of its first epoch for ever: "
            "what is shuffled is cached, and not shuffled again",
            trails.distinct([(shuffle.site, "it is shuffled here"), (cache.site, "and cached here")]),
            fix=moved_before(program, cache, shuffle),
        )
