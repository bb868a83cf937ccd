"""One abstract execution: a module as a run of it would go, then every function that nobody in view calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from tapelint.program.execution.statements import Statements
from tapelint.program.execution.words import Words
from tapelint.program.project import Module, Project
from tapelint.program.trace import Context, Frame, Trace
from tapelint.program.values import (
    Class,
    Function,
    Instance,
    Site,
    Value,
)
from tapelint.syntax import tree

_MODEL_METHODS = frozenset({"compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch"})


class Execution(Statements):
    """Executes modules and roots."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._instances: dict[int, Instance] = {}
        self._course = self.trace
        self._number = 0
        self._executed: list[Module] = []

    def run(self, module: Module) -> Trace:
        """Execute a module as a run of it would, and then each function that nobody in view calls."""
        self.trace = self._course = Trace()
        self.entered.clear()
        self.spent = self.spent_before = 0
        self._number += 1
        first = len(self.functions)
        self.import_module(module)
        words = Words(module, self.project.wrappers.words)
        # Running a root may define further functions: the list grows while it is read.
        known = first
        for function in islice(self.functions, first, None):
            if known < len(self.functions):
                words.learn(_own(self.functions[known:], module))
                known = len(self.functions)
            if _concerns(function, module, words):
                self._run_if_uncalled(module, function)
        for function, receiver in list(self._handed_on.values()):
            # Keras calls what it is given, a schedule for example, whatever is in it.
            if (receiver is not None and receiver.startswith("keras.")) or _concerns(function, module, words):
                self._run_if_uncalled(module, function)
        self._settle()
        trace, self.trace, self._course = self._course, Trace(), Trace()
        del self.functions[first:]
        return trace

    def forget(self) -> None:
        """Let go of all that a run has made, so that a project costs no more memory than its largest module."""
        super().forget()
        for module in self._executed:
            module.begin_again()
        self._executed.clear()
        self._instances.clear()
        self._leaves.clear()
        self._handed_on.clear()
        self._seeking.clear()
        self.context = Context(Frame(None, None, None))
        del self.scope

    def forget_trees(self) -> None:
        """Let go of what is known about the nodes of trees, which may be gone."""
        self._assigned.clear()
        self._possible.clear()
        self._changing.clear()
        self._mentioned.clear()
        self._loop_names.clear()

    def _run_if_uncalled(self, module: Module, function: Function) -> None:
        if id(function.node) not in self.entered and not module.is_test:
            self._run_root(function)

    def _settle(self) -> None:
        """Name the calls of what turned out to be a model, by its list of variables or because it is compiled."""
        for call in self.trace.calls:
            if call.op is None and call.method == "compile" and call.receiver is not None:
                call.receiver.marks.add("model")
        for call in self.trace.calls:
            if call.op is not None:
                continue
            if "model" in call.callee.marks:
                call.op, call.receiver, call.method = "forward", call.callee, None
            elif call.method in _MODEL_METHODS and call.receiver is not None and "model" in call.receiver.marks:
                call.op = f"keras.Model.{call.method}"

    def import_module(self, module: Module) -> None:
        """Execute a module's body, unless that has been done in this run or is going on.

        What a module holds is made anew for each run, so that runs do not see each other.
        """
        if module.executed_in == self._number:
            return
        module.executed_in = self._number
        self._executed.append(module)
        outer = (getattr(self, "scope", None), self.context, self.live, self._journals, self._regions, self.spent)
        self.scope, self.live, self._journals, self._regions, self.spent = module.scope, True, [], [], 0
        # Whatever made it necessary, what a module does when it is imported is part of the program's course.
        asking, self.trace = self.trace, self._course
        module.scope.names["__name__"] = self.unknown("__name__")
        module.scope.names["__file__"] = self.unknown("__file__")
        frame = Frame(None, None, None, root=True)
        self.trace.frames.append(frame)
        self.context = Context(frame)
        # Nesting deeper than can be followed ends the run of a module; what it did before stands.
        with suppress(RecursionError):
            self.run_block(module.tree.body)
        self.trace = asking
        scope, self.context, self.live, self._journals, self._regions, self.spent = outer
        if scope is not None:
            self.scope = scope

    def _run_root(self, function: Function) -> None:
        self.spent_before += self.spent
        self.spent = 0
        self.scope = function.scope
        self.live = True
        self._journals, self._regions = [], []
        self.context = Context(Frame(None, None, None))
        receiver = None
        if function.owner is not None and not function.marks & {"staticmethod"}:
            receiver = function.receiver or self._receiver(function)
        with suppress(RecursionError):
            self.call_function(self._with_receiver(function, receiver), [], {}, [], None, root=True)

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


def _own(functions: Iterable[Function], module: Module) -> Iterator[tuple[tree.Function, str | None]]:
    """The functions of a module, each with the name of its class."""
    for function in functions:
        if function.scope.module is module:
            yield function.node, function.owner.node.name if function.owner is not None else None


def _concerns(function: Function, module: Module, words: Words) -> bool:
    """Whether a function that nobody calls is to be run with `module`.

    What a function of another module defined while it ran belongs to this run as well.
    """
    if function.scope.module is module:
        return words.matter(function.node)
    return function.scope.kind == "function" and words.train(function.node)
