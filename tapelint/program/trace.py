"""What happened while a program was executed abstractly: calls in their order, each with its surroundings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tapelint.program.values import Compilation, Function, Site, Value


@dataclass(slots=True, eq=False)
class Loop:
    """A `for`, `while` or comprehension that is running. One that is `broken` may end before its iterable does.

    `conditions` counts the branches around it, and its body `binds` names.
    """

    site: Site
    kind: Literal["for", "while", "comprehension", "fit"]
    iterable: Value | None
    parent: Loop | None
    broken: bool = False
    conditions: int = 0
    binds: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Frame:
    """One running function of the project. `caller` is the frame it was called from, None for a root.

    `loops` counts the loops around the call, so that those inside the function can be told from them; `given` is what
    each parameter stands for, and `around` the surroundings of the call. Of a compiled function, `captured` is what the
    names and attributes of its surroundings that it mentions stood for when it was called.
    """

    function: Function | None
    caller: Frame | None
    call_site: Site | None
    compiled: Compilation = "no"
    root: bool = False
    loops: int = 0
    returned: list[Value] = field(default_factory=list)
    yielded: list[Value] = field(default_factory=list)
    generated: Value | None = None
    given: dict[str, Value] = field(default_factory=dict)
    around: Context | None = None
    captured: dict[str, Value] = field(default_factory=dict)

    def stack(self) -> Iterator[Frame]:
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.caller


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One arm of an `if`: the arm numbered 0 runs when `test` holds. A `try` has no test.

    What comes after `if test: return` is in the other arm, too.
    """

    test: Value | None
    arm: int


Training = Literal["on", "off", "unset", "unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The surroundings of an event: loops around it, contexts entered, the running functions, the training mode.

    What is `guarded` stands in its function's `try` that handles exceptions: they are expected.
    """

    frame: Frame
    loops: tuple[Loop, ...] = ()
    managers: tuple[Value, ...] = ()
    paused: bool = False
    training: Training = "unset"
    forwards: tuple[Value, ...] = ()
    branches: tuple[Branch, ...] = ()
    guarded: bool = False

    def inside(
        self,
        *,
        frame: Frame | None = None,
        loops: tuple[Loop, ...] | None = None,
        managers: tuple[Value, ...] | None = None,
        paused: bool | None = None,
        training: Training | None = None,
        forwards: tuple[Value, ...] | None = None,
        branches: tuple[Branch, ...] | None = None,
        guarded: bool | None = None,
    ) -> Context:
        """These surroundings with something changed."""
        return Context(
            self.frame if frame is None else frame,
            self.loops if loops is None else loops,
            self.managers if managers is None else managers,
            self.paused if paused is None else paused,
            self.training if training is None else training,
            self.forwards if forwards is None else forwards,
            self.branches if branches is None else branches,
            self.guarded if guarded is None else guarded,
        )


@dataclass(slots=True, eq=False)
class Call:
    """A call that the execution did not enter, or that means something by itself.

    `op` is the canonical name of what is called (`keras.Model.fit`, `tensorflow.GradientTape`, `forward` for a model or
    layer called as a function …); `method` is the attribute's name when only that is known.
    """

    order: int
    op: str | None
    method: str | None
    callee: Value
    receiver: Value | None
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]
    spread: tuple[Value, ...]
    site: Site
    context: Context
    result: Value = field(init=False)
    leaves: list[tuple[Value, Training]] = field(default_factory=list)
    body: Value | None = None

    def operands(self) -> Iterator[Value]:
        if self.receiver is not None:
            yield self.receiver
        yield from self.arguments
        yield from self.keywords.values()
        yield from self.spread

    def argument(self, position: int | None, keyword: str | None = None) -> Value | None:
        """The argument at `position` or under `keyword`; None when it is not passed in view."""
        if keyword is not None and keyword in self.keywords:
            return self.keywords[keyword]
        if position is not None and position < len(self.arguments):
            return self.arguments[position]
        return None

    @property
    def opaque(self) -> bool:
        """Whether arguments came through `*` or `**`, so that an absent one may be there after all."""
        return bool(self.spread)


@dataclass(slots=True, eq=False)
class Rebinding:
    """A name that held `old` was bound to `new`, which was computed from it.

    What is `kept` is there for others: an attribute, an item of a list or dict, a name of an outer scope. An attribute
    is one of `owner`.
    """

    name: str
    old: Value
    new: Value
    site: Site
    context: Context
    kept: bool
    owner: Value | None


@dataclass(slots=True, eq=False)
class AttributeAssignment:
    """`owner.name = value`. `order` counts the calls before it."""

    owner: Value
    name: str
    value: Value
    site: Site
    context: Context
    order: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Exit:
    """A `break`, or a `return` of a value."""

    kind: Literal["break", "return"]
    context: Context
    value: Value | None = None


@dataclass(slots=True, eq=False)
class Trace:
    """Every call of a program, in the order of execution, and every loop and function that ran.

    `generators` are the generator expressions, each with the place and the surroundings in which it was made.
    """

    calls: list[Call] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    unbound: list[tuple[str, Site, Context]] = field(default_factory=list)
    rebindings: list[Rebinding] = field(default_factory=list)
    assignments: list[AttributeAssignment] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    generators: list[tuple[Value, Site, Context]] = field(default_factory=list)
