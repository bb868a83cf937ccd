"""Observations about the order and the size of the batches that a program trains on."""

import dataclasses
import itertools

from tapelint.finding import Verdict
from tapelint.probe.observations.registry import late, observation
from tapelint.probe.observations.scenes import ENOUGH, fits_near, strongest, unreached
from tapelint.probe.observations.wording import counted, listed, said
from tapelint.probe.scene import Scene, only
from tapelint.record import Fit, Passage, Pipeline, Record

BATCHING = ("batch", "padded_batch", "ragged_batch", "dense_to_ragged_batch")

TENTH = 10
"""The part of the data below which a buffer is small."""


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
def batches_shuffled(scene: Scene) -> Verdict:
    """What is shuffled are batches: those of one epoch come again as a whole in the next."""
    for pipeline in _pipelines(scene):
        names = [operation.name for operation in pipeline.operations]
        if "shuffle" not in names:
            continue
        batch = max((number for number, name in enumerate(names) if name in BATCHING), default=None)
        if batch is None or names.index("shuffle") < batch:
            return Verdict("refuted", "the pipeline shuffles examples and makes batches of them afterwards")
        again = [passage for passage in pipeline.passages if passage.digests][:2]
        seen = f"the pipeline makes batches of {pipeline.operations[batch].batch}, and then shuffles them"
        if len(again) == 2:
            whole = len(set(again[0].digests) & set(again[1].digests))
            seen += f": of the first {len(again[1].digests)} of the second epoch, {whole} are among those of the first"
        return Verdict("confirmed", seen)
    return unreached(scene.record)


@observation
def small_buffer(scene: Scene) -> Verdict:
    """The buffer of a shuffle is a small part of what there is to shuffle."""
    for pipeline in _pipelines(scene):
        buffers = [one.buffer for one in pipeline.operations if one.name == "shuffle" and one.buffer is not None]
        if not buffers or pipeline.examples is None:
            continue
        size = counted(pipeline.examples, "example")
        if max(buffers) * TENTH < pipeline.examples:
            return Verdict("confirmed", f"{size} went through a buffer of {max(buffers)}")
        return Verdict("refuted", f"{size} went through a buffer of {max(buffers)}")
    return unreached(scene.record)


@observation
def one_step_epochs(scene: Scene) -> Verdict:
    """An epoch took one step, or none."""
    steps = [epoch.steps for fit in fits_near(scene) for epoch in fit.epochs]
    steps += [len(passage.sizes) for _, passage in _whole_passages(scene)]
    if not steps:
        return unreached(scene.record, "at the end of an epoch")
    if max(steps) > 1:
        return Verdict("refuted", f"an epoch took {counted(max(steps), 'step')}")
    return Verdict("confirmed", f"an epoch took {counted(max(steps), 'step')}, {counted(len(steps), 'time')}")


@observation
def single_examples(scene: Scene) -> Verdict:
    """Examples that came one by one were refused, or gave no gradient."""
    error = scene.record.exception
    if error is not None and (scene.at([error]) or "hape" in error.message):
        return Verdict("confirmed", said(error.kind, error.message))
    fits = {fit.number for fit in fits_near(scene) if fit.batch == 1 or fit.batch is None}
    calls = [call for call in scene.record.gradients if call.fit in fits or call.fit is None]
    ones = {size for pipeline in _pipelines(scene) for passage in pipeline.passages for size in passage.sizes} == {1}
    if not calls or not (ones or any(fit.batch == 1 for fit in fits_near(scene))):
        return unreached(scene.record, "at a batch of one")
    zero = set.intersection(*({one.name for one in call.sources if one.gradient == "zero"} for call in calls))
    if zero:
        return Verdict("confirmed", f"the gradient of {listed(sorted(zero))} was zero in {counted(len(calls), 'step')}")
    return Verdict("refuted", f"every variable had a gradient in {counted(len(calls), 'step')}")


@observation
def repeated_examples(scene: Scene) -> Verdict:
    """Two epochs delivered bit for bit the same examples, in whatever order."""
    for pipeline in _pipelines(scene):
        passages = [passage for passage in pipeline.passages if passage.rows and not passage.again]
        for first, second in itertools.pairwise(passages):
            if len(first.rows) != len(second.rows) or len(set(first.rows)) < ENOUGH:
                continue
            same, total = len(set(first.rows) & set(second.rows)), len(set(second.rows))
            seen = f"{same} of {counted(total, 'example')} of the second epoch were in the first, bit for bit"
            return Verdict("confirmed" if same == total else "refuted", seen)
    return unreached(scene.record, "in a second epoch")


@observation
@late
def data_runs_out(scene: Scene) -> Verdict:
    """The data ended before the training did, or has no end that the training could come to."""
    for loop in scene.near(scene.record.loops):
        if loop.vain:
            again = f"it was gone through {counted(loop.vain, 'time')} more, and there was nothing left"
            return Verdict("confirmed", f"after `{loop.name}` had given {loop.given} in all, {again}")
    for pipeline in _pipelines(scene):
        vain = max((passage.vain for passage in pipeline.passages), default=0)
        if vain and pipeline.fit is None:
            batches = counted(max(len(passage.sizes) for passage in pipeline.passages), "batch")
            return Verdict(
                "confirmed", f"after {batches} more was asked for, {counted(vain, 'time')}, and there was none"
            )
    fits = fits_near(scene)
    for fit in fits:
        if any("ran out of data" in warned.text for warned in scene.record.warnings) or _is_uneven(fit):
            steps = listed([str(epoch.steps) for epoch in fit.epochs])
            return Verdict("confirmed", f"the data ran out: the epochs took {steps} steps")
        if fit.batches is None and any(one.endless and one.fit == fit.number for one in scene.record.pipelines):
            return Verdict("confirmed", "the pipeline has no end, and nothing says how many steps an epoch has")
    passed = [passage for pipeline in _pipelines(scene) for passage in pipeline.passages if passage.ended]
    if passed or any(fit.epochs for fit in fits):
        return Verdict("refuted", "every epoch had its batches")
    return unreached(scene.record)


def _is_uneven(fit: Fit) -> bool:
    return not fit.cut and len({epoch.steps for epoch in fit.epochs}) > 1


@observation
def result_unused(scene: Scene) -> Verdict:
    """A pipeline was made that nobody took anything from, or an array that nobody kept."""
    makings = [making for making in scene.record.makings if scene.stands_on(making.where)]
    unused = [making for making in makings if not making.used]
    if unused:
        times = f", {unused[0].made} times" if unused[0].made > 1 else ""
        fate = "dropped at once" if unused[0].returned else "never gone through"
        return Verdict("confirmed", f"what `{unused[0].operation}` made{times} was {fate}")
    if makings:
        return Verdict("refuted", "everything that was made here was used")
    return unreached(scene.record)


@observation
def parts_overlap(scene: Scene) -> Verdict:
    """Examples that are held out are also trained on."""
    for fit in fits_near(scene):
        if fit.held_out is not None and fit.shared is not None:
            return _overlap(fit.shared, fit.held_out)
    trained: set[str] = set()
    held_out: set[str] = set()
    for pipeline in _through(scene):
        for passage in pipeline.passages:
            learned = passage.trained or (pipeline.fit is not None and pipeline.name != "evaluation")
            (trained if learned else held_out).update(passage.rows)
    if not trained or not held_out:
        return unreached(scene.record, "in both parts of the split")
    return _overlap(len(trained & held_out), len(held_out))


def _overlap(shared: int, held_out: int) -> Verdict:
    if shared:
        return Verdict("confirmed", f"{shared} of {counted(held_out, 'example')} held out are trained on as well")
    return Verdict("refuted", f"none of {counted(held_out, 'example')} held out is trained on")


def _through(scene: Scene) -> list[Pipeline]:
    """The pipelines that go through what is made at the finding."""
    return [
        pipeline
        for pipeline in scene.record.pipelines
        if any(scene.holds(operation.where) for operation in pipeline.operations)
    ]


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
