"""What attributes of classes and of their objects are: methods, properties, and what some method sets."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program import kinds
from tapelint.program.execution.calls import Calls
from tapelint.program.execution.words import may_set
from tapelint.program.project import Project
from tapelint.program.trace import Frame, Trace
from tapelint.program.values import (
    Attribute,
    Class,
    Constant,
    Function,
    Instance,
    Super,
    Value,
    join,
)
from tapelint.syntax import tree
from tapelint.syntax.parse import Unparsable


class Classes(Calls):
    """Looks attributes up in classes, along their bases."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self.functions: list[Function] = []
        self._assigned: dict[tree.Function, frozenset[str]] = {}
        self._possible: dict[tree.Function, frozenset[str]] = {}
        self._changing: dict[tuple[int, str], bool] = {}
        self._seeking: set[tuple[int, str]] = set()

    def class_attribute(self, cls: Class, name: str, receiver: Value | None) -> Value | None:
        found = kinds.own_attribute(cls, name)
        return self._bound(found, cls, receiver) if found is not None else None

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
            function.wrapping,
        )
        bound.marks = function.marks
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
            for node in self._setters(cls, name) if isinstance(cls, Class) else ():
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

    def settled(self, owner: Value, name: str, held: Value) -> Value:
        """What an attribute is: `held`, or for a number or flag that a method changes again, that or something else."""
        if not isinstance(held, Constant) or held.value is None:
            return held
        if isinstance(owner, Instance) and isinstance(owner.cls, Class) and self._changes(owner.cls, name):
            return join([held, self.projection(owner, name, lambda: Attribute(owner, name))])
        return held

    def _changes(self, cls: Class, name: str) -> bool:
        """Whether an attribute has a first value and a method that gives it another, or more than one such method."""
        known = self._changing.get((id(cls.node), name))
        if known is None:
            classes = [one for one in kinds.ancestors(cls) if isinstance(one, Class)]
            setters = [setter for one in classes for setter in self._setters(one, name)]
            begun = any(name in one.attributes or self._begins(one, name) for one in classes)
            known = self._changing[id(cls.node), name] = len(setters) > 1 or (begun and bool(setters))
        return known

    def _begins(self, cls: Class, name: str) -> bool:
        """Whether the constructor of `cls` sets an attribute."""
        constructor = cls.attributes.get("__init__")
        return isinstance(constructor, Function) and name in self._assigned_by(constructor.node, name)

    def _learn(self, method: Function) -> None:
        """Run a method for what it sets; what it does there is not part of the program's course."""
        entered, context, trace, known = set(self.entered), self.context, self.trace, len(self.functions)
        self.context, self.trace = type(context)(Frame(None, None, None)), Trace()
        self.call_function(method, [], {}, [], method.site)
        self.entered, self.context, self.trace = entered, context, trace
        del self.functions[known:]

    def _setters(self, cls: Class, name: str) -> Iterator[tree.Function]:
        """The methods of `cls` that set the attribute `name` of their object; its constructor does not count."""
        for method in cls.node.body:
            if not isinstance(method, tree.Function) or not method.parameters or method.name == "__init__":
                continue
            if name in self._assigned_by(method, name):
                yield method

    def _assigned_by(self, method: tree.Function, name: str) -> frozenset[str]:
        """The attributes that a method assigns, if `name` may be among them: for that, its body is read."""
        known = self._assigned.get(method)
        if known is None and isinstance(method.suite, tree.Unread):
            possible = self._possible.get(method)
            if possible is None:
                possible = self._possible[method] = may_set(method)
            if name not in possible:
                return possible
        if known is None:
            try:
                known = attributes_set(method)
            except Unparsable:
                known = frozenset()
            self._assigned[method] = known
        return known


def attributes_set(method: tree.Function) -> frozenset[str]:
    """The attributes of its first parameter that a method assigns."""
    receiver = method.parameters[0].name
    found: set[str] = set()
    pending: list[object] = list(method.body)
    while pending:
        node = pending.pop()
        match node:
            case tree.Assign() | tree.AugmentedAssign():
                targets = list(node.targets) if isinstance(node, tree.Assign) else [node.target]
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
    return frozenset(found)
