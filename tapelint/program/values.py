"""What an expression may denote: the abstract values of one execution.

Values form a data-flow graph. Each knows its operands, and through `uses` what became of it, so that both questions of
a check, "where does this come from?" and "what happens to it?", are walks over this graph. A value is its own identity:
two names for one object are one value here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tapelint.syntax import tree

if TYPE_CHECKING:
    from tapelint.program.project import Module
    from tapelint.program.trace import Call, Context


@dataclass(frozen=True, slots=True)
class Site:
    """A node of a module's tree: the place in the source that a value or an event belongs to."""

    module: Module
    node: int


UseKind = Literal["operand", "argument", "receiver", "returned", "stored", "yielded", "displayed", "tested", "iterated"]


@dataclass(slots=True, eq=False)
class Use:
    """One thing that happened to a value: it became an operand of another value, or an argument of a call …"""

    kind: UseKind
    by: Value | Call | None = None


@dataclass(slots=True, eq=False)
class Value:
    """Anything an expression may denote. `uses` is filled while the program runs."""

    uses: list[Use] = field(default_factory=list, init=False, repr=False)
    attributes: dict[str, Value] = field(default_factory=dict, init=False, repr=False)
    marks: set[str] = field(default_factory=set, init=False, repr=False)
    answers: dict[str, object] | None = field(default=None, init=False, repr=False)

    def operands(self) -> Iterator[Value]:
        """The values this one was made from."""
        return iter(())

    def used(self, kind: UseKind, by: Value | Call | None = None) -> None:
        """Note what happens to this value. What becomes of constants and definitions is of no interest."""
        if not isinstance(self, (Constant, Library, ModuleValue, Function, Class)):
            self.uses.append(Use(kind, by))


@dataclass(slots=True, eq=False)
class Unknown(Value):
    """A value nothing is known about, except what it was made from."""

    reason: str = ""
    sources: tuple[Value, ...] = ()

    def operands(self) -> Iterator[Value]:
        return iter(self.sources)


@dataclass(slots=True, eq=False)
class Constant(Value):
    """A Python constant: number, string, boolean, None."""

    value: object


@dataclass(slots=True, eq=False)
class Parameter(Value):
    """What a caller outside the project passes for a parameter; `position` counts from 0, without the receiver."""

    name: str
    site: Site
    position: int


@dataclass(slots=True, eq=False)
class Library(Value):
    """A module, class or function that is imported from outside the project, by its canonical dotted name."""

    name: str


@dataclass(slots=True, eq=False)
class ModuleValue(Value):
    """A module of the project."""

    module: Module


@dataclass(slots=True, eq=False)
class Deferred(Value):
    """What `from module import name` binds, which is found out when the name is first read."""

    find: Callable[[], Value]


@dataclass(slots=True, eq=False)
class Scope:
    """The variables of one run of a module, function or class body."""

    names: dict[str, Value]
    parent: Scope | None
    kind: Literal["module", "function", "class"]
    module: Module
    globals: frozenset[str] = frozenset()
    nonlocals: frozenset[str] = frozenset()


Compilation = Literal["no", "yes", "unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class Wrapping:
    """One `tf.function` around a function: where it was put there, in what surroundings, with what options."""

    site: Site
    context: Context
    options: dict[str, Value]


@dataclass(slots=True, eq=False)
class Function(Value):
    """A function of the project. `compiled` says whether a decorator or wrapper made it a graph function."""

    node: tree.Function
    scope: Scope
    owner: Class | None = None
    receiver: Value | None = None
    compiled: Compilation = "no"
    defaults: dict[str, Value] = field(default_factory=dict)
    bound: tuple[tuple[Value, ...], dict[str, Value]] | None = None
    wrapping: Wrapping | None = None

    def operands(self) -> Iterator[Value]:
        if self.receiver is not None:
            yield self.receiver
        if self.bound:
            yield from self.bound[0]
            yield from self.bound[1].values()

    @property
    def site(self) -> Site:
        return Site(self.scope.module, self.node.id)


@dataclass(slots=True, eq=False)
class Class(Value):
    """A class of the project."""

    node: tree.Class
    scope: Scope
    bases: tuple[Value, ...]

    @property
    def site(self) -> Site:
        return Site(self.scope.module, self.node.id)


@dataclass(slots=True, eq=False)
class Super(Value):
    """`super()` inside a method: the receiver, seen from above `owner`."""

    owner: Class
    receiver: Value


@dataclass(slots=True, eq=False)
class Instance(Value):
    """An object of a class: the project's own or a library's. `call` is the construction, if it was seen."""

    cls: Class | Library
    call: Call | None
    site: Site

    def operands(self) -> Iterator[Value]:
        return self.call.operands() if self.call else iter(())


DisplayKind = Literal["tuple", "list", "set"]


@dataclass(slots=True, eq=False)
class Display(Value):
    """A tuple, list or set. When `open`, the items are samples of what it may hold, in no order."""

    kind: DisplayKind
    items: list[Value]
    open: bool = False

    def operands(self) -> Iterator[Value]:
        return iter(self.items)


@dataclass(slots=True, eq=False)
class Mapping(Value):
    """A dict with constant keys. When `open`, it may hold more; `others` are values under unknown keys."""

    entries: dict[object, Value]
    open: bool = False
    others: list[Value] = field(default_factory=list)

    def operands(self) -> Iterator[Value]:
        yield from self.entries.values()
        yield from self.others


@dataclass(slots=True, eq=False)
class Computed(Value):
    """The result of an operator: arithmetic, comparison, an f-string, a slice bound."""

    operator: str
    parts: tuple[Value, ...]
    site: Site
    context: Context

    def operands(self) -> Iterator[Value]:
        return iter(self.parts)


@dataclass(slots=True, eq=False)
class SliceValue(Value):
    """`lower:upper:step` inside a subscript."""

    lower: Value | None
    upper: Value | None
    step: Value | None

    def operands(self) -> Iterator[Value]:
        return (part for part in (self.lower, self.upper, self.step) if part is not None)


@dataclass(slots=True, eq=False)
class Result(Value):
    """What a call of something outside the project, or of a model, layer, loss or metric, returned."""

    call: Call

    def operands(self) -> Iterator[Value]:
        return self.call.operands()


@dataclass(slots=True, eq=False)
class Attribute(Value):
    """`of.name`, where the attribute was not set in view."""

    of: Value
    name: str

    def operands(self) -> Iterator[Value]:
        yield self.of


@dataclass(slots=True, eq=False)
class Item(Value):
    """`of[index]`."""

    of: Value
    index: Value
    site: Site
    context: Context

    def operands(self) -> Iterator[Value]:
        yield self.of
        yield self.index


@dataclass(slots=True, eq=False)
class Element(Value):
    """What a loop or an unpacking takes from an iterable, one at a time; in a list it may stand for `every` one."""

    of: Value
    site: Site
    every: bool = False

    def operands(self) -> Iterator[Value]:
        yield self.of


@dataclass(slots=True, eq=False)
class Choice(Value):
    """One of several values, depending on the branch taken or, in a loop, on the turn. A loop's may still grow."""

    options: list[Value]
    growing: bool = False

    def operands(self) -> Iterator[Value]:
        return iter(self.options)


# The attributes of models and layers that list their variables.
VARIABLE_LISTS = frozenset(
    {
        "trainable_variables",
        "trainable_weights",
        "variables",
        "weights",
        "non_trainable_variables",
        "non_trainable_weights",
    }
)


def alternatives(value: Value) -> list[Value]:
    """What `value` may be, with every choice opened; loop-carried choices are cyclic and handled."""
    if not isinstance(value, Choice):
        return [value]
    found: list[Value] = []
    seen: set[int] = set()
    pending: list[Value] = [value]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Choice):
            pending.extend(reversed(one.options))
        else:
            found.append(one)
    return found


def is_none(value: Value) -> bool:
    return isinstance(value, Constant) and value.value is None


# A value with more alternatives than this is not worth telling apart: it is unknown, with all of them behind it.
WIDEST = 16


def join(values: list[Value]) -> Value:
    """The value that is one of `values`."""
    first = values[0]
    if all(value is first for value in values):
        return first
    known: dict[object, Value] = {}
    for value in values:
        for option in _flat(value):
            known.setdefault(_key(option), option)
    distinct = list(known.values())
    if len(distinct) == 1:
        return distinct[0]
    joined = Choice(distinct) if len(distinct) <= WIDEST else Unknown("one of many", tuple(distinct))
    for value in distinct:
        value.used("operand", joined)
    return joined


def _key(value: Value) -> object:
    """What tells a value from others: equal constants are one value, every other is its own."""
    if isinstance(value, Constant):
        return type(value.value), repr(value.value)
    return id(value)


def _flat(value: Value) -> list[Value]:
    """The options of a choice; those of a running loop, which may still grow, stay as they are."""
    if isinstance(value, Choice) and not value.growing:
        return value.options
    return [value]
