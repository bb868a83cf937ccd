"""The compact tree that everything above `syntax` reads: Python as the analyzer needs it, and nothing else.

Names follow the standard library's `ast` where the notions agree. A node's `id` is its number in the order in which
lowering met it; together with the document's text it is enough to find the node's place again, so that a tree holds no
reference into LibCST and positions are only computed for what is reported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True, eq=False)
class Node:
    id: int


# Expressions


@dataclass(slots=True, eq=False)
class Expression(Node):
    pass


@dataclass(slots=True, eq=False)
class Name(Expression):
    name: str


@dataclass(slots=True, eq=False)
class Constant(Expression):
    """A literal number, string, bytes, boolean, None or Ellipsis."""

    value: object


@dataclass(slots=True, eq=False)
class FormattedString(Expression):
    """An f-string; `parts` are the expressions inside its braces."""

    parts: list[Expression]


@dataclass(slots=True, eq=False)
class Attribute(Expression):
    value: Expression
    name: str


@dataclass(slots=True, eq=False)
class Subscript(Expression):
    """`value[index]`; several indices are one Collection of kind tuple."""

    value: Expression
    index: Expression


@dataclass(slots=True, eq=False)
class Slice(Expression):
    lower: Expression | None
    upper: Expression | None
    step: Expression | None


@dataclass(slots=True, eq=False)
class Argument(Node):
    """One argument of a call: positional, `keyword=`, `*` or `**`."""

    value: Expression
    keyword: str | None = None
    star: Literal["", "*", "**"] = ""


@dataclass(slots=True, eq=False)
class Call(Expression):
    function: Expression
    arguments: list[Argument]


@dataclass(slots=True, eq=False)
class Binary(Expression):
    """`left operator right` for arithmetic, bit and matrix operators; the operator is spelled as in the source."""

    left: Expression
    operator: str
    right: Expression


@dataclass(slots=True, eq=False)
class Unary(Expression):
    """`-x`, `+x`, `~x`, `not x`."""

    operator: str
    operand: Expression


@dataclass(slots=True, eq=False)
class Compare(Expression):
    """`left op1 right1 op2 right2 …`; operators include `in`, `not in`, `is`, `is not`."""

    left: Expression
    comparisons: list[tuple[str, Expression]]


@dataclass(slots=True, eq=False)
class Boolean(Expression):
    """`left and right`, `left or right`."""

    left: Expression
    operator: Literal["and", "or"]
    right: Expression


@dataclass(slots=True, eq=False)
class Conditional(Expression):
    """`body if test else orelse`."""

    test: Expression
    body: Expression
    orelse: Expression


@dataclass(slots=True, eq=False)
class Collection(Expression):
    kind: Literal["tuple", "list", "set"]
    items: list[Expression]


@dataclass(slots=True, eq=False)
class Mapping(Expression):
    """A dict display. A key of None is a `**value` entry."""

    items: list[tuple[Expression | None, Expression]]


@dataclass(slots=True, eq=False)
class Starred(Expression):
    """`*value` in a display or an assignment target."""

    value: Expression


@dataclass(slots=True, eq=False)
class Clause(Node):
    """`for target in iterable if condition …` of a comprehension, outermost first."""

    target: Expression
    iterable: Expression
    conditions: list[Expression]


@dataclass(slots=True, eq=False)
class Comprehension(Expression):
    """`element` is the value of a dict comprehension, whose key stands in `key`."""

    kind: Literal["list", "set", "dict", "generator"]
    element: Expression
    key: Expression | None
    clauses: list[Clause]


@dataclass(slots=True, eq=False)
class Walrus(Expression):
    target: Name
    value: Expression


@dataclass(slots=True, eq=False)
class Await(Expression):
    value: Expression


@dataclass(slots=True, eq=False)
class Yield(Expression):
    """`yield value`, `yield from value` (`delegates`)."""

    value: Expression | None
    delegates: bool = False


# Statements


@dataclass(slots=True, eq=False)
class Statement(Node):
    pass


@dataclass(slots=True, eq=False)
class Parameter(Node):
    """One parameter of a function. `kind` as in `inspect`: how an argument may reach it."""

    name: str
    default: Expression | None
    annotation: Expression | None
    kind: Literal["positional", "either", "keyword", "*", "**"]


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a function's statements bind in some scope, and those that they declare global and nonlocal."""

    bound: frozenset[str]
    globals: frozenset[str]
    nonlocals: frozenset[str]


@dataclass(slots=True, eq=False)
class Suite:
    """The statements of a function, and whether they make it a generator. `names` is what `scopes` has found there."""

    statements: list[Statement]
    is_generator: bool = False
    names: Names | None = None


@dataclass(slots=True, eq=False)
class Unread:
    """A suite that is parsed when it is first asked for; `text` is how it stands in the document."""

    text: str
    read: Callable[[], Suite]


@dataclass(slots=True, eq=False)
class Function(Statement):
    """`def` and `lambda`; a lambda is called `<lambda>` and its body is one Return.

    Asking for what stands in a body that has not been read may raise Unparsable.
    """

    name: str
    parameters: list[Parameter]
    suite: Suite | Unread
    decorators: list[Expression]
    returns: Expression | None
    is_async: bool = False

    @property
    def body(self) -> list[Statement]:
        return self.read().statements

    @property
    def is_generator(self) -> bool:
        return self.read().is_generator

    def read(self) -> Suite:
        """What stands in the body, which is parsed if nobody has asked before. Raises Unparsable."""
        if isinstance(self.suite, Unread):
            self.suite = self.suite.read()
        return self.suite


@dataclass(slots=True, eq=False)
class Lambda(Expression):
    function: Function


@dataclass(slots=True, eq=False)
class Class(Statement):
    name: str
    bases: list[Argument]
    body: list[Statement]
    decorators: list[Expression]


@dataclass(slots=True, eq=False)
class ExpressionStatement(Statement):
    value: Expression


@dataclass(slots=True, eq=False)
class Assign(Statement):
    """`a = b = value`. Annotated assignments with a value are Assigns with one target."""

    targets: list[Expression]
    value: Expression
    annotation: Expression | None = None


@dataclass(slots=True, eq=False)
class AugmentedAssign(Statement):
    """`target operator= value`; the operator is spelled without the `=`."""

    target: Expression
    operator: str
    value: Expression


@dataclass(slots=True, eq=False)
class Declare(Statement):
    """`target: annotation` without a value."""

    target: Expression
    annotation: Expression


@dataclass(slots=True, eq=False)
class Return(Statement):
    value: Expression | None


@dataclass(slots=True, eq=False)
class If(Statement):
    test: Expression
    body: list[Statement]
    orelse: list[Statement]


@dataclass(slots=True, eq=False)
class For(Statement):
    target: Expression
    iterable: Expression
    body: list[Statement]
    orelse: list[Statement]
    is_async: bool = False


@dataclass(slots=True, eq=False)
class While(Statement):
    test: Expression
    body: list[Statement]
    orelse: list[Statement]


@dataclass(slots=True, eq=False)
class WithItem(Node):
    context: Expression
    target: Expression | None


@dataclass(slots=True, eq=False)
class With(Statement):
    items: list[WithItem]
    body: list[Statement]
    is_async: bool = False


@dataclass(slots=True, eq=False)
class Handler(Node):
    """`except type as name:`."""

    type: Expression | None
    name: str | None
    body: list[Statement]


@dataclass(slots=True, eq=False)
class Try(Statement):
    body: list[Statement]
    handlers: list[Handler]
    orelse: list[Statement]
    finalbody: list[Statement]


@dataclass(slots=True, eq=False)
class Case(Node):
    """One `case`; `names` are what its pattern binds."""

    names: list[str]
    guard: Expression | None
    body: list[Statement]


@dataclass(slots=True, eq=False)
class Match(Statement):
    subject: Expression
    cases: list[Case]


@dataclass(slots=True, eq=False)
class Alias(Node):
    """`name as asname` of an import; `name` is dotted for `import a.b`."""

    name: str
    asname: str | None


@dataclass(slots=True, eq=False)
class Import(Statement):
    names: list[Alias]


@dataclass(slots=True, eq=False)
class ImportFrom(Statement):
    """`from ..module import names`; `level` counts the dots; an empty list of names is `*`."""

    module: str
    level: int
    names: list[Alias]


@dataclass(slots=True, eq=False)
class ScopeDeclaration(Statement):
    """`global a, b` or `nonlocal a, b`."""

    kind: Literal["global", "nonlocal"]
    names: list[str]


@dataclass(slots=True, eq=False)
class Delete(Statement):
    targets: list[Expression]


@dataclass(slots=True, eq=False)
class Raise(Statement):
    value: Expression | None


@dataclass(slots=True, eq=False)
class Assert(Statement):
    test: Expression
    message: Expression | None


@dataclass(slots=True, eq=False)
class Jump(Statement):
    """`break`, `continue` or `pass`."""

    kind: Literal["break", "continue", "pass"]


@dataclass(slots=True, eq=False)
class Module(Node):
    """A whole file."""

    body: list[Statement]
