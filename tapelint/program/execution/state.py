"""The changing part of an abstract execution: variables, surroundings, and how branches meet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

from tapelint.program.project import Module, Project
from tapelint.program.trace import Branch, Context, Frame, Trace
from tapelint.program.values import (
    VARIABLE_LISTS,
    Attribute,
    Computed,
    Constant,
    Deferred,
    Item,
    Library,
    Scope,
    Site,
    Unknown,
    Value,
    join,
)

Names = dict[str, Value]
V = TypeVar("V", bound=Value)
RegionKind = Literal["loop", "function", "try"]
Changes = dict[tuple[int, str], tuple[Names, str, Value | None]]


class State(ABC):
    """Variables and surroundings. Every write goes through `store`, so that a branch can be undone and merged."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.trace = Trace()
        self.scope: Scope
        self.context = Context(Frame(None, None, None))
        self.live = True
        self._journals: list[Changes] = []
        self._regions: list[tuple[RegionKind, int, list[Changes]]] = []
        self._left: RegionKind = "function"
        self._libraries: dict[str, Library] = {}
        self._projections: dict[tuple[int, object], Value] = {}

    def forget(self) -> None:
        """Let go of all that a run has made. A program may have given attributes to what it imports."""
        self._projections.clear()
        self._libraries.clear()

    @property
    def module(self) -> Module:
        return self.scope.module

    def site(self, node: int) -> Site:
        return Site(self.scope.module, node)

    # Values

    def library(self, name: str) -> Library:
        known = self._libraries.get(name)
        if known is None:
            known = self._libraries[name] = Library(name)
        return known

    def made(self, value: V) -> V:
        """`value`, entered as a use of its operands."""
        for operand in value.operands():
            operand.used("operand", value)
        return value

    def unknown(self, reason: str, *sources: Value) -> Value:
        return self.made(Unknown(reason, sources))

    def computed(self, operator: str, node: int, *parts: Value) -> Value:
        return self.made(Computed(operator, parts, self.site(node), self.context))

    def projection(self, of: Value, key: object, make: Callable[[], Attribute | Item]) -> Value:
        """The one value for an attribute or item of `of`, so that asking twice gives the same value."""
        known = self._projections.get((id(of), key))
        if known is None:
            if key in VARIABLE_LISTS:
                # Only models and layers have these: what `of` is, is known from here on.
                of.marks.add("model")
            known = self._projections[id(of), key] = self.made(make())
        return known

    def constant(self, value: object) -> Constant:
        return Constant(value)

    # Names

    @abstractmethod
    def import_module(self, module: Module) -> None: ...

    def name_of(self, module: Module, name: str) -> Value | None:
        """What a module of the project binds to `name`."""
        self.import_module(module)
        return self.bound(module.scope.names, name)

    def bound(self, names: Names, name: str) -> Value | None:
        """What is bound to `name`; an import is followed now, if that has not been necessary before."""
        value = names.get(name)
        if isinstance(value, Deferred):
            # A cycle of imports that leads back here finds nothing.
            names[name] = self.unknown(f"`{name}` is imported in a circle")
            value = names[name] = value.find()
        return value

    @property
    def is_straight(self) -> bool:
        """Whether no branch, loop or call is being run, so that nothing written now will be merged."""
        return not self._journals

    # Writes and branches

    def store(self, names: Names, name: str, value: Value) -> None:
        if self._journals:
            self._journals[-1].setdefault((id(names), name), (names, name, names.get(name)))
        names[name] = value

    def fork(self, test: Value | None, arms: Sequence[Callable[[], None]]) -> None:
        """Run each arm from the present state, then continue with all their outcomes at once."""
        context = self.context
        outcomes: list[Changes] = []
        onward: list[Branch] = []
        failed = False
        for number, arm in enumerate(arms):
            self.live = True
            branch = Branch(test, number)
            self.context = context.inside(branches=(*context.branches, branch))
            self._journals.append({})
            arm()
            changes = self._undo(self._journals.pop())
            if self.live:
                outcomes.append(changes)
                onward.append(branch)
            else:
                failed = failed or self._left == "try"
        self.context = context
        if test is not None and len(onward) == 1 < len(arms) and not failed:
            # The other arms jump away, and what follows is in this one. (An arm that raises is there for mistakes.)
            self.context = context.inside(branches=(*context.branches, onward[0]))
        self.live = bool(outcomes)
        self._merge(outcomes)

    def region(self, kind: RegionKind, body: Callable[[], None]) -> None:
        """Run `body`, which `leave` may end early; afterwards, what was written before each exit may hold as well."""
        exits: list[Changes] = []
        self._regions.append((kind, len(self._journals), exits))
        self._journals.append({})
        body()
        changes = self._undo(self._journals.pop())
        self._regions.pop()
        self._merge([*exits, changes] if self.live else exits)

    def leave(self, kind: RegionKind) -> None:
        """End this path by break or continue (to the innermost loop), return (the function) or raise (the try)."""
        for running, start, exits in reversed(self._regions):
            if running == kind:
                changes: Changes = {}
                for journal in self._journals[start:]:
                    for key, (names, name, _) in journal.items():
                        changes[key] = (names, name, names.get(name))
                exits.append(changes)
                break
        self.live = False
        self._left = kind

    def _undo(self, journal: Changes) -> Changes:
        """Put back what `journal` remembers; returns what had been written instead."""
        changes: Changes = {}
        for key, (names, name, old) in journal.items():
            changes[key] = (names, name, names.get(name))
            if old is None:
                names.pop(name, None)
            else:
                names[name] = old
        return changes

    def _merge(self, outcomes: Iterable[Changes]) -> None:
        outcomes = list(outcomes)
        if len(outcomes) == 1:
            for names, name, value in outcomes[0].values():
                if value is not None:
                    self.store(names, name, value)
            return
        keys: dict[tuple[int, str], tuple[Names, str]] = {}
        for changes in outcomes:
            for key, (names, name, _) in changes.items():
                keys[key] = (names, name)
        for key, (names, name) in keys.items():
            values = [changes[key][2] if key in changes else names.get(name) for changes in outcomes]
            present = [value for value in values if value is not None]
            if present:
                self.store(names, name, join(present))
