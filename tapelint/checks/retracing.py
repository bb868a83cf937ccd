"""Checks of how often a function is traced: every new Python value, shape or `tf.function` object makes a new graph."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.captures import name_of
from tapelint.checks.registry import check
from tapelint.checks.repairs import Move, Repair, Replace, SetArgument, Surround
from tapelint.checks.report import Report, Reports
from tapelint.checks.trails import distinct
from tapelint.program.changes import changing_number
from tapelint.program.execution.words import names_in
from tapelint.program.forms import changing_shape
from tapelint.program.graphs import graph_calls, is_eager, is_float, turns
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, context_of
from tapelint.program.spelling import spelling
from tapelint.program.trace import Frame, Loop
from tapelint.program.values import (
    Computed,
    Constant,
    Display,
    Element,
    Function,
    Instance,
    Mapping,
    Scope,
    Site,
    Value,
    Wrapping,
    alternatives,
)
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell
from tapelint.syntax.scopes import bound_names

# Fewer traces than this are not worth a word; TensorFlow itself warns at the fifth.
_MANY = 5


@check
def retracing_argument(program: Program) -> Reports:
    for frame in graph_calls(program):
        function, around = frame.function, frame.around
        if function is None or around is None or _has_signature(function) or frame.call_site is None:
            continue
        for name, value in frame.given.items():
            loop = _changing(program, value, around.loops)
            if loop is not None and _is_long(loop) and not _is_built_within(function, loop):
                site, text = _argument(program, frame, name)
                yield Report(
                    site,
                    f"{name_of(frame)} is traced again for every new value of {text}, a Python number",
                    ((function.site, "this is traced"), (loop.site, "the value changes with each turn")),
                    fix=_as_tensor(frame, value, site, text),
                )


def _as_tensor(frame: Frame, value: Value, site: Site, text: str) -> Repair | None:
    """Pass a tensor; not where the function would mix it with others, for an integer only goes with integers."""
    constant = spelling(site.module, "tensorflow.constant")
    mixes = any(isinstance(use.by, Computed) and frame in use.by.context.frame.stack() for use in value.uses)
    if (
        constant is None
        or site == frame.call_site
        or isinstance(value, (Display, Mapping))
        or (mixes and not is_float(value))
    ):
        return None
    return Repair(f"pass {text} as a tensor", "unsafe", (Surround(site, f"{constant}(", ")"),))


def _is_built_within(function: Function, loop: Loop) -> bool:
    return function.wrapping is not None and loop in function.wrapping.context.loops


def _has_signature(function: Function) -> bool:
    options = function.wrapping.options if function.wrapping is not None else {}
    return not {"input_signature", "experimental_follow_type_hints"}.isdisjoint(options)


def _changing(program: Program, value: Value, loops: tuple[Loop, ...]) -> Loop | None:
    """The loop with whose turns a Python number in `value` changes."""
    if isinstance(value, (Display, Mapping)):
        found = [_changing(program, part, loops) for part in value.operands()] if not value.open else []
        return next((loop for loop in found if loop is not None), None)
    return changing_number(program.trace, value, loops)


def _is_long(loop: Loop) -> bool:
    count = turns(loop)
    return count is None or count >= _MANY


def _argument(program: Program, frame: Frame, name: str) -> tuple[Site, str]:
    """Where the call passes what the parameter `name` stands for, and how the user spelled it."""
    site, function = frame.call_site, frame.function
    assert site is not None and function is not None
    call = program.nodes(site.module)[site.node]
    names = [parameter.name for parameter in function.node.parameters]
    position = names.index(name) - (1 if function.receiver is not None else 0)
    if isinstance(call, tree.Call) and not any(argument.star for argument in call.arguments):
        named = [argument for argument in call.arguments if argument.keyword == name]
        positional = [argument for argument in call.arguments if argument.keyword is None]
        passed = named or positional[position : position + 1] if len(frame.given) >= len(call.arguments) else []
        if passed and position >= 0:
            text = spell(passed[0].value)
            return Site(site.module, passed[0].value.id), f"`{text}`" if text else f"`{name}`"
    return site, f"`{name}`"


@check
def retracing_shape(program: Program) -> Reports:
    for frame in graph_calls(program):
        function, around = frame.function, frame.around
        if function is None or around is None or _has_signature(function) or _relaxes(function):
            continue
        for name, value in frame.given.items():
            found = changing_shape(program.trace, value, around.loops)
            if found is None or frame.call_site is None or not _is_long(found.loop) or name == "self":
                continue
            site, text = _argument(program, frame, name)
            yield Report(
                site,
                f"{name_of(frame)} is traced again for every new shape of {text}: {found.why}",
                distinct([(function.site, "this is traced"), (found.site, "the shape comes from here")]),
                fix=_for_any_shape(function, site),
            )


def _for_any_shape(function: Function, site: Site) -> Repair | None:
    """Ask for one graph for several shapes, where the function is decorated in the same file."""
    title = f"trace `{function.node.name}` once for all shapes"
    for decorator in function.node.decorators if function.site.module is site.module else ():
        place = Site(site.module, decorator.id)
        text = spell(decorator.function if isinstance(decorator, tree.Call) else decorator)
        if text is None or text != spelling(site.module, "tensorflow.function"):
            continue
        if isinstance(decorator, tree.Call):
            return Repair(title, "unsafe", (SetArgument(place, "reduce_retracing", "True"),))
        return Repair(title, "unsafe", (Replace(place, f"{text}(reduce_retracing=True)"),))
    return None


def _relaxes(function: Function) -> bool:
    """Whether a function is asked to make one graph for several shapes, or may be."""
    options = function.wrapping.options if function.wrapping is not None else {}
    asked = [options[name] for name in ("reduce_retracing", "experimental_relax_shapes") if name in options]
    return any(not isinstance(each, Constant) or bool(each.value) for each in asked)


@check
def tf_function_in_loop(program: Program) -> Reports:
    if is_eager(program):
        return
    told: set[int] = set()
    for frame in graph_calls(program):
        function = frame.function
        wrapping = function.wrapping if function is not None else None
        if function is None or wrapping is None or id(wrapping) in told or not wrapping.context.loops:
            continue
        loop = wrapping.context.loops[-1]
        if _is_one_of_many(program, function, wrapping, loop):
            continue
        if _is_built_for_each_turn(frame, wrapping, loop) and not _needs_to_be(function, loop):
            told.add(id(wrapping))
            yield Report(
                wrapping.site,
                f"{name_of(frame)} is made a new `tf.function` in every turn of the loop, and traced again each time",
                (
                    (loop.site, "the loop"),
                    *(((frame.call_site, "called here"),) if frame.call_site is not None else ()),
                ),
                fix=_before_loop(program, function, wrapping),
            )


def _is_one_of_many(program: Program, function: Function, wrapping: Wrapping, loop: Loop) -> bool:
    """Whether each turn of the loop brings another function to be compiled."""
    call = program.nodes(wrapping.site.module)[wrapping.site.node]
    given = call.arguments[0].value if isinstance(call, tree.Call) and call.arguments else None
    around = program.nodes(loop.site.module)[loop.site.node]
    target = bound_names([around]) if isinstance(around, tree.For) else frozenset()
    return isinstance(given, tree.Name) and given.name in loop.binds | target and given.name != function.node.name


def _before_loop(program: Program, function: Function, wrapping: Wrapping) -> Repair | None:
    """Make the function once, before the outermost loop that it has nothing to do with; only a statement can move."""
    anchor: Loop | None = None
    for loop in reversed(wrapping.context.loops[wrapping.context.frame.loops :]):
        if loop.kind == "comprehension" or _needs_to_be(function, loop):
            break
        anchor = loop
    place = wrapping.site
    statement = next(
        (each for each in _with_parents(program, place) if isinstance(each, tree.Statement)),
        None,
    )
    moves = isinstance(statement, tree.Function) or (
        isinstance(statement, tree.Assign) and statement.value.id == place.node
    )
    if anchor is None or anchor.site.module is not place.module or not moves:
        return None
    return Repair(f"make `{function.node.name}` once, before the loop", "unsafe", (Move(place, "before", anchor.site),))


def _with_parents(program: Program, place: Site) -> Iterator[tree.Node]:
    nodes = program.nodes(place.module)
    yield nodes[place.node]
    yield from nodes.parents(place.node)


def _is_built_for_each_turn(frame: Frame, wrapping: Wrapping, loop: Loop) -> bool:
    """Whether a graph is built in each turn of a loop, without a condition, and called in it."""
    around = frame.around
    if around is None or loop not in around.loops or not _is_long(loop) or loop.kind == "fit":
        return False
    if len(wrapping.context.branches) > loop.conditions:
        return False
    stands_in_loop = len(wrapping.context.loops) > wrapping.context.frame.loops
    return around.loops[-1] is loop or stands_in_loop


def _needs_to_be(function: Function, loop: Loop) -> bool:
    """Whether the function takes in something that the loop brings or makes: a model of its own in each turn."""
    return any(_comes_with(value, loop) for value in _taken_in(function))


def _taken_in(function: Function) -> Iterator[Value]:
    """What a function uses of its surroundings; of a function that it calls, all that this may use."""
    yield from function.operands()
    own = {parameter.name for parameter in function.node.parameters} | {function.node.name}
    for name in names_in(function.node) - own:
        scope: Scope | None = function.scope
        while scope is not None and (name not in scope.names or scope.kind == "class"):
            scope = scope.parent
        if scope is not None:
            yield scope.names[name]
            if isinstance(scope.names[name], Function) and scope.kind == "function":
                yield from (value for value in scope.names.values() if not isinstance(value, Function))


def _comes_with(value: Value, loop: Loop) -> bool:
    for option in alternatives(value):
        for one in ancestors(option):
            call = one.call if isinstance(one, Instance) else None
            context = call.context if call is not None else context_of(one)
            if context is not None and loop in context.loops:
                return True
            if isinstance(one, Element) and loop.iterable is not None and one.of is loop.iterable:
                return True
    return False
