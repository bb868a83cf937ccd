"""Streams: what can be gone through only once, and what never comes to an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.pipelines import Pipeline, pipeline_of
from tapelint.program.trace import Call, Context, Frame, Loop, Trace
from tapelint.program.values import Constant, Function, Result, Site, Value, alternatives, is_none
from tapelint.syntax import tree
from tapelint.syntax.nodes import children

# What gives an iterator, which is used up when it has been gone through.
_ITERATORS = frozenset(
    {"builtins.iter", "builtins.zip", "builtins.enumerate", "builtins.filter", "builtins.map", "builtins.reversed",
     "tensorflow.data.Dataset.as_numpy_iterator", "tensorflow.data.Dataset.__iter__", "itertools.chain"}
)  # fmt: skip

# What goes through all of its first argument, each time anew if that can be gone through anew.
_PASSING = frozenset({"builtins.enumerate", "builtins.iter", "builtins.reversed"})


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """An iterator that can be gone through once, and where it was made. `function` is the generator it comes from."""

    site: Site
    context: Context
    function: Function | None = None
    of: Value | None = None

    def is_made_outside(self, loop: Loop) -> bool:
        """Whether it is there before `loop` begins, and so the same in each of its turns."""
        return all(one is not loop for one in self.context.loops)

    @property
    def endless(self) -> bool:
        """Whether it surely never ends."""
        if self.function is not None:
            return never_ends(self.function)
        pipeline = pipeline_of(self.of) if self.of is not None else None
        return pipeline is not None and is_endless(pipeline)


class Streams:
    """The iterators of a program, by the values that are gone through."""

    def __init__(self, trace: Trace) -> None:
        self._frames: dict[int, Frame] = {
            id(frame.generated): frame for frame in trace.frames if frame.generated is not None
        }
        self._expressions = {id(value): (site, context) for value, site, context in trace.generators}

    def made(self, value: Value) -> Stream | None:
        """The iterator that a value surely is; None for what can be gone through again."""
        options = alternatives(value)
        if len(options) != 1:
            return None
        frame = self._frames.get(id(options[0]))
        if frame is not None and frame.call_site is not None and frame.around is not None:
            return Stream(frame.call_site, frame.around, frame.function)
        if id(options[0]) in self._expressions:
            return Stream(*self._expressions[id(options[0])])
        match options[0]:
            case Result(call=call) if call.op in _ITERATORS:
                given = call.receiver if call.method is not None else call.argument(0)
                return Stream(call.site, call.context, of=given)
        return None

    def gone_through(self, loop: Loop) -> Iterator[Stream]:
        """The iterators that a loop uses up, itself or through what counts or shows its turns."""
        pending = [loop.iterable] if loop.iterable is not None else []
        while pending:
            value = pending.pop()
            stream = self.made(value)
            if stream is not None:
                yield stream
            if isinstance(value, Result) and _passes(value.call):
                pending.extend(value.call.arguments[:1])


def _passes(call: Call) -> bool:
    return call.op in _PASSING or (call.op or "").startswith("tqdm.")


def never_ends(function: Function) -> bool:
    """Whether a generator function goes on for ever: it comes to a `while True` that nothing leaves."""
    return any(_is_for_ever(statement) for statement in function.node.body)


def surely_ends(function: Function) -> bool:
    """Whether a generator function comes to an end, after one loop over a range of numbers."""
    loops = [node for node in _inside(function.node) if isinstance(node, (tree.For, tree.While))]
    return len(loops) == 1 and isinstance(loops[0], tree.For) and _counts(loops[0].iterable)


def _counts(iterable: tree.Expression) -> bool:
    if not isinstance(iterable, tree.Call):
        return False
    function = iterable.function
    name = function.name if isinstance(function, (tree.Name, tree.Attribute)) else ""
    return name in ("range", "arange", "trange")


def _is_for_ever(node: tree.Node) -> bool:
    if not isinstance(node, tree.While):
        return False
    test = node.test
    always = isinstance(test, tree.Constant) and bool(test.value)
    return always and not any(_leaves(inner) for inner in _inside(node))


def _leaves(node: tree.Node) -> bool:
    return isinstance(node, (tree.Return, tree.Raise)) or (isinstance(node, tree.Jump) and node.kind == "break")


def _inside(node: tree.Node) -> Iterator[tree.Node]:
    """Every node below another, but for those of functions inside."""
    pending = list(children(node))
    while pending:
        one = pending.pop()
        yield one
        if not isinstance(one, (tree.Function, tree.Class, tree.Lambda)):
            pending.extend(children(one))


def is_endless(pipeline: Pipeline) -> bool:
    """Whether a pipeline surely never ends."""
    endless = pipeline.source.op == "tensorflow.data.Dataset.from_generator" and _generates_for_ever(pipeline.source)
    for step in pipeline.steps:
        if step.method == "repeat":
            endless = endless or repeats_for_ever(step)
        elif step.method in ("take", "take_while", "apply", "zip", "flat_map", "interleave", "reduce"):
            return False
    return endless and not pipeline.parts


def _generates_for_ever(source: Call) -> bool:
    generator = source.argument(0, "generator")
    return isinstance(generator, Function) and generator.node.is_generator and never_ends(generator)


def repeats_for_ever(repeat: Call) -> bool:
    """Whether a `repeat` has no count."""
    count = repeat.argument(0, "count")
    return not repeat.opaque and (
        count is None or is_none(count) or (isinstance(count, Constant) and integer_of(count) == -1)
    )


def passes_of(pipeline: Pipeline) -> int | None:
    """How often a pipeline goes through its examples before it ends; None for ever, or where it cannot be told."""
    times = 1
    for step in pipeline.steps:
        if step.method == "repeat":
            count = integer_of(step.argument(0, "count"))
            if count is None or count < 0:
                return None
            times *= count
    return times


def generator_of(data: Value, streams: Streams) -> Stream | None:
    """The iterator of a generator function that a value is."""
    stream = streams.made(data) if kinds.of(data) is None else None
    return stream if stream is not None and stream.function is not None else None
