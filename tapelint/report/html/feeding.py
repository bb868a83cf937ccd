"""The part of the page about the data: each pipeline as a chain, and each time through it."""

from collections.abc import Iterator
from itertools import groupby

from tapelint.record import Operation, Passage, Pipeline, Record
from tapelint.report.html.markup import Content, Html, joined, tag
from tapelint.report.html.tables import more, table
from tapelint.report.html.wording import NOTHING, count, place

MOST_SIZES = 4
MOST_PASSAGES = 12

AUTOMATIC = -1
"""What stands for a size that TensorFlow chooses."""


def data(record: Record) -> Html | None:
    """Every pipeline and array that was iterated; nothing where none was."""
    if not record.pipelines:
        return None
    return joined(tag("h3", "Data"), *(_pipeline(each, record.script) for each in record.pipelines))


def _pipeline(pipeline: Pipeline, script: str) -> Html:
    links = [
        tag("li", tag("span", pipeline.name or pipeline.kind, class_="operation"), _source(pipeline)),
        *_links(pipeline, script),
        tag("li", tag("span", "the loop", class_="operation"), tag("small", place(pipeline.where, script))),
    ]
    rows = [_passage(pipeline, number, each) for number, each in enumerate(pipeline.passages[:MOST_PASSAGES], start=1)]
    heads = ("passage", "batches", "sizes", "order")
    passages = table("Each time through it", heads, rows) if rows else None
    return joined(tag("ol", *links, class_="chain"), passages, more(len(pipeline.passages) - len(rows), "passage"))


def _source(pipeline: Pipeline) -> Html:
    known = [
        "endless" if pipeline.endless else None,
        None if pipeline.examples is None else count(pipeline.examples, "example"),
        None if pipeline.cardinality is None else f"{pipeline.cardinality:,} batches",
    ]
    return tag("small", ", ".join(filter(None, known)))


def _links(pipeline: Pipeline, script: str) -> Iterator[Html]:
    """The operations of the program; those that `fit` adds are one."""
    line = pipeline.where and pipeline.where.spot
    for fits, group in groupby(
        pipeline.operations,
        lambda each: pipeline.fit is not None and each.where == line,
    ):
        if fits:
            yield tag("li", tag("span", "fit", class_="operation"), tag("small", "cuts batches of its own"))
        else:
            yield from (_link(operation, script) for operation in group)


def _link(operation: Operation, script: str) -> Html:
    known = {
        "buffer": operation.buffer,
        "batch": operation.batch,
        "count": operation.count,
        "drop_remainder": operation.drop_remainder,
        "reshuffle": operation.reshuffle,
    }
    told = ", ".join(f"{key} {_value(value)}" for key, value in known.items() if value is not None)
    where = joined(tag("small", place(operation.where, script))) if operation.where else None
    return tag("li", tag("span", operation.name, class_="operation"), tag("small", told) if told else None, where)


def _value(value: int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "automatic" if value == AUTOMATIC else f"{value:,}"


def _passage(pipeline: Pipeline, number: int, passage: Passage) -> list[Content]:
    kinds = sorted(set(passage.sizes), reverse=True)
    sizes = ", ".join(map(str, kinds[:MOST_SIZES])) + (", \u2026" if len(kinds) > MOST_SIZES else "")
    told = f"{number}, by the probe" if passage.again else str(number)
    seen = f"{len(passage.sizes):,}" + ("" if passage.ended else ", then cut short")
    return [told, seen, sizes or NOTHING, _order(pipeline, number, passage)]


def _order(pipeline: Pipeline, number: int, passage: Passage) -> str:
    """Whether the batches came as they did the first time, as far as both were seen."""
    if number == 1:
        return "the first"
    first = pipeline.passages[0].digests
    common = min(len(first), len(passage.digests))
    if not common:
        return NOTHING
    return "as the first" if first[:common] == passage.digests[:common] else "another"
