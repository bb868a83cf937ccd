"""Checks of data that ends before the training does, or that never ends."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.relinking import links, without_argument
from tapelint.checks.repairs import Move, RemoveLink, Repair
from tapelint.checks.report import Report, Reports
from tapelint.checks.wording import argument
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.feeds import Feed, feed_of_fit, feed_of_pipeline
from tapelint.program.fits import epochs_of
from tapelint.program.pipelines import pipeline_of
from tapelint.program.program import Program
from tapelint.program.streams import Stream, Streams, generator_of, is_endless, never_ends, passes_of, surely_ends
from tapelint.program.trace import Call, Loop
from tapelint.program.values import Result, Site, Value, is_none
from tapelint.program.wrappers import TAKES_STEP
from tapelint.syntax import tree


@check
def exhausted_data(program: Program) -> Reports:
    streams = Streams(program.trace)
    yield from _used_up_in_loops(program, streams)
    yield from _asked_too_often(program, streams)
    for fit in program.all_fits:
        if not fit.opaque:
            yield from _wrong_for_fit(program, fit, streams)


def _used_up_in_loops(program: Program, streams: Streams) -> Reports:
    """Loops over an iterator inside of another loop, which was made before both: it is empty in the second turn."""
    seen: set[Site] = set()
    for loop in _working_loops(program):
        outer = loop.parent
        if loop.broken or loop.kind != "for":
            continue
        for stream in streams.gone_through(loop):
            if outer is None or not _turns_again(outer) or not stream.is_made_outside(outer) or stream.site in seen:
                continue
            seen.add(stream.site)
            name = program.name(stream.site)
            yield Report(
                stream.site,
                f"{f'`{name}`' if name else 'the iterator'} "
                + (
                    "never ends, and so the loop around it never comes to its second turn"
                    if stream.endless
                    else "is used up by the first turn of the loop around it: the later epochs have no batch"
                ),
                trails.distinct(
                    [
                        (stream.site, "the iterator is made here, once"),
                        (outer.site, "this loop begins afterwards"),
                        (loop.site, "and goes through it again in every turn"),
                    ]
                ),
                fix=None if stream.endless else _made_anew(program, stream, outer),
            )


def _made_anew(program: Program, stream: Stream, outer: Loop) -> Repair | None:
    """The repair by which the iterator is made in each turn of the loop, where both stand in one block."""
    module = stream.site.module
    nodes = program.nodes(module)
    statement = next((one for one in nodes.parents(stream.site.node) if isinstance(one, tree.Statement)), None)
    if outer.site.module is not module or not isinstance(statement, tree.Assign) or len(statement.targets) != 1:
        return None
    body = getattr(next(nodes.parents(statement.id), None), "body", [])
    if not isinstance(statement.targets[0], tree.Name) or not any(one.id == outer.site.node for one in body):
        return None
    title = f"make `{statement.targets[0].name}` anew in each turn of the loop"
    return Repair(title, "unsafe", (Move(stream.site, "first", outer.site),))


def _asked_too_often(program: Program, streams: Streams) -> Reports:
    """Calls of `next` in loops that have more turns than the iterator has batches."""
    for call in program.calls("builtins.next"):
        stream = streams.made(call.arguments[0]) if len(call.arguments) == 1 else None
        pipeline = pipeline_of(stream.of) if stream is not None and stream.of is not None else None
        there = _batches(feed_of_pipeline(pipeline)) if pipeline is not None else None
        if stream is None or there is None or _is_tried(program, call):
            continue
        turns = [_turns(loop) for loop in call.context.loops if stream.is_made_outside(loop)]
        asked = prod(turn for turn in turns if turn is not None) if None not in turns else 0
        if asked > there and not call.context.branches:
            name = argument(program, call, 0)
            yield Report(
                call.site,
                f"{f'`{name}`' if name else 'the iterator'} has {there} batches and is asked for {asked}: "
                "`next` raises when they are used up",
                trails.distinct([(stream.site, "the iterator is made here, once"), (call.site, "it is asked here")]),
            )


def _turns(loop: Loop) -> int | None:
    """How many turns a loop has that counts, and that nothing ends before."""
    match loop.iterable:
        case Result(call=call) if call.op == "builtins.range" and len(call.arguments) == 1 and not loop.broken:
            return integer_of(call.arguments[0])
    return None


def _is_tried(program: Program, call: Call) -> bool:
    """Whether somebody is ready for an exception."""
    return any(isinstance(one, tree.Try) for one in program.nodes(call.site.module).parents(call.site.node))


def _working_loops(program: Program) -> list[Loop]:
    """The innermost loops in which something is learnt or scored."""
    working = [gradients.call for gradients in program.training]
    working += [update.call for update in program.updates]
    working += program.evaluations
    working += program.calls("keras.Model.train_on_batch", "keras.Model.test_on_batch", TAKES_STEP)
    loops = {id(call.context.loops[-1]): call.context.loops[-1] for call in working if call.context.loops}
    return list(loops.values())


def _turns_again(loop: Loop) -> bool:
    """Whether a loop may have a second turn."""
    if loop.kind == "comprehension" or (loop.broken and loop.kind == "while"):
        return False
    match loop.iterable:
        case Result(call=call) if call.op == "builtins.range" and len(call.arguments) == 1:
            return integer_of(call.arguments[0]) != 1
    return True


def _wrong_for_fit(program: Program, fit: Call, streams: Streams) -> Reports:
    data, steps = fit.argument(0, "x"), fit.argument(12, "steps_per_epoch")
    if data is None:
        return
    counted = steps is not None and not is_none(steps)
    made = generator_of(data, streams)
    name = _named(program, fit, 0, "x")
    if not counted and _has_no_end(data, made):
        message = f"{name} never ends, and without `steps_per_epoch` neither does the first epoch"
        yield _report(fit, made, message, _without_repeat(program, data))
    elif not counted and made is not None and made.function is not None and surely_ends(made.function):
        again = any(_turns_again(loop) and made.is_made_outside(loop) for loop in fit.context.loops)
        if again:
            yield _report(
                fit, made, f"{name} is a generator, used up in the first turn of the loop: then data runs out"
            )
        elif _has_several_epochs(fit):
            yield _report(
                fit, made, f"{name} is a generator, used up in the first epoch: the later ones run out of data"
            )
    elif counted:
        yield from _miscounted(program, fit, integer_of(steps))
    held_out, counted_too = fit.argument(7, "validation_data"), fit.argument(13, "validation_steps")
    if held_out is not None and (counted_too is None or is_none(counted_too)):
        validated = generator_of(held_out, streams)
        if _has_no_end(held_out, validated):
            name = _named(program, fit, 7, "validation_data")
            yield _report(
                fit, validated, f"{name} never ends, and without `validation_steps` neither does the validation"
            )


def _without_repeat(program: Program, data: Value) -> Repair | None:
    """The repair by which a pipeline ends: its `repeat`, one link of a longer chain, goes."""
    pipeline = pipeline_of(data) if kinds.of(data) == "dataset" else None
    repeats = [step for step in pipeline.steps if step.method == "repeat"] if pipeline is not None else []
    if len(repeats) != 1:
        return None
    node = program.nodes(repeats[0].site.module)[repeats[0].site.node]
    chain = list(links(node))
    return Repair("do without `repeat`", "unsafe", (RemoveLink(repeats[0].site),)) if len(chain) > 1 else None


def _report(fit: Call, made: Stream | None, message: str, fix: Repair | None = None) -> Report:
    origin = made.site if made is not None else None
    return Report(
        fit.site,
        message,
        trails.distinct([(origin, "the generator is made here"), (fit.site, "it is used up here")]),
        fix=fix,
    )


def _named(program: Program, fit: Call, position: int, keyword: str) -> str:
    text = argument(program, fit, position, keyword)
    return f"`{text}`" if text is not None else "the data"


def _has_no_end(data: Value, made: Stream | None) -> bool:
    if made is not None and made.function is not None:
        return never_ends(made.function)
    pipeline = pipeline_of(data) if kinds.of(data) == "dataset" else None
    return pipeline is not None and is_endless(pipeline)


def _has_several_epochs(fit: Call) -> bool:
    epochs = epochs_of(fit)
    return fit.argument(3, "epochs") is not None and (epochs is None or epochs > 1)


def _miscounted(program: Program, fit: Call, steps: int | None) -> Iterator[Report]:
    """Steps that ask for more batches than there are, or for fewer than an epoch has, again and again."""
    feed = feed_of_fit(fit)
    there = _batches(feed) if feed is not None else None
    epochs = epochs_of(fit) if fit.argument(3, "epochs") is not None else 1
    if steps is None or there is None or epochs is None or feed is None:
        return
    asked = steps * epochs if feed.pipeline is not None else steps
    if asked > there and steps != there:
        name = _named(program, fit, 0, "x")
        wish = f"{epochs} epochs of {steps} steps" if epochs > 1 and feed.pipeline is not None else f"{steps} steps"
        yield Report(
            fit.site,
            f"{wish} ask for {asked} batches, and {name} has {there}: training runs out of data",
            trails.of_feed(feed),
            fix=_uncounted(program, fit),
        )


def _uncounted(program: Program, fit: Call) -> Repair | None:
    change = without_argument(program, fit, "steps_per_epoch")
    return Repair("let Keras count the steps", "unsafe", (change,)) if change is not None else None


def _batches(feed: Feed) -> int | None:
    """How many batches there are before the data ends."""
    if feed.size is None or not feed.batch or feed.keeps_tail is None:
        return None
    once = -(-feed.size // feed.batch) if feed.keeps_tail else feed.size // feed.batch
    times = passes_of(feed.pipeline) if feed.pipeline is not None else 1
    return once * times if times is not None else None
