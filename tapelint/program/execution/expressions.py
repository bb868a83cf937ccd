"""What an expression denotes in the present state."""

from __future__ import annotations

import builtins
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from tapelint.program.builtin import PASSING, fold
from tapelint.program.execution.state import State
from tapelint.program.knowledge import canonical, class_kind, table
from tapelint.program.trace import Call, Loop
from tapelint.program.values import (
    Attribute,
    Choice,
    Class,
    Computed,
    Constant,
    Display,
    DisplayKind,
    Element,
    Function,
    Instance,
    Item,
    Library,
    Mapping,
    ModuleValue,
    Result,
    Scope,
    Site,
    SliceValue,
    Super,
    Unknown,
    Value,
    alternatives,
    is_none,
    join,
)
from tapelint.syntax import tree

# More alternatives, or items of a list, than this are not told apart.
WIDTH = 8
_MOST_ITEMS = 200


# What an interactive session adds to the built-in names.
_INTERACTIVE = frozenset({"get_ipython", "display", "exit", "quit", "In", "Out", "_", "__"})


# Objects of these are called exactly as they are told to be; of others Keras may make the name unique.
_METRICS = "keras.metrics."


class Expressions(State):
    """Evaluates expressions. Calls are left to the next level up."""

    @abstractmethod
    def call(
        self, callee: Value, arguments: list[Value], keywords: dict[str, Value], spread: list[Value], site: Site
    ) -> Value: ...

    @abstractmethod
    def define(self, node: tree.Function) -> Function: ...

    @abstractmethod
    def bind(self, target: tree.Expression, value: Value) -> None: ...

    @abstractmethod
    def class_attribute(self, cls: Class, name: str, receiver: Value | None) -> Value | None: ...

    @abstractmethod
    def late_attribute(self, instance: Instance, name: str) -> Value | None: ...

    @abstractmethod
    def super_attribute(self, view: Super, name: str) -> Value: ...

    @abstractmethod
    def settled(self, owner: Value, name: str, held: Value) -> Value: ...

    def evaluate(self, node: tree.Expression) -> Value:
        return _EVALUATIONS[type(node)](self, node)

    def _constant(self, node: tree.Constant) -> Value:
        return Constant(node.value)

    def _attribute(self, node: tree.Attribute) -> Value:
        return self.attribute(self.evaluate(node.value), node.name)

    def _subscript(self, node: tree.Subscript) -> Value:
        return self.item(self.evaluate(node.value), self.evaluate(node.index), self.site(node.id))

    def _binary(self, node: tree.Binary) -> Value:
        return self.binary(node.operator, self.evaluate(node.left), self.evaluate(node.right), node.id)

    def _lambda(self, node: tree.Lambda) -> Value:
        return self.define(node.function)

    def _walrus(self, node: tree.Walrus) -> Value:
        value = self.evaluate(node.value)
        self.bind(node.target, value)
        return value

    def _await(self, node: tree.Await) -> Value:
        return self.evaluate(node.value)

    def _starred(self, node: tree.Starred) -> Value:
        return self.unknown("starred", self.evaluate(node.value))

    def _formatted(self, node: tree.FormattedString) -> Value:
        return self.computed("f-string", node.id, *[self.evaluate(part) for part in node.parts])

    # Names

    def lookup(self, node: tree.Name) -> Value:
        value = self.find_name(node.name)
        if value is not None:
            return value
        if hasattr(builtins, node.name) or (node.name in _INTERACTIVE and self.module.document.shows_values):
            return self.library(f"builtins.{node.name}")
        starred = self._from_star(node.name)
        if starred is not None:
            return starred
        self.trace.unbound.append((node.name, self.site(node.id), self.context))
        meant = table("names")["imports"].get(node.name)
        if meant is not None and not self.module.star_imports:
            # The rest of the program is read as if the forgotten import were there.
            return self.library(meant)
        return self.unknown(f"`{node.name}` is not bound")

    def _from_star(self, name: str) -> Value | None:
        """What the last `from library import *` of the module that brings this name means by it."""
        libraries = self.module.star_libraries
        for library in reversed(libraries):
            exported = table("exports").get(library)
            if exported is not None and name in exported:
                return self.library(canonical(f"{library}.{name}"))
            if exported is None:
                # It may bring any name.
                break
        full = canonical(f"{libraries[0]}.{name}") if len(libraries) == 1 else ""
        return self.library(full) if class_kind(full) is not None else None

    def find_name(self, name: str) -> Value | None:
        scope: Scope | None = self.scope
        if name in self.scope.globals:
            scope = self.scope.module.scope
        while scope is not None:
            # Names of a class body are not visible in its methods.
            if (scope is self.scope or scope.kind != "class") and name in scope.names:
                return self.bound(scope.names, name)
            scope = scope.parent
        return None

    # Attributes and items

    def attribute(self, value: Value, name: str) -> Value:
        if isinstance(value, Choice):
            known = [option for option in alternatives(value) if not is_none(option)]
            if not 0 < len(known) <= WIDTH:
                # None of it is known, or not yet: a loop may bind the name later, for its next turn.
                return self.projection(value, name, lambda: Attribute(value, name))
            return join([self.attribute(option, name) for option in known])
        if name in value.attributes and not isinstance(value, Class):
            return self.settled(value, name, value.attributes[name])
        match value:
            case Library(name="typing") if name == "TYPE_CHECKING":
                # What stands under it is never executed.
                return Constant(False)
            case Library():
                return self.library(canonical(f"{value.name}.{name}"))
            case Instance(cls=Library(name=cls), call=Call() as call) if name == "name" and cls.startswith(_METRICS):
                given = call.keywords.get("name")
                if isinstance(given, Constant) and given.value is not None:
                    return given
            case ModuleValue():
                return self._module_attribute(value, name)
            case Super():
                return self.super_attribute(value, name)
            case Class():
                found = self.class_attribute(value, name, None)
                if found is not None:
                    return found
            case Instance(cls=Class() as cls):
                found = self.class_attribute(cls, name, value) or self.late_attribute(value, name)
                if found is not None:
                    return self.settled(value, name, found)
        return self.projection(value, name, lambda: Attribute(value, name))

    def _module_attribute(self, value: ModuleValue, name: str) -> Value:
        found = self.name_of(value.module, name)
        if found is None:
            submodule = self.project.find(value.module, name, 1)
            found = ModuleValue(submodule) if submodule is not None else None
        return found or self.projection(value, name, lambda: Attribute(value, name))

    def item(self, of: Value, index: Value, site: Site) -> Value:
        """`of[index]`."""
        if isinstance(of, Choice):
            options = alternatives(of)
            if len(options) <= WIDTH and not all(is_none(option) for option in options):
                return join([self.item(option, index, site) for option in options])
        key = index.value if isinstance(index, Constant) else None
        match of:
            case Display(open=False, items=items) if isinstance(key, int) and -len(items) <= key < len(items):
                return items[key]
            case Display(items=items, kind=kind) if isinstance(index, SliceValue):
                sliced = self._sliced(items, index) if not of.open else None
                return self.made(Display(kind, sliced if sliced is not None else list(items), open=sliced is None))
            case Display(items=items) if items:
                return join(items)
            case Mapping(entries=entries) if isinstance(index, Constant) and key in entries:
                return entries[key]
            case Mapping(entries=entries, others=others) if not isinstance(index, Constant) and (entries or others):
                return join([*entries.values(), *others])
            case Mapping(others=others) if others:
                return join(others)
            case Library() if not isinstance(index, SliceValue):
                return self.made(Item(of, index, site, self.context))
        if isinstance(index, Constant) and isinstance(key, (int, str, bytes, bool, type(None))):
            return self.projection(of, ("item", type(key), key), lambda: Item(of, index, site, self.context))
        return self.made(Item(of, index, site, self.context))

    @staticmethod
    def _sliced(items: list[Value], index: SliceValue) -> list[Value] | None:
        """The items in a slice; None where a bound is not known."""
        bounds: list[int | None] = []
        for part in (index.lower, index.upper, index.step):
            if part is None or is_none(part):
                bounds.append(None)
            elif isinstance(part, Constant) and isinstance(part.value, int):
                bounds.append(part.value)
            else:
                return None
        return items[slice(*bounds)] if bounds[2] != 0 else None

    def element(self, iterable: Value, site: Site) -> Value:
        """What iterating over `iterable` gives at one turn."""
        options = alternatives(iterable)
        if len(options) > 1 and len(options) <= WIDTH:
            return join([self.element(option, site) for option in options])
        match options[0]:
            case Display(items=items) if items:
                return join(items)
            case Instance(cls=Class() as cls) as instance:
                produced = self._iterator_of(cls, instance, site)
                if produced is not None:
                    return self.element(produced, site)
            case Result(call=call) if call.arguments and call.op in PASSING:
                return self.element(call.arguments[0], site)
            case Result(call=call) if call.arguments and call.op == "builtins.enumerate":
                index = self.made(Element(options[0], site))
                return self.made(Display("tuple", [index, self.element(call.arguments[0], site)]))
            case Result(call=call) if call.arguments and call.op == "builtins.zip" and not call.spread:
                return self.made(Display("tuple", [self.element(each, site) for each in call.arguments]))
            case Result(call=call) if call.arguments and call.op is not None and call.op.startswith("tqdm."):
                return self.element(call.arguments[0], site)
            case Result(call=call) if (
                call.arguments and call.op == "tensorflow.distribute.Strategy.experimental_distribute_dataset"
            ):
                return self.element(call.arguments[0], site)
        return self.made(Element(options[0], site))

    def every(self, iterable: Value, site: Site) -> Value:
        """What stands in a list for all that iterating over `iterable` gives, one after another."""
        element = self.element(iterable, site)
        if isinstance(element, Element):
            element.every = True
        return element

    def _iterator_of(self, cls: Class, instance: Instance, site: Site) -> Value | None:
        """What an object of the project's classes is gone through by, unless that is the object itself."""
        method = self.class_attribute(cls, "__iter__", instance)
        if not isinstance(method, Function):
            return None
        produced = self.call(method, [], {}, [], site)
        return produced if isinstance(produced, (Display, Result)) else None

    # Operators

    def _slice(self, node: tree.Slice) -> Value:
        parts = [self.evaluate(part) if part is not None else None for part in (node.lower, node.upper, node.step)]
        return self.made(SliceValue(*parts))

    def binary(self, operator: str, left: Value, right: Value, node: int) -> Value:
        if isinstance(left, Constant) and isinstance(right, Constant):
            folded = fold(operator, left.value, right.value)
            if folded is not None:
                return Constant(folded)
        if operator == "+" and isinstance(left, Display) and isinstance(right, Display) and left.kind == right.kind:
            return self.display(left.kind, [*left.items, *right.items], is_open=left.open or right.open)
        return self.computed(operator, node, left, right)

    def _unary(self, node: tree.Unary) -> Value:
        operand = self.evaluate(node.operand)
        if isinstance(operand, Constant):
            if node.operator == "not":
                return Constant(not operand.value)
            if node.operator == "-" and isinstance(operand.value, (int, float)):
                return Constant(-operand.value)
        return self.computed(node.operator, node.id, operand)

    def _boolean(self, node: tree.Boolean) -> Value:
        left = self.evaluate(node.left)
        known = truth(left)
        if known is not None and known is (node.operator == "or"):
            return left
        if known is not None:
            return self.evaluate(node.right)
        values = [self._deciding(left, truth_of=node.operator == "or")]

        def right() -> None:
            values.append(self.evaluate(node.right))

        self.fork(left, [right, lambda: None] if node.operator == "and" else [lambda: None, right])
        return join(values)

    @staticmethod
    def _deciding(value: Value, *, truth_of: bool) -> Value:
        """What `value` is where it decides an `or` by being true, or an `and` by being false."""
        if not isinstance(value, Choice) or value.growing:
            return value
        left = [option for option in alternatives(value) if truth(option) in (truth_of, None)]
        return join(left) if left else value

    def _compare(self, node: tree.Compare) -> Value:
        left = self.evaluate(node.left)
        rights = [self.evaluate(right) for _, right in node.comparisons]
        if len(rights) == 1:
            operator, right = node.comparisons[0][0], rights[0]
            if operator in ("is", "is not") and is_none(right):
                none = known_none(left)
                if none is not None:
                    return Constant(none if operator == "is" else not none)
            if isinstance(left, Constant) and isinstance(right, Constant):
                folded = fold(operator, left.value, right.value)
                if folded is not None:
                    return Constant(folded)
        return self.computed(node.comparisons[0][0], node.id, left, *rights)

    def _conditional(self, node: tree.Conditional) -> Value:
        test = self.evaluate(node.test)
        known = truth(test)
        if known is not None:
            return self.evaluate(node.body if known else node.orelse)
        values: list[Value] = []
        self.fork(
            test,
            [lambda: values.append(self.evaluate(node.body)), lambda: values.append(self.evaluate(node.orelse))],
        )
        return join(values)

    # Displays

    def _collection(self, node: tree.Collection) -> Value:
        items: list[Value] = []
        is_open = False
        for item in node.items:
            if isinstance(item, tree.Starred):
                inner = self.evaluate(item.value)
                if isinstance(inner, Display):
                    items.extend(inner.items)
                    is_open = is_open or inner.open
                else:
                    items.append(self.every(inner, self.site(item.id)))
                    is_open = True
            else:
                items.append(self.evaluate(item))
        return self.display(node.kind, items, is_open=is_open or node.kind == "set")

    def display(self, kind: DisplayKind, items: list[Value], *, is_open: bool) -> Display:
        """A tuple, list or set of these items; of very many, only the first are told apart."""
        if len(items) > _MOST_ITEMS:
            items, is_open = [*items[:_MOST_ITEMS], self.unknown("and more", *items[_MOST_ITEMS:])], True
        return self.made(Display(kind, items, open=is_open))

    def _mapping(self, node: tree.Mapping) -> Value:
        result = Mapping({})
        for key, value in node.items:
            if key is None:
                inner = self.evaluate(value)
                if isinstance(inner, Mapping):
                    result.entries.update(inner.entries)
                    result.others.extend(inner.others)
                    result.open = result.open or inner.open
                else:
                    result.open = True
                    result.others.append(inner)
                continue
            evaluated_key, evaluated = self.evaluate(key), self.evaluate(value)
            if isinstance(evaluated_key, Constant):
                result.entries[evaluated_key.value] = evaluated
            else:
                result.open = True
                result.others.append(evaluated)
        return self.made(result)

    def _comprehension(self, node: tree.Comprehension) -> Value:
        outer, context = self.scope, self.context
        self.scope = Scope({}, outer, "function", outer.module)
        keys: list[Value] = []
        elements: list[Value] = []
        try:
            complete = self._clauses(node, 0, keys, elements)
        finally:
            self.scope, self.context = outer, context
        if node.kind == "dict":
            names = [key.value for key in keys if isinstance(key, Constant)]
            if complete and len(names) == len(elements):
                return self.made(Mapping(dict(zip(names, elements, strict=True))))
            return self.made(Mapping({}, open=True, others=elements))
        if node.kind == "set":
            return self.made(Display("set", elements, open=True))
        display = self.made(Display("list", elements, open=not complete))
        if node.kind == "generator":
            self.trace.generators.append((display, self.site(node.id), context))
        return display

    def _clauses(self, node: tree.Comprehension, number: int, keys: list[Value], elements: list[Value]) -> bool:
        """Goes through the clauses from `number` on; says whether all there is was seen, item by item."""
        if number == len(node.clauses):
            if node.key is not None:
                keys.append(self.evaluate(node.key))
            elements.append(self.evaluate(node.element))
            return True
        clause = node.clauses[number]
        iterable = self.evaluate(clause.iterable)
        iterable.used("iterated", self.computed("iterate", clause.id))
        loop = Loop(
            self.site(clause.id), "comprehension", iterable, self.context.loops[-1] if self.context.loops else None
        )
        loop.conditions = len(self.context.branches)
        self.trace.loops.append(loop)
        self.context = self.context.inside(loops=(*self.context.loops, loop))
        options = display_items(iterable)
        complete = not clause.conditions
        if options is None or len(options) ** len(node.clauses) > WIDTH**2:
            options, complete = [self.element(iterable, self.site(clause.id))], False
        for item in options:
            self.bind(clause.target, item)
            for condition in clause.conditions:
                self.evaluate(condition).used("tested")
            complete = self._clauses(node, number + 1, keys, elements) and complete
        return complete

    # Calls

    def _call(self, node: tree.Call) -> Value:
        callee = self.evaluate(node.function)
        arguments: list[Value] = []
        keywords: dict[str, Value] = {}
        spread: list[Value] = []
        for argument in node.arguments:
            value = self.evaluate(argument.value)
            if argument.star == "" and argument.keyword is None and spread:
                # Behind an unknown number of arguments, a position means nothing.
                spread.append(value)
            elif argument.star == "*":
                if isinstance(value, Display) and not value.open and not spread:
                    arguments.extend(value.items)
                else:
                    spread.append(value)
            elif argument.star == "**":
                if isinstance(value, Mapping) and not value.open and all(isinstance(key, str) for key in value.entries):
                    keywords.update({str(key): entry for key, entry in value.entries.items()})
                else:
                    spread.append(value)
            elif argument.keyword is not None:
                keywords[argument.keyword] = value
            else:
                arguments.append(value)
        return self.call(callee, arguments, keywords, spread, self.site(node.id))

    def _yield(self, node: tree.Yield) -> Value:
        if node.value is not None:
            value = self.evaluate(node.value)
            value.used("yielded")
            self.context.frame.yielded.append(self.element(value, self.site(node.id)) if node.delegates else value)
        return self.unknown("sent into a generator")


# The type of a node decides; nodes are evaluated more often than anything else is done.
_EVALUATIONS: dict[type[tree.Expression], Callable[[Expressions, Any], Value]] = {
    tree.Attribute: Expressions._attribute,
    tree.Await: Expressions._await,
    tree.Binary: Expressions._binary,
    tree.Boolean: Expressions._boolean,
    tree.Call: Expressions._call,
    tree.Collection: Expressions._collection,
    tree.Compare: Expressions._compare,
    tree.Comprehension: Expressions._comprehension,
    tree.Conditional: Expressions._conditional,
    tree.Constant: Expressions._constant,
    tree.FormattedString: Expressions._formatted,
    tree.Lambda: Expressions._lambda,
    tree.Mapping: Expressions._mapping,
    tree.Name: Expressions.lookup,
    tree.Slice: Expressions._slice,
    tree.Starred: Expressions._starred,
    tree.Subscript: Expressions._subscript,
    tree.Unary: Expressions._unary,
    tree.Walrus: Expressions._walrus,
    tree.Yield: Expressions._yield,
}


def display_items(value: Value) -> list[Value] | None:
    """The items of a closed, short list or tuple, which a loop can go through one by one; None for anything else."""
    if isinstance(value, Display) and not value.open and len(value.items) <= WIDTH:
        return value.items
    return None


def known_none(value: Value) -> bool | None:
    """Whether `value` is None; None when it cannot be told."""
    if isinstance(value, Constant):
        return value.value is None
    if isinstance(value, (Instance, Display, Mapping, Function, Class, Library, Computed)):
        return False
    return None


def truth(value: Value) -> bool | None:
    """Whether `value` counts as true; None when it cannot be told."""
    if isinstance(value, Constant):
        return bool(value.value)
    if isinstance(value, (Function, Class, Library)):
        return True
    if isinstance(value, Computed) and value.operator == "==":
        return _is_main_guard(value)
    return None


def _is_main_guard(value: Computed) -> bool | None:
    """`__name__ == "__main__"` holds: a script is analyzed as it runs."""
    name = any(isinstance(part, Unknown) and part.reason == "__name__" for part in value.parts)
    main = any(isinstance(part, Constant) and part.value == "__main__" for part in value.parts)
    return True if name and main else None
