"""What a call does: enters a function of the project, makes an object, runs a model, or asks the library."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from tapelint.program import kinds
from tapelint.program.execution.expressions import WIDTH, Expressions
from tapelint.program.execution.full_names import full_names
from tapelint.program.execution.interactive import COMMANDS
from tapelint.program.execution.library import BEHAVIOURS
from tapelint.program.execution.words import names_in
from tapelint.program.knowledge import class_kind
from tapelint.program.models import layers_inside, library_class, sensitive_layer
from tapelint.program.project import Project
from tapelint.program.trace import Call, Context, Frame, Training
from tapelint.program.values import (
    Attribute,
    Choice,
    Class,
    Constant,
    Display,
    Function,
    Instance,
    Library,
    Mapping,
    Parameter,
    Result,
    Scope,
    Site,
    Super,
    Value,
    alternatives,
    is_none,
    join,
)
from tapelint.program.wrappers import SHUFFLES, Role
from tapelint.syntax import tree
from tapelint.syntax.parse import Unparsable
from tapelint.syntax.scopes import names_of

# How deep calls are followed, how often one function may be in the stack at once, and how many statements one root may
# cost altogether, and all roots of a module. Beyond them a call is opaque, and checks are silent on what it may do.
_DEPTH = 24
_RECURSION = 1
_BUDGET = 2_000
_MODULE_BUDGET = 3_000

_BEHAVIOURS = BEHAVIOURS | COMMANDS

Arguments = tuple[list[Value], dict[str, Value], list[Value]]


class Calls(Expressions):
    """Performs calls. How a function's body runs is left to the next level up."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.entered: set[int] = set()
        # Functions given to calls out of view, which may run them, with what is called, if that is known.
        self._handed_on: dict[int, tuple[Function, str | None]] = {}
        # Statements run for this root, and for the earlier roots of the module.
        self.spent = 0
        self.spent_before = 0
        self._leaves: dict[tuple[int, Training], list[tuple[Value, Training]]] = {}
        self._mentioned: dict[int, frozenset[str]] = {}

    @abstractmethod
    def run_body(self, node: tree.Function) -> None: ...

    # Dispatch

    def call(
        self,
        callee: Value,
        arguments: list[Value],
        keywords: dict[str, Value],
        spread: list[Value],
        site: Site,
    ) -> Value:
        if isinstance(callee, Choice):
            options = [option for option in alternatives(callee) if not is_none(option)]
            if 0 < len(options) <= WIDTH:
                return join([self.call(option, arguments, keywords, spread, site) for option in options])
        role = self._role(callee) if self.project.wrappers.roles else None
        if role is not None:
            return self._call_wrapper(role, callee, (arguments, keywords, spread), site)
        match callee:
            case Function():
                return self.call_function(callee, arguments, keywords, spread, site)
            case Class():
                return self._construct(callee, arguments, keywords, spread, site)
            case Library():
                return self._call_library(callee, arguments, keywords, spread, site)
            case Result(call=made) if made.op == "functools.partial" and made.arguments and not made.spread:
                first, *bound = made.arguments
                return self.call(first, [*bound, *arguments], {**made.keywords, **keywords}, spread, site)
            case Instance() | Result() if kinds.of(callee) in ("model", "layer") or isinstance(callee, Instance):
                return self._call_object(callee, arguments, keywords, spread, site)
            case Attribute():
                return self._call_method(callee, arguments, keywords, spread, site)
        kind = kinds.of(callee)
        op = f"{kind}()" if kind is not None else None
        return self.event(op, callee, callee, (arguments, keywords, spread), site)

    def event(
        self,
        op: str | None,
        callee: Value,
        receiver: Value | None,
        given: Arguments,
        site: Site,
        *,
        method: str | None = None,
    ) -> Value:
        """Record a call that is not entered; the value is its result."""
        return self.record(op, callee, receiver, given, site, method=method).result

    def record(
        self,
        op: str | None,
        callee: Value,
        receiver: Value | None,
        given: Arguments,
        site: Site,
        *,
        method: str | None = None,
    ) -> Call:
        arguments, keywords, spread = given
        call = Call(
            len(self.trace.calls),
            op,
            method,
            callee,
            receiver,
            tuple(arguments),
            keywords,
            tuple(spread),
            site,
            self.context,
        )
        call.result = Result(call)
        if receiver is not None:
            receiver.used("receiver", call)
        for value in (*arguments, *keywords.values(), *spread):
            value.used("argument", call)
            function = self._callable(value)
            if function is not None:
                # Whatever is compiled will turn out to be a model.
                by = "keras.Model.compile" if op is None and method == "compile" else op
                self._handed_on[id(function.node)] = function, by
        self.trace.calls.append(call)
        return call

    def _callable(self, value: Value) -> Function | None:
        """The function that somebody runs who calls `value`; of a loss, that is its `call`."""
        if isinstance(value, Instance) and isinstance(value.cls, Class):
            name = "call" if kinds.of(value) == "loss" else "__call__"
            value = self.class_attribute(value.cls, name, value) or value
        return value if isinstance(value, Function) else None

    def _call_library(
        self, callee: Library, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> Value:
        call = self.record(callee.name, callee, None, (arguments, keywords, spread), site)
        if class_kind(callee.name) is not None:
            call.result = Instance(callee, call, site)
        return self._behave(call)

    def _behave(self, call: Call) -> Value:
        """The result of a library call, as the library's behaviour says where it matters."""
        behaviour = _BEHAVIOURS.get(call.op or "") or _BEHAVIOURS.get(f".{call.method}" if call.op is None else "")
        if behaviour is not None:
            changed = behaviour(self, call)
            if changed is not None:
                call.result = changed
        return call.result

    def _call_method(
        self, callee: Attribute, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> Value:
        receiver = callee.of
        kind = kinds.of(receiver)
        if callee.name == "__call__":
            return self.call(receiver, arguments, keywords, spread, site)
        op = kinds.method(kind, callee.name)
        call = self.record(op, callee, receiver, (arguments, keywords, spread), site, method=callee.name)
        return self._behave(call)

    def _call_object(
        self, callee: Value, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> Value:
        kind = kinds.of(callee)
        if isinstance(callee, Instance) and isinstance(callee.cls, Class):
            special = self.class_attribute(callee.cls, "__call__", callee)
            if special is not None:
                return self.call(special, arguments, keywords, spread, site)
        if kind in ("model", "layer"):
            return self.forward(callee, arguments, keywords, spread, site)
        op = kinds.method(kind, "__call__")
        call = self.record(op, callee, callee, (arguments, keywords, spread), site, method="__call__")
        if kind == "loss" and isinstance(callee, Instance) and isinstance(callee.cls, Class):
            body = self.class_attribute(callee.cls, "call", callee)
            if body is not None:
                call.body = self.call(body, arguments, keywords, spread, site)
        return self._behave(call)

    # Helpers that the configuration speaks of

    def _call_wrapper(self, role: Role, callee: Value, given: Arguments, site: Site) -> Value:
        """Call a helper that does what the configuration says, whatever its body shows."""
        op = f"wrapper.{role}"
        arguments, keywords, _ = given
        passed = [*arguments, *keywords.values()]
        if op == SHUFFLES:
            datasets = [value for value in passed if kinds.of(value) == "dataset"]
            if len(datasets) == 1:
                shuffle = "tensorflow.data.Dataset.shuffle"
                return self.event(shuffle, callee, datasets[0], ([], {}, []), site, method="shuffle")
        receiver = callee.of if isinstance(callee, Attribute) else getattr(callee, "receiver", None)
        call = self.record(op, callee, receiver, given, site)
        if op == SHUFFLES:
            # In place or not: from here on nobody can rely on the order.
            for value in (call.result, *(option for each in passed for option in alternatives(each))):
                value.marks.add("shuffled")
        return call.result

    def _role(self, callee: Value) -> Role | None:
        """What the configuration says a function does, under its own name or one that a package hands it out by."""
        role = self.project.wrappers.role_of(full_names(callee))
        if role is None and isinstance(callee, Function):
            reexported = (role for name, role in self.project.wrappers.roles if self._means(name, callee))
            role = next(reexported, None)
        return role

    def _means(self, name: str, function: Function) -> bool:
        """Whether a dotted name means `function` in the module that runs."""
        package, _, last = name.rpartition(".")
        module = self.project.find(self.module, package, 0) if package else None
        meant = module.scope.names.get(last) if module is not None else None
        return isinstance(meant, Function) and meant.node is function.node

    # Functions of the project

    def call_function(
        self,
        function: Function,
        arguments: Sequence[Value],
        keywords: dict[str, Value],
        spread: list[Value],
        site: Site | None,
        *,
        root: bool = False,
    ) -> Value:
        if function.bound is not None:
            arguments = [*function.bound[0], *arguments]
            keywords = {**function.bound[1], **keywords}
        if function.receiver is not None:
            arguments = [function.receiver, *arguments]
        if not root and self._must_cut(function):
            assert site is not None
            return self.event(None, function, None, (list(arguments), keywords, spread), site)
        if not _is_readable(function.node):
            return self.unknown(f"`{function.node.name}` is not Python", *arguments, *keywords.values(), *spread)
        self.entered.add(id(function.node))
        names = self._parameters(function, list(arguments), keywords, spread, root=root)
        caller = None if root else self.context.frame
        frame = Frame(
            function,
            caller,
            site,
            function.compiled,
            root,
            len(self.context.loops),
            given=dict(names),
            around=self.context,
        )
        if function.compiled == "yes":
            frame.captured = self._captured(function)
        self.trace.frames.append(frame)
        outer, context, live = self.scope, self.context, self.live
        declared = names_of(function.node)
        self.scope = Scope(
            names,
            function.scope,
            "function",
            function.scope.module,
            declared.globals,
            declared.nonlocals,
        )
        if function.owner is not None and function.receiver is not None:
            names.setdefault("__class__", Super(function.owner, function.receiver))
        self.context = context.inside(frame=frame, guarded=False)
        try:
            self.region("function", lambda: self.run_body(function.node))
        finally:
            self.scope, self.context, self.live = outer, context, live
        return self._returned(function, frame)

    def _captured(self, function: Function) -> dict[str, Value]:
        """What the names and attributes around a function stand for now, of those that it mentions."""
        mentioned = self._mentioned.get(id(function.node))
        if mentioned is None:
            mentioned = self._mentioned[id(function.node)] = names_in(function.node)
        found: dict[str, Value] = {}
        scope: Scope | None = function.scope
        while scope is not None:
            if scope.kind != "class":
                for name in mentioned & scope.names.keys():
                    found.setdefault(name, scope.names[name])
            scope = scope.parent
        if function.receiver is not None:
            for name, value in function.receiver.attributes.items():
                if f".{name}" in mentioned:
                    found[f".{name}"] = value
        return found

    def _returned(self, function: Function, frame: Frame) -> Value:
        if frame.root:
            for value in (*frame.returned, *frame.yielded):
                value.used("returned")
        if function.node.is_generator:
            generated = self.made(Display("list", list(frame.yielded), open=True))
            generated.marks.add("generator")
            frame.generated = generated
            return generated
        return join(frame.returned) if frame.returned else Constant(None)

    def _must_cut(self, function: Function) -> bool:
        stack = [frame.function for frame in self.context.frame.stack() if frame.function is not None]
        running = sum(1 for each in stack if each.node is function.node)
        exhausted = self.spent > _BUDGET or self.spent_before + self.spent > _MODULE_BUDGET
        return len(stack) >= _DEPTH or running >= _RECURSION or exhausted

    def _parameters(
        self,
        function: Function,
        arguments: list[Value],
        keywords: dict[str, Value],
        spread: list[Value],
        *,
        root: bool,
    ) -> dict[str, Value]:
        # A caller out of view may pass more than the parameters that have names.
        more = spread or ([self.unknown("passed by a caller out of view")] if root else [])
        names: dict[str, Value] = {}
        left = dict(keywords)
        queue = list(arguments)
        for parameter in function.node.parameters:
            match parameter.kind:
                case "*":
                    names[parameter.name] = self.made(Display("tuple", queue, open=bool(more)))
                    queue = []
                case "**":
                    rest = {name: left.pop(name) for name in list(left)}
                    names[parameter.name] = self.made(Mapping(dict(rest.items()), open=bool(more), others=list(more)))
                case "keyword":
                    names[parameter.name] = self._argument(function, parameter, left, spread, root=root)
                case _ if queue:
                    names[parameter.name] = queue.pop(0)
                case _:
                    names[parameter.name] = self._argument(function, parameter, left, spread, root=root)
        return names

    def _argument(
        self,
        function: Function,
        parameter: tree.Parameter,
        keywords: dict[str, Value],
        spread: list[Value],
        *,
        root: bool,
    ) -> Value:
        if parameter.name in keywords:
            return keywords.pop(parameter.name)
        default = function.defaults.get(parameter.name)
        if spread:
            return self.unknown("passed through * or **", *spread, *([default] if default is not None else []))
        if default is not None:
            # A caller out of view may pass something else.
            return join([default, self._from_outside(function, parameter)]) if root else default
        return self._from_outside(function, parameter)

    @staticmethod
    def _from_outside(function: Function, parameter: tree.Parameter) -> Parameter:
        """What a caller out of view passes."""
        position = function.node.parameters.index(parameter) - (1 if function.receiver is not None else 0)
        return Parameter(parameter.name, Site(function.scope.module, parameter.id), position)

    # Objects of the project's classes

    def _construct(
        self, cls: Class, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> Value:
        call = self.record(None, cls, None, (arguments, keywords, spread), site)
        instance = Instance(cls, call, site)
        call.result = instance
        self.initialize(instance, arguments, keywords, spread, site)
        return instance

    def initialize(
        self, instance: Instance, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> None:
        """Run the constructor of `instance`, or fill in the fields of a dataclass."""
        assert isinstance(instance.cls, Class)
        init = self.class_attribute(instance.cls, "__init__", instance)
        if isinstance(init, Function):
            self.call_function(init, arguments, keywords, spread, site)
            return
        for name, value in [*zip(_fields(instance.cls.node), arguments, strict=False), *keywords.items()]:
            self.store(instance.attributes, name, value)

    def symbolic(self, cls: Class) -> Instance:
        """An object of `cls` made by somebody out of view."""
        instance = Instance(cls, None, cls.site)
        init = self.class_attribute(cls, "__init__", instance)
        if isinstance(init, Function):
            self.call_function(init, [], {}, [], cls.site, root=True)
        return instance

    # Models and layers

    def forward(
        self, model: Value, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> Value:
        """Call a model or layer on inputs, and note which layers inside behave differently in training."""
        call = self.record("forward", model, model, (arguments, keywords, spread), site)
        body = self._call_of(model)
        mode = self._mode(call, body)
        outer = self.context
        if model not in outer.forwards:
            self.context = outer.inside(training=mode, forwards=(*outer.forwards, model))
            start = len(self.trace.calls)
            if body is not None:
                call.body = self.call_function(body, arguments, keywords, spread, site)
                call.leaves.extend(self._leaves_since(start, outer))
            else:
                for part, fixed in layers_inside(model):
                    if fixed is None:
                        call.leaves.extend(self._leaves_of(part, mode, site))
            self.context = outer
        if sensitive_layer(model):
            call.leaves.append((model, mode))
        return call.result

    def _leaves_since(self, start: int, outer: Context) -> list[tuple[Value, Training]]:
        """The sensitive layers of the forward passes directly inside the one that just ended."""
        depth = len(outer.forwards) + 1
        inner = [
            call for call in self.trace.calls[start:] if call.op == "forward" and len(call.context.forwards) == depth
        ]
        return _distinct([leaf for call in inner for leaf in call.leaves])

    def _leaves_of(self, part: Value, mode: Training, site: Site) -> list[tuple[Value, Training]]:
        if kinds.of(part) not in ("model", "layer"):
            return []
        known = self._leaves.get((id(part), mode))
        if known is None:
            start = len(self.trace.calls)
            self.forward(part, [self.unknown("inside a model")], {}, [], site)
            known = _distinct(self.trace.calls[start].leaves)
            self._leaves[id(part), mode] = known
        return known

    def _call_of(self, model: Value) -> Function | None:
        """What calling a model or layer of the project runs; of a Lambda layer, the function that it wraps."""
        if library_class(model) == "keras.layers.Lambda" and isinstance(model, Instance) and model.call is not None:
            wrapped = model.call.argument(0, "function")
            return wrapped if isinstance(wrapped, Function) else None
        if isinstance(model, Instance) and isinstance(model.cls, Class):
            method = self.class_attribute(model.cls, "call", model)
            if isinstance(method, Function):
                return method
        return None

    def _mode(self, call: Call, body: Function | None) -> Training:
        """The mode that Keras resolves: the argument, else the surrounding call's, else the signature's default."""
        given = call.keywords.get("training")
        if given is None and body is not None:
            given = self._positional_training(call, body)
        elif given is None and kinds.of(call.callee) == "model":
            # Before Keras 3, the flag could come second.
            given = call.argument(1)
        if given is not None and not _left_off(given):
            return _as_training(given)
        if call.opaque:
            return "unknown"
        if self.context.training != "unset":
            return self.context.training
        if body is not None:
            default = body.defaults.get("training")
            if default is not None and not _left_off(default):
                return _as_training(default)
        return "unset"

    @staticmethod
    def _positional_training(call: Call, body: Function) -> Value | None:
        names = [parameter.name for parameter in body.node.parameters]
        position = names.index("training") - 1 if "training" in names else None
        return call.argument(position) if position is not None and position >= 0 else None


def _distinct(leaves: list[tuple[Value, Training]]) -> list[tuple[Value, Training]]:
    """Each layer once for each mode."""
    return list({(id(layer), mode): (layer, mode) for layer, mode in leaves}.values())


def _is_readable(function: tree.Function) -> bool:
    """Whether the body of a function is Python: in files that are only imported, that shows when it is called."""
    try:
        return bool(function.body)
    except Unparsable:
        return False


def _fields(node: tree.Class) -> list[str]:
    """The annotated names of a class body: the fields of a dataclass."""
    targets = [
        statement.target if isinstance(statement, tree.Declare) else statement.targets[0]
        for statement in node.body
        if isinstance(statement, tree.Declare)
        or (isinstance(statement, tree.Assign) and statement.annotation is not None)
    ]
    return [target.name for target in targets if isinstance(target, tree.Name)]


def _left_off(flag: Value) -> bool:
    """Whether a training flag is None, or the false default of a signature: nobody has said anything."""
    return is_none(flag) or ("default" in flag.marks and isinstance(flag, Constant) and not flag.value)


def _as_training(value: Value) -> Training:
    options = alternatives(value)
    if all(isinstance(option, Constant) for option in options):
        flags = {bool(option.value) for option in options if isinstance(option, Constant)}
        if len(flags) == 1:
            return "on" if flags.pop() else "off"
    return "unknown"
