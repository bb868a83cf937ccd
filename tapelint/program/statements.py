"""Runs statements: one pass over each body, branches side by side, loops once with their variables joined."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from tapelint.program import kinds
from tapelint.program.calls import Calls
from tapelint.program.expressions import truth
from tapelint.program.knowledge import canonical
from tapelint.program.library import decorate
from tapelint.program.project import Module, Project
from tapelint.program.trace import AttributeAssignment, Frame, Loop, Rebinding, Trace
from tapelint.program.values import (
    Attribute,
    Choice,
    Class,
    Computed,
    Constant,
    Display,
    Function,
    Instance,
    Library,
    Mapping,
    ModuleValue,
    Scope,
    Site,
    Super,
    Value,
    alternatives,
)
from tapelint.program.words import Words
from tapelint.syntax import tree
from tapelint.syntax.scopes import bound_names


class Execution(Calls):
    """One abstract execution of a project: every requested module, then every function that nobody in view calls."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.functions: list[Function] = []
        self._instances: dict[int, Instance] = {}
        self._loop_names: dict[tuple[Module, int], frozenset[str]] = {}
        self._definers: dict[int, dict[str, list[tree.Function]]] = {}
        self._seeking: set[tuple[int, str]] = set()

    # Modules and roots

    def run(self, module: Module) -> Trace:
        """Execute a module as a run of it would, and then each function that nobody in view calls."""
        self.trace = Trace()
        self.entered.clear()
        self.spent = self.spent_before = 0
        module.started = False
        first = len(self.functions)
        self.import_module(module)
        words = Words(module)
        # Running a root may define further functions: the list grows while it is read.
        for function in islice(self.functions, first, None):
            node = function.node
            if function.scope.module is not module or id(node) in self.entered or module.is_test:
                continue
            if id(node) in self.handed_on or words.matter(node):
                self._run_root(function)
        self._settle()
        trace, self.trace = self.trace, Trace()
        del self.functions[first:]
        return trace

    def _settle(self) -> None:
        """Calls of what turned out to be a model, by its list of variables, are forward passes."""
        for call in self.trace.calls:
            if call.op is None and "model" in call.callee.marks:
                call.op, call.receiver, call.method = "forward", call.callee, None

    def import_module(self, module: Module) -> None:
        """Execute a module's body, unless that has been done or is going on."""
        if module.started:
            return
        module.started = True
        outer = (getattr(self, "scope", None), self.context, self.live, self._journals, self._regions, self.spent)
        self.scope, self.live, self._journals, self._regions, self.spent = module.scope, True, [], [], 0
        module.scope.names["__name__"] = self.unknown("__name__")
        module.scope.names["__file__"] = self.unknown("__file__")
        frame = Frame(None, None, None, root=True)
        self.trace.frames.append(frame)
        self.context = type(self.context)(frame)
        try:
            self.run_block(module.tree.body)
        except RecursionError:
            module.dynamic = True
        scope, self.context, self.live, self._journals, self._regions, self.spent = outer
        if scope is not None:
            self.scope = scope

    def _run_root(self, function: Function) -> None:
        self.spent_before += self.spent
        self.spent = 0
        self.scope = function.scope
        self.live = True
        self._journals, self._regions = [], []
        self.context = type(self.context)(Frame(None, None, None))
        receiver = None
        if function.owner is not None and not function.marks & {"staticmethod"}:
            receiver = self._receiver(function)
        try:
            self.call_function(self._with_receiver(function, receiver), [], {}, [], None, root=True)
        except RecursionError:
            function.marks.add("cut")

    @staticmethod
    def _with_receiver(function: Function, receiver: Value | None) -> Function:
        if receiver is None:
            return function
        bound = Function(
            function.node,
            function.scope,
            function.owner,
            receiver,
            function.compiled,
            function.defaults,
            function.bound,
        )
        bound.marks = function.marks
        return bound

    def _receiver(self, function: Function) -> Value:
        owner = function.owner
        assert owner is not None
        if "classmethod" in function.marks:
            return owner
        known = self._instances.get(id(owner.node))
        if known is None:
            # Running the constructor may itself look for an object of this class.
            self._instances[id(owner.node)] = Instance(owner, None, owner.site)
            known = self._instances[id(owner.node)] = self.symbolic(owner)
        return known

    def initialize(
        self, instance: Instance, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> None:
        super().initialize(instance, arguments, keywords, spread, site)
        assert isinstance(instance.cls, Class)
        self._instances.setdefault(id(instance.cls.node), instance)

    # Blocks

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
                self.evaluate(node.value)
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

    # Binding

    def bind(self, target: tree.Expression, value: Value) -> None:
        match target:
            case tree.Name():
                self._bind_name(target, value)
            case tree.Collection():
                self._unpack(target, value)
            case tree.Starred():
                self.bind(target.value, self.unknown("the rest of an unpacking", value))
            case tree.Attribute():
                for owner in alternatives(self.evaluate(target.value)):
                    self.store(owner.attributes, target.name, value)
                    assignment = AttributeAssignment(owner, target.name, value, self.site(target.id), self.context)
                    self.trace.assignments.append(assignment)
                value.used("stored")
            case tree.Subscript():
                self._store_item(self.evaluate(target.value), self.evaluate(target.index), value)

    def _bind_name(self, target: tree.Name, value: Value) -> None:
        scope = self.scope
        if target.name in scope.globals:
            value.used("stored")
            scope = scope.module.scope
        elif target.name in scope.nonlocals:
            value.used("stored")
            while scope.parent is not None and (scope is self.scope or target.name not in scope.names):
                scope = scope.parent
        self.store(scope.names, target.name, value)

    def _unpack(self, target: tree.Collection, value: Value) -> None:
        site = self.site(target.id)
        starred = next((n for n, item in enumerate(target.items) if isinstance(item, tree.Starred)), None)
        for number, item in enumerate(target.items):
            if starred is None or number < starred:
                self.bind(item, self.item(value, Constant(number), site))
            elif number == starred:
                self.bind(item, self.unknown("the rest of an unpacking", value))
            else:
                self.bind(item, self.item(value, Constant(number - len(target.items)), site))

    def _store_item(self, container: Value, index: Value, value: Value) -> None:
        value.used("stored")
        for option in alternatives(container):
            match option:
                case Display():
                    option.open = True
                    option.items.append(value)
                case Mapping() if isinstance(index, Constant):
                    option.entries[index.value] = value
                case Mapping():
                    option.open = True
                    option.others.append(value)

    def _augmented(self, node: tree.AugmentedAssign) -> None:
        old = self.evaluate(node.target)
        operand = self.evaluate(node.value)
        if isinstance(old, Display) and node.operator == "+":
            items = operand.items if isinstance(operand, Display) else [self.element(operand, self.site(node.id))]
            grown = self.made(Display(old.kind, [*old.items, *items], open=True))
            self.bind(node.target, grown)
            return
        value = self.binary(node.operator, old, operand, node.id)
        self._note_rebinding(node.target, value, node.id)
        self.bind(node.target, value)

    def _note_rebinding(self, target: tree.Expression, value: Value, node: int) -> None:
        old = self.find_name(target.name) if isinstance(target, tree.Name) else None
        if old is not None and isinstance(target, tree.Name) and isinstance(value, Computed) and old in value.parts:
            self.trace.rebindings.append(Rebinding(target.name, old, value, self.site(node), self.context))

    # Branches

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

        self.fork(None, [*[arm(case) for case in node.cases], lambda: None])

    def _try(self, node: tree.Try) -> None:
        self.region("try", lambda: self.run_block(node.body))
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

    # Loops

    def _for(self, node: tree.For) -> None:
        iterable = self.evaluate(node.iterable)
        iterable.used("iterated")

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
        self.trace.loops.append(loop)
        self.context = context.inside(loops=(*context.loops, loop))
        carried: list[tuple[str, Choice]] = []
        names = self.scope.names
        for name in sorted(self._bound_in(loop, body)):
            entry = names.get(name)
            if entry is not None and not isinstance(entry, (Function, Class, Library, ModuleValue, Constant)):
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
                self.store(names, name, choice)
        self.context = context
        self.live = True

    def _bound_in(self, loop: Loop, body: list[tree.Statement]) -> frozenset[str]:
        """The names that a loop's body binds; loops run again and again, and each body is read only once."""
        key = (loop.site.module, loop.site.node)
        known = self._loop_names.get(key)
        if known is None:
            known = self._loop_names[key] = bound_names(body)
        return known

    # With

    def _with(self, node: tree.With) -> None:
        context = self.context
        for item in node.items:
            manager = self.evaluate(item.context)
            manager.used("tested")
            value = self._enter(manager, self.site(item.id))
            if item.target is not None:
                self.bind(item.target, value)
        self.run_block(node.body)
        self.context = context.inside(frame=self.context.frame)

    def _enter(self, manager: Value, site: Site) -> Value:
        entered = manager
        for option in alternatives(manager):
            if _pauses(option):
                self.context = self.context.inside(paused=True)
            if isinstance(option, Instance) and isinstance(option.cls, Class):
                enter = self.class_attribute(option.cls, "__enter__", option)
                if enter is not None:
                    entered = self.call(enter, [], {}, [], site)
            self.context = self.context.inside(managers=(*self.context.managers, option))
        if entered is not manager:
            self.context = self.context.inside(managers=(*self.context.managers, *alternatives(entered)))
        return entered

    # Functions and classes

    def define(self, node: tree.Function) -> Function:
        function = Function(node, self.scope)
        for parameter in node.parameters:
            if parameter.default is not None:
                function.defaults[parameter.name] = self.evaluate(parameter.default)
        self.functions.append(function)
        return function

    def _decorated(self, node: tree.Function, function: Function) -> Value:
        value: Value = function
        for expression in reversed(node.decorators):
            decorator = self.evaluate(expression)
            if not isinstance(value, Function):
                return self.call(decorator, [value], {}, [], self.site(node.id))
            inner = value
            value = decorate(
                decorator,
                inner,
                lambda decorator=decorator, inner=inner: self.call(decorator, [inner], {}, [], self.site(node.id)),  # type: ignore[misc]
            )
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

    def class_attribute(self, cls: Class, name: str, receiver: Value | None) -> Value | None:
        for base in kinds.ancestors(cls):
            found = base.attributes.get(name) if isinstance(base, Class) else None
            if found is not None:
                return self._bound(found, cls, receiver)
        return None

    def _bound(self, value: Value, cls: Class, receiver: Value | None) -> Value:
        if not isinstance(value, Function) or value.owner is None or "staticmethod" in value.marks:
            return value
        if "classmethod" in value.marks:
            return self._with_receiver(value, cls)
        if receiver is None:
            return value
        bound = self._with_receiver(value, receiver)
        if value.marks & {"property", "cached_property"}:
            return self.call_function(bound, [], {}, [], value.site)
        return bound

    def super_attribute(self, view: Super, name: str) -> Value:
        for base in kinds.ancestors(view.owner)[1:]:
            if isinstance(base, Class):
                found = base.attributes.get(name)
                if found is not None:
                    return self._bound(found, base, view.receiver)
        receiver = view.receiver
        return self.projection(receiver, f"super().{name}", lambda: Attribute(receiver, name))

    def late_attribute(self, instance: Instance, name: str) -> Value | None:
        """An attribute that a method other than the constructor sets: that method is run to learn what it is."""
        assert isinstance(instance.cls, Class)
        if (id(instance), name) in self._seeking:
            return None
        self._seeking.add((id(instance), name))
        for cls in kinds.ancestors(instance.cls):
            for node in self._definers_of(cls).get(name, ()) if isinstance(cls, Class) else ():
                method = self.class_attribute(instance.cls, node.name, instance)
                stack = [frame.function.node for frame in self.context.frame.stack() if frame.function is not None]
                if (
                    isinstance(method, Function)
                    and method.node is node
                    and node not in stack
                    and not method.node.is_generator
                ):
                    self._learn(method)
                    if name in instance.attributes:
                        return instance.attributes[name]
        return None

    def _learn(self, method: Function) -> None:
        """Run a method for what it sets; what it does there is not part of the program's course."""
        entered, context, trace, known = set(self.entered), self.context, self.trace, len(self.functions)
        self.context, self.trace = type(context)(Frame(None, None, None)), Trace()
        self.call_function(method, [], {}, [], method.site)
        self.entered, self.context, self.trace = entered, context, trace
        del self.functions[known:]

    def _definers_of(self, cls: Class) -> dict[str, list[tree.Function]]:
        """For each attribute of `self`, the methods of `cls` that set it."""
        known = self._definers.get(id(cls.node))
        if known is None:
            known = self._definers[id(cls.node)] = {}
            for method in cls.node.body:
                if isinstance(method, tree.Function) and method.parameters and method.name != "__init__":
                    for name in attributes_set(method):
                        known.setdefault(name, []).append(method)
        return known

    def _return(self, node: tree.Return) -> None:
        value = self.evaluate(node.value) if node.value is not None else Constant(None)
        self.context.frame.returned.append(value)
        self.leave("function")

    # Imports

    def _import(self, node: tree.Import) -> None:
        for alias in node.names:
            first, _, rest = alias.name.partition(".")
            if alias.asname is None:
                self.bind(tree.Name(alias.id, first), self._module(first, 0))
                if rest:
                    self._module(alias.name, 0)
            else:
                self.bind(tree.Name(alias.id, alias.asname), self._module(alias.name, 0))

    def _import_from(self, node: tree.ImportFrom) -> None:
        module = self._module(node.module, node.level)
        if not node.names:
            self._import_star(module)
        for alias in node.names:
            value = self._imported(module, node, alias)
            self.bind(tree.Name(alias.id, alias.asname or alias.name), value)

    def _imported(self, module: Value, node: tree.ImportFrom, alias: tree.Alias) -> Value:
        if isinstance(module, ModuleValue):
            if alias.name in module.module.scope.names:
                return module.module.scope.names[alias.name]
            name = f"{node.module}.{alias.name}" if node.module else alias.name
            submodule = self.project.find(self.module, name, node.level)
            if submodule is not None:
                self.import_module(submodule)
                return ModuleValue(submodule)
            return self.unknown(f"`{alias.name}` of {node.module or '.'}", module)
        return self.attribute(module, alias.name)

    def _import_star(self, module: Value) -> None:
        if isinstance(module, ModuleValue):
            self.scope.names.update({k: v for k, v in module.module.scope.names.items() if not k.startswith("_")})
            self.module.star_imports = self.module.star_imports or module.module.star_imports
        else:
            self.module.star_imports = True

    def _module(self, name: str, level: int) -> Value:
        found = self.project.find(self.module, name, level)
        if found is not None:
            self.import_module(found)
            return ModuleValue(found)
        if level:
            return self.library("." * level + name)
        value: Value | None = None
        for part in name.split("."):
            value = self.library(part) if value is None else self.attribute(value, part)
        assert value is not None
        if isinstance(value, Library):
            return self.library(canonical(value.name))
        return value


def _pauses(manager: Value) -> bool:
    """Whether entering `manager` stops a tape's recording for a while."""
    return hasattr(manager, "call") and getattr(manager.call, "method", None) == "stop_recording"


def attributes_set(method: tree.Function) -> set[str]:
    """The attributes of its first parameter that a method assigns."""
    receiver = method.parameters[0].name
    found: set[str] = set()
    pending: list[object] = list(method.body)
    while pending:
        node = pending.pop()
        match node:
            case tree.Assign():
                targets = list(node.targets)
                while targets:
                    target = targets.pop()
                    if isinstance(target, tree.Collection):
                        targets.extend(target.items)
                    elif (
                        isinstance(target, tree.Attribute)
                        and isinstance(target.value, tree.Name)
                        and target.value.name == receiver
                    ):
                        found.add(target.name)
            case tree.If() | tree.For() | tree.While():
                pending.extend([*node.body, *node.orelse])
            case tree.With():
                pending.extend(node.body)
            case tree.Try():
                pending.extend([*node.body, *node.orelse, *node.finalbody, *[s for h in node.handlers for s in h.body]])
    return found
