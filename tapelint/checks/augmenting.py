"""Checks of random changes to examples that are the same in every epoch."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.feeding import quoted_pipeline
from tapelint.checks.registry import check
from tapelint.checks.relinking import moved_before, without_argument
from tapelint.checks.repairs import Repair
from tapelint.checks.report import Report, Reports
from tapelint.program.augmentations import Augmentation, augmentations, follows_global_seed, is_seeded
from tapelint.program.pipelines import Pipeline, redraws
from tapelint.program.program import Program

_SEEDS = ("tensorflow.random.set_seed", "keras.utils.set_random_seed", "tensorflow.compat.v1.set_random_seed")


@check
def cached_augmentation(program: Program) -> Reports:
    for pipeline in _gone_through_again(program):
        cache = pipeline.last("cache")
        if cache is None:
            continue
        for augmentation in augmentations(program.trace, pipeline):
            if pipeline.comes_after(cache, augmentation.step):
                yield Report(
                    cache.site,
                    f"{quoted_pipeline(program, cache)} caches what was changed at random: "
                    "every epoch gets the changes of the first",
                    trails.distinct(
                        [
                            *((draw.site, "this draws a change") for draw in augmentation.draws[:1]),
                            (augmentation.step.site, "the examples are changed at random here"),
                            (cache.site, "and cached here"),
                        ]
                    ),
                    fix=moved_before(program, cache, augmentation.step),
                )
                break


def _gone_through_again(program: Program) -> list[Pipeline]:
    """The pipelines that train for several epochs."""
    return [feed.pipeline for _, feed in program.feeds if feed.pipeline is not None and feed.epochs]


@check
def repeated_augmentation(program: Program) -> Reports:
    for pipeline in _gone_through_again(program):
        for augmentation in augmentations(program.trace, pipeline):
            reason = _why_repeated(program, augmentation)
            if reason is not None and _meets_the_same_examples(pipeline, augmentation):
                data = quoted_pipeline(program, augmentation.step)
                yield Report(
                    augmentation.step.site,
                    f"{data} is changed in the same way in every epoch: {reason}",
                    trails.distinct(
                        [
                            *((draw.site, "this draws a change") for draw in augmentation.draws[:1]),
                            (augmentation.step.site, "the examples are changed here"),
                        ]
                    ),
                    fix=_without_seeds(program, augmentation),
                )
                break


def _why_repeated(program: Program, augmentation: Augmentation) -> str | None:
    """Why each pass draws the same numbers; None if one of them may differ."""
    if not augmentation.serial or not augmentation.draws:
        return None
    if all(map(is_seeded, augmentation.draws)):
        return "its seed begins anew with each pass"
    seeds = [call for call in program.calls(*_SEEDS) if call.order < augmentation.step.order and not call.context.loops]
    if seeds and all(is_seeded(draw) or follows_global_seed(draw) for draw in augmentation.draws):
        return "with a global seed, what a `map` draws begins anew with each pass"
    return None


def _without_seeds(program: Program, augmentation: Augmentation) -> Repair | None:
    """The repair by which the operations draw without a seed, if the program has none for all of them."""
    if not all(map(is_seeded, augmentation.draws)) or any(True for _ in program.calls(*_SEEDS)):
        return None
    changes = [without_argument(program, draw, "seed") for draw in augmentation.draws]
    known = tuple(change for change in changes if change is not None)
    return Repair("draw without a seed", "unsafe", known) if len(known) == len(changes) else None


def _meets_the_same_examples(pipeline: Pipeline, augmentation: Augmentation) -> bool:
    """Whether what is drawn first changes the same example in each pass, which begins anew with each epoch."""
    before = pipeline.before(augmentation.step)
    shuffled = any(step.method == "shuffle" and redraws(step) for step in before)
    after = pipeline.steps[len(before) :]
    known = pipeline.arrays is not None or pipeline.reads_files
    return known and not shuffled and not any(step.method in ("repeat", "cache") for step in [*before, *after])
