"""Runs statements: one pass over each body, branches side by side, loops once with their variables joined."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from tapelint.program.execution.expressions import truth
from tapelint.program.execution.imports import Imports
from tapelint.program.execution.library import decorate, makes_graphs, options_of
from tapelint.program.project import Module, Project
from tapelint.program.trace import Exit, Loop
from tapelint.program.values import (
    WIDEST,
    Choice,
    Class,
    Constant,
    Display,
    Element,
    Function,
    Instance,
    Item,
    Library,
    ModuleValue,
    Parameter,
    Result,
    Scope,
    Site,
    Unknown,
    Value,
    Wrapping,
    alternatives,
    is_none,
    join,
)
from tapelint.syntax import tree
from tapelint.syntax.scopes import bound_names


class Statements(Imports):
    """Runs statements."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._loop_names: dict[tuple[Module, int], frozenset[str]] = {}

    def run_body(self, node: tree.Function) -> None:
        self.run_block(node.body)

    def run_block(self, body: list[tree.Statement]) -> None:
        for statement in body:
            if not self.live:
                # Code after a return, break or raise never runs.
                break
            self.spent += 1
            self._statement(statement)

    def _statement(self, node: tree.Statement) -> None:
        match node:
            case tree.ExpressionStatement():
                value = self.evaluate(node.value)
                if node.id in self.module.displayed and not self.context.loops and not self.context.branches:
                    value.used("displayed")
            case tree.Assign():
                value = self.evaluate(node.value)
                for target in node.targets:
                    self._note_rebinding(target, value, node.id)
                    self.bind(target, value)
            case tree.AugmentedAssign():
                self._augmented(node)
            case tree.If():
                self._if(node)
            case tree.For():
                self._for(node)
            case tree.While():
                self._while(node)
            case tree.With():
                self._with(node)
            case tree.Function():
                self.bind(tree.Name(node.id, node.name), self._decorated(node, self.define(node)))
            case tree.Class():
                self._class(node)
            case tree.Return():
                self._return(node)
            case tree.Import():
                self._import(node)
            case tree.ImportFrom():
                self._import_from(node)
            case tree.Try():
                self._try(node)
            case tree.Match():
                self._match(node)
            case tree.Jump(kind="break" | "continue"):
                if node.kind == "break" and self.context.loops:
                    self.context.loops[-1].broken = True
                    self._exit("break")
                self.leave("loop")
            case tree.Raise():
                if node.value is not None:
                    self.evaluate(node.value)
                self.leave("try")
            case tree.Assert():
                self.evaluate(node.test).used("tested")
            case tree.Delete():
                for target in node.targets:
                    if not isinstance(target, tree.Name):
                        self.evaluate(target)

    def _augmented(self, node: tree.AugmentedAssign) -> None:
        old = self.evaluate(node.target)
        operand = self.evaluate(node.value)
        if node.operator == "+" and all(isinstance(option, Display) for option in alternatives(old)):
            items = operand.items if isinstance(operand, Display) else [self.every(operand, self.site(node.id))]
            grows = self.context.loops or not isinstance(operand, Display) or operand.open
            self._extended(node, old, items, is_open=bool(grows))
            return
        value = self.binary(node.operator, old, operand, node.id)
        if _is_part_of_something_else(old):
            # An array is changed in place, and with it what it is a part of.
            operand.used("stored")
        for array in filter(_is_array, alternatives(old)):
            # So is one that has other names, and what becomes of it becomes of the operand.
            operand.used("operand", array)
        self._note_rebinding(node.target, value, node.id)
        self.bind(node.target, value)

    def _extended(self, node: tree.AugmentedAssign, old: Value, items: list[Value], *, is_open: bool) -> None:
        """`old += items`, where `old` is a list or tuple, or in a loop what that has become."""
        if isinstance(old, Display):
            self.bind(node.target, self.made(Display(old.kind, [*old.items, *items], open=old.open or is_open)))
            return
        for option in alternatives(old):
            if isinstance(option, Display):
                option.open = True
                option.items.extend(item for item in items if not any(item is other for other in option.items))

    def _return(self, node: tree.Return) -> None:
        value = self.evaluate(node.value) if node.value is not None else Constant(None)
        self.context.frame.returned.append(value)
        for loop in self.context.loops[self.context.frame.loops :]:
            loop.broken = True
        self._exit("return", value)
        self.leave("function")

    def _exit(self, kind: Literal["break", "return"], value: Value | None = None) -> None:
        self.trace.exits.append(Exit(kind, self.context, value))

    def _if(self, node: tree.If) -> None:
        test = self.evaluate(node.test)
        test.used("tested")
        known = truth(test)
        if known is not None:
            self.run_block(node.body if known else node.orelse)
            return
        self.fork(test, [lambda: self.run_block(node.body), lambda: self.run_block(node.orelse)])

    def _match(self, node: tree.Match) -> None:
        subject = self.evaluate(node.subject)

        def arm(case: tree.Case) -> Callable[[], None]:
            def run() -> None:
                for name in case.names:
                    self.bind(tree.Name(case.id, name), self.unknown("matched", subject))
                if case.guard is not None:
                    self.evaluate(case.guard)
                self.run_block(case.body)

            return run

        test = self.computed("match", node.id, subject)
        self.fork(test, [*[arm(case) for case in node.cases], lambda: None])

    def _try(self, node: tree.Try) -> None:
        guarded = self.context.guarded
        self.context = self.context.inside(guarded=guarded or any(map(_expects_failure, node.handlers)))
        self.region("try", lambda: self.run_block(node.body))
        self.context = self.context.inside(guarded=guarded)
        finished = self.live

        def completed() -> None:
            self.live = finished
            self.run_block(node.orelse)

        def arm(handler: tree.Handler) -> Callable[[], None]:
            def run() -> None:
                if handler.type is not None:
                    self.evaluate(handler.type)
                if handler.name is not None:
                    self.bind(tree.Name(handler.id, handler.name), self.unknown("an exception"))
                self.run_block(handler.body)

            return run

        self.fork(None, [completed, *[arm(handler) for handler in node.handlers]])
        after, self.live = self.live, True
        self.run_block(node.finalbody)
        self.live = self.live and after

    def _for(self, node: tree.For) -> None:
        iterable = self.evaluate(node.iterable)
        iterable.used("iterated", self.computed("iterate", node.id))

        def turn() -> None:
            self.bind(node.target, self.element(iterable, self.site(node.target.id)))
            self.run_block(node.body)

        self._loop(Loop(self.site(node.id), "for", iterable, None), node.body, turn)
        self.run_block(node.orelse)

    def _while(self, node: tree.While) -> None:
        def turn() -> None:
            self.evaluate(node.test).used("tested")
            self.run_block(node.body)

        self._loop(Loop(self.site(node.id), "while", None, None), node.body, turn)
        self.run_block(node.orelse)

    def _loop(self, loop: Loop, body: list[tree.Statement], turn: Callable[[], None]) -> None:
        """Run a loop's body once, with each variable it changes standing for its values on every turn."""
        context = self.context
        loop.parent = context.loops[-1] if context.loops else None
        loop.conditions = len(context.branches)
        self.trace.loops.append(loop)
        self.context = context.inside(loops=(*context.loops, loop))
        carried: list[tuple[str, Choice]] = []
        names = self.scope.names
        loop.binds = self._bound_in(loop, body)
        for name in sorted(loop.binds):
            entry = self.bound(names, name)
            if entry is not None and (
                is_none(entry) or not isinstance(entry, (Function, Class, Library, ModuleValue, Constant))
            ):
                choice = Choice([entry], growing=True)
                entry.used("operand", choice)
                self.store(names, name, choice)
                carried.append((name, choice))
            elif isinstance(entry, Constant):
                # A counter or flag: its value on a later turn is not this constant.
                choice = Choice([entry, self.unknown("changed in a loop")])
                self.store(names, name, choice)
        self.region("loop", turn)
        for name, choice in carried:
            later = names.get(name)
            if later is not None and later is not choice:
                later.used("operand", choice)
                choice.options.extend(option for option in alternatives(later) if option is not choice)
                many = len(alternatives(choice)) > WIDEST
                self.store(names, name, self.unknown("one of many", choice) if many else choice)
            choice.growing = False
        self.context = context
        self.live = True

    def _bound_in(self, loop: Loop, body: list[tree.Statement]) -> frozenset[str]:
        """The names that a loop's body binds; loops run again and again, and each body is read only once."""
        key = (loop.site.module, loop.site.node)
        known = self._loop_names.get(key)
        if known is None:
            known = self._loop_names[key] = bound_names(body)
        return known

    def _with(self, node: tree.With) -> None:
        context = self.context
        managers: list[tuple[Value, Site]] = []
        for item in node.items:
            manager = self.evaluate(item.context)
            manager.used("tested")
            managers.append((manager, self.site(item.id)))
            value = self._enter(manager, self.site(item.id))
            if item.target is not None:
                self.bind(item.target, value)
        self.run_block(node.body)
        self.context = context.inside(frame=self.context.frame, branches=self.context.branches)
        after, self.live = self.live, True
        for manager, site in reversed(managers):
            self._leave(manager, site)
        self.live = self.live and after

    def _enter(self, manager: Value, site: Site) -> Value:
        entered = manager
        for option in alternatives(manager):
            if _pauses(option):
                self.context = self.context.inside(paused=True)
            if isinstance(option, Instance) and isinstance(option.cls, Class):
                enter = self.class_attribute(option.cls, "__enter__", option)
                if enter is not None:
                    entered = self.call(enter, [], {}, [], site)
            elif isinstance(option, Display) and "generator" in option.marks and option.items:
                # A function under `contextlib.contextmanager` gives what it yields.
                entered = join(option.items)
            self.context = self.context.inside(managers=(*self.context.managers, option))
        if entered is not manager:
            self.context = self.context.inside(managers=(*self.context.managers, *alternatives(entered)))
        return entered

    def _leave(self, manager: Value, site: Site) -> None:
        """What a manager of the program's own does at the end of the block, with or without an exception."""
        for option in alternatives(manager):
            if isinstance(option, Instance) and isinstance(option.cls, Class):
                leave = self.class_attribute(option.cls, "__exit__", option)
                if leave is not None:
                    self.call(leave, [self.unknown("an exception") for _ in range(3)], {}, [], site)

    def define(self, node: tree.Function) -> Function:
        function = Function(node, self.scope)
        for parameter in node.parameters:
            if parameter.default is not None:
                default = function.defaults[parameter.name] = self.evaluate(parameter.default)
                default.marks.add("default")
        self.functions.append(function)
        return function

    def _decorated(self, node: tree.Function, function: Function) -> Value:
        value: Value = function
        for expression in reversed(node.decorators):
            decorator = self.evaluate(expression)
            if not isinstance(value, Function):
                return self.call(decorator, [value], {}, [], self.site(node.id))
            value = decorate(decorator, value, partial(self.call, decorator, [value], {}, [], self.site(node.id)))
            if isinstance(value, Function) and makes_graphs(decorator):
                value.wrapping = Wrapping(self.site(node.id), self.context, options_of(decorator))
            self._follow(function, value)
        return value

    def _follow(self, function: Function, value: Value) -> None:
        """Let the list of functions hold the decorated form, so that a root runs as its callers would run it."""
        if isinstance(value, Function) and value.node is function.node:
            self.functions[:] = [value if each.node is function.node else each for each in self.functions]

    def _class(self, node: tree.Class) -> None:
        bases = tuple(self.evaluate(base.value) for base in node.bases if base.keyword is None)
        outer = self.scope
        cls = Class(node, outer, bases)
        self.scope = Scope(cls.attributes, outer, "class", outer.module)
        first = len(self.functions)
        self.run_block(node.body)
        self.scope = outer
        methods = {id(statement) for statement in node.body}
        for function in self.functions[first:]:
            if id(function.node) in methods:
                function.owner = cls
        for value in cls.attributes.values():
            if isinstance(value, Function) and id(value.node) in methods:
                value.owner = cls
        self.bind(tree.Name(node.id, node.name), cls)


def _expects_failure(handler: tree.Handler) -> bool:
    """Whether a handler is for exceptions of the program, and not for whoever interrupts it."""
    return not (isinstance(handler.type, tree.Name) and handler.type.name == "KeyboardInterrupt")


def _is_part_of_something_else(value: Value) -> bool:
    """Whether `value` is taken out of what a call has returned, or is, or is part of, what the caller has given."""
    of = value
    while isinstance(of, (Element, Item)):
        of = of.of
    return isinstance(of, Parameter) or (of is not value and isinstance(of, (Result, Unknown)))


def _is_array(value: Value) -> bool:
    return isinstance(value, Result) and (value.call.op or "").startswith("numpy.")


def _pauses(manager: Value) -> bool:
    """Whether entering `manager` stops a tape's recording for a while."""
    return hasattr(manager, "call") and getattr(manager.call, "method", None) == "stop_recording"
