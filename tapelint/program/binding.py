"""What assignments change: names, attributes, items."""

from __future__ import annotations

from tapelint.program.classes import Classes
from tapelint.program.trace import AttributeAssignment, Rebinding
from tapelint.program.values import (
    Computed,
    Constant,
    Display,
    Mapping,
    Value,
    alternatives,
)
from tapelint.syntax import tree


class Binding(Classes):
    """Binds targets to values."""

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

    def _note_rebinding(self, target: tree.Expression, value: Value, node: int) -> None:
        old = self.find_name(target.name) if isinstance(target, tree.Name) else None
        if old is not None and isinstance(target, tree.Name) and isinstance(value, Computed) and old in value.parts:
            self.trace.rebindings.append(Rebinding(target.name, old, value, self.site(node), self.context))
