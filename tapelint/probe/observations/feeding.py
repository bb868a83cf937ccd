"""Observations about the order and the size of the batches that a program trains on."""

import dataclasses
import itertools

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import observation
from tapelint.probe.observations.scenes import ENOUGH, strongest, unreached
from tapelint.probe.observations.wording import counted
from tapelint.probe.scene import Scene, only
from tapelint.record import Passage, Pipeline, Record


@observation
def repeated_order(scene: Scene) -> Verdict:
    """Two epochs delivered the same examples in the same order."""
    verdicts = [_order(pipeline) for pipeline in _pipelines(scene)]
    return strongest(verdicts) or unreached(scene.record, "in a second epoch")


def _order(pipeline: Pipeline) -> Verdict | None:
    passages = [passage for passage in pipeline.passages if passage.sizes]
    for first, second in itertools.pairwise(passages):
        length = min(len(first.digests), len(second.digests))
        if length < ENOUGH:
            continue
        alike = _alike(first, second, length)
        if alike is None:
            return Verdict("unable", "all batches look the same, so their order cannot be seen")
        if not alike:
            return Verdict("refuted", "the order of two epochs differs")
        if second.again:
            return Verdict("confirmed", f"asked a second time, the data begins with the same {length} batches")
        return Verdict("confirmed", f"two epochs begin with the same {length} batches")
    return None


def _alike(first: Passage, second: Passage, length: int) -> bool | None:
    """Whether some component that varies is the same in both; augmented images may go with labels that are not."""
    varied = False
    for left, right in zip(_components(first, length), _components(second, length), strict=False):
        if len(set(left)) > 1 and "" not in left:
            varied = True
            if left == right:
                return True
    return False if varied else None


def _components(passage: Passage, length: int) -> list[tuple[str, ...]]:
    """For each component of the data, the digests of its first batches."""
    return list(zip(*passage.digests[:length], strict=False))


@observation
def examples_unseen(scene: Scene) -> Verdict:
    """An epoch showed fewer examples than there are."""
    for pipeline, passage in _whole_passages(scene):
        shown, total = sum(passage.sizes), pipeline.examples
        if total is None:
            continue
        if shown < total:
            return Verdict("confirmed", f"an epoch shows {shown} of {counted(total, 'example')}")
        return Verdict("refuted", f"an epoch shows all {counted(total, 'example')}")
    return unreached(scene.record, "at the end of an epoch")


@observation
def uneven_batches(scene: Scene) -> Verdict:
    """The batches of one epoch differ in size."""
    for pipeline in _pipelines(scene):
        for passage in pipeline.passages:
            sizes = sorted(set(passage.sizes), reverse=True)
            if len(sizes) > 1:
                return Verdict("confirmed", f"an epoch has batches of {sizes[0]}, and one of {sizes[-1]}")
    for _, passage in _whole_passages(scene):
        count = counted(len(passage.sizes), "batch")
        return Verdict("refuted", f"all {count} of an epoch have {passage.sizes[0]} examples")
    return unreached(scene.record, "at the end of an epoch")


def _whole_passages(scene: Scene) -> list[tuple[Pipeline, Passage]]:
    lengths = {fit.number: fit.batches for fit in scene.record.fits}
    whole: list[tuple[Pipeline, Passage]] = []
    for pipeline in _pipelines(scene):
        length = pipeline.cardinality if pipeline.cardinality is not None else lengths.get(pipeline.fit or 0)
        whole.extend(
            (_with_examples(pipeline, scene.record), passage)
            for passage in pipeline.passages
            if passage.sizes and not passage.again and (passage.ended or len(passage.sizes) == length)
        )
    return whole


def _with_examples(pipeline: Pipeline, record: Record) -> Pipeline:
    """What `fit` makes of arrays does not know its examples; the call of `fit` does."""
    if pipeline.examples is not None or pipeline.fit is None:
        return pipeline
    examples = next((fit.examples for fit in record.fits if fit.number == pipeline.fit), None)
    return dataclasses.replace(pipeline, examples=examples)


def _pipelines(scene: Scene) -> list[Pipeline]:
    """The pipelines that were made or used at the finding; else the only one there is."""
    pipelines = [pipeline for pipeline in scene.record.pipelines if pipeline.name != "evaluation"]
    made = [pipeline for pipeline in pipelines if any(scene.holds(link.where) for link in pipeline.operations)]
    near = scene.at(pipelines) or made or scene.near(pipelines)
    return [pipeline for pipeline in near if pipeline.passages] or only(pipelines, lambda _: True)
