"""What assignments change: names, attributes, items."""

from __future__ import annotations

from tapelint.program.execution.classes import Classes
from tapelint.program.trace import AttributeAssignment, Rebinding
from tapelint.program.values import (
    Computed,
    Constant,
    Display,
    Mapping,
    Result,
    Value,
    alternatives,
)
from tapelint.syntax import tree
from tapelint.syntax.nodes import spell

_SUMS = frozenset(
    {f"{module}.{name}" for module in ("tensorflow", "tensorflow.math", "keras.ops") for name in ("add", "subtract")}
)


class Binding(Classes):
    """Binds targets to values."""

    def bind(self, target: tree.Expression, value: Value) -> None:
        match target:
            case tree.Name():
                self._bind_name(target, value)
            case tree.Collection():
                self._unpack(target, value)
            case tree.Starred():
                self.bind(target.value, value)
            case tree.Attribute():
                for owner in alternatives(self.evaluate(target.value)):
                    self.store(owner.attributes, target.name, value)
                    order = len(self.trace.calls)
                    site = self.site(target.id)
                    assignment = AttributeAssignment(owner, target.name, value, site, self.context, order)
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
                self.bind(item, self._rest(value, number, len(target.items) - number - 1))
            else:
                self.bind(item, self.item(value, Constant(number - len(target.items)), site))

    def _rest(self, value: Value, before: int, behind: int) -> Value:
        """What a starred name gets of an unpacking."""
        if isinstance(value, Display):
            items = value.items if value.open else value.items[before : len(value.items) - behind]
            return self.made(Display("list", list(items), open=value.open))
        return self.unknown("the rest of an unpacking", value)

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

    def _note_rebinding(self, target: tree.Expression, value: Value, node: int) -> None:
        """Remember that a name or attribute is bound to something computed from what it held."""
        name = spell(target)
        owner: Value | None = None
        match target:
            case tree.Name():
                old = self.find_name(target.name)
            case tree.Attribute():
                owner = self.evaluate(target.value)
                old = self.attribute(owner, target.name)
            case tree.Subscript(value=tree.Name() as held, index=tree.Name() | tree.Constant() as index):
                container = self.find_name(held.name)
                old = self.item(container, self.evaluate(index), self.site(node)) if container is not None else None
            case _:
                old = None
        if old is not None and name is not None and any(_same(old, part) for part in _terms(value)):
            kept = self._is_kept(target)
            self.trace.rebindings.append(Rebinding(name, old, value, self.site(node), self.context, kept, owner))

    def _is_kept(self, target: tree.Expression) -> bool:
        """Whether what is bound to `target` is still there when the program comes back."""
        match target:
            case tree.Name(name=name):
                return name in self.scope.globals or name in self.scope.nonlocals
            case tree.Subscript(value=tree.Name(name=name)):
                loops = [
                    loop for loop in self.context.loops[self.context.frame.loops :] if loop.kind != "comprehension"
                ]
                local = self.scope.kind == "function" and name in self.scope.names
                # One loop may be that over the keys.
                return not any(name in loop.binds for loop in loops) and (not local or len(loops) > 1)
        return True


def _same(left: Value, right: Value) -> bool:
    """Whether two values are one, or the same choice of values."""
    return left is right or {id(option) for option in alternatives(left)} == {
        id(option) for option in alternatives(right)
    }


def _terms(value: Value) -> list[Value]:
    """The terms of a sum or difference, by operator or by function."""
    match value:
        case Computed(parts=parts):
            return list(parts)
        case Result(call=call) if call.op in _SUMS:
            return list(call.arguments)
    return []
