"""The walk that turns a LibCST module into the compact tree.

It looks at the type of each node and at the fields it needs, and at nothing else: no visitor, no metadata, no copy.
Chains that grow to the left (`a + b + …`, `a.b().c()…`) and `elif` ladders are walked in loops, because generated code
has thousands of links in them. Everything else nests at most as deeply as Python lets people nest brackets and blocks,
so that whoever reads a compact tree may recurse, but for the left edges of expressions and for `elif`.
"""

import ast
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import libcst as cst

from tapelint.syntax import tree

Origin: TypeAlias = cst.CSTNode | tuple[cst.CSTNode, cst.CSTNode]
"""What a tree node was made from: a node, or everything from the first node up to the end of the second."""

MOST_RIGHTWARD = 200

_LITERAL = re.compile(r"([A-Za-z]*)('''|\"\"\"|'|\")")


class IllegalLiteral(ValueError):
    """A literal that LibCST lets pass but Python does not, like `"\\x1"` or `010`."""


class TooDeep(ValueError):
    """An expression that nests to the right, like `not not …`, beyond what readers of the tree are prepared for."""


class Misplaced(ValueError):
    """A suite that was cut out belongs to no function, or to another one than was thought."""


def lower(
    module: cst.Module, first: int = 0, suites: Sequence[tuple[str, tree.Unread | None]] | None = None
) -> tuple[tree.Module, list[Origin]]:
    """The compact tree of `module`, with ids counted from `first`, and the origin of each of its nodes in their order.

    Of the functions that stand in no other one, `suites` gives the names, in order, and the suites that were cut out.
    """
    lowering = _Lowering(first, suites)
    number = lowering.number(module)
    lowered = tree.Module(number, lowering.block(module.body))
    if lowering.suites:
        raise Misplaced(lowering.suites[-1][0])
    return lowered, lowering.origins


class _Lowering:
    """The state of one walk: the origins so far, and what stands around the node in hand.

    `yields` says of each function around it whether it is a generator; `rightward` counts the expressions around it
    that nest without brackets; `suites` are those that were cut out of the functions to come, the next one last.
    """

    def __init__(self, first: int, suites: Sequence[tuple[str, tree.Unread | None]] | None) -> None:
        self.first = first
        self.suites = None if suites is None else list(reversed(suites))
        self.origins: list[Origin] = []
        self.yields: list[bool] = [False]
        self.rightward = 0

    def number(self, origin: Origin) -> int:
        self.origins.append(origin)
        return self.first + len(self.origins) - 1

    # Statements

    def block(self, lines: Iterable[cst.BaseStatement | cst.BaseSmallStatement]) -> list[tree.Statement]:
        statements: list[tree.Statement] = []
        for line in lines:
            if isinstance(line, cst.SimpleStatementLine):
                statements.extend(_STATEMENTS[type(small)](self, small) for small in line.body)
            else:
                statements.append(_STATEMENTS[type(line)](self, line))
        return statements

    def suite(self, clause: cst.Else | cst.Finally | None) -> list[tree.Statement]:
        return self.block(clause.body.body) if clause else []

    def expr(self, node: cst.Expr) -> tree.Statement:
        return tree.ExpressionStatement(self.number(node), self.expression(node.value))

    def assign(self, node: cst.Assign) -> tree.Statement:
        targets = [self.expression(target.target) for target in node.targets]
        return tree.Assign(self.number(node), targets, self.expression(node.value))

    def annotated_assign(self, node: cst.AnnAssign) -> tree.Statement:
        number, target = self.number(node), self.expression(node.target)
        annotation = self.expression(node.annotation.annotation)
        if node.value is None:
            return tree.Declare(number, target, annotation)
        return tree.Assign(number, [target], self.expression(node.value), annotation)

    def augmented_assign(self, node: cst.AugAssign) -> tree.Statement:
        operator = _OPERATORS[type(node.operator)]
        return tree.AugmentedAssign(
            self.number(node), self.expression(node.target), operator, self.expression(node.value)
        )

    def type_alias(self, node: cst.TypeAlias) -> tree.Statement:
        return tree.Assign(self.number(node), [self.name(node.name)], self.expression(node.value))

    def returning(self, node: cst.Return) -> tree.Statement:
        return tree.Return(self.number(node), self.optional(node.value))

    def raising(self, node: cst.Raise) -> tree.Statement:
        return tree.Raise(self.number(node), self.optional(node.exc))

    def asserting(self, node: cst.Assert) -> tree.Statement:
        return tree.Assert(self.number(node), self.expression(node.test), self.optional(node.msg))

    def deletion(self, node: cst.Del) -> tree.Statement:
        number, target = self.number(node), node.target
        if isinstance(target, cst.Tuple) and not target.lpar:
            return tree.Delete(number, self.elements(target.elements))
        return tree.Delete(number, [self.expression(target)])

    def jump(self, node: cst.Pass | cst.Break | cst.Continue) -> tree.Statement:
        return tree.Jump(self.number(node), _JUMPS[type(node)])

    def declaration(self, node: cst.Global | cst.Nonlocal) -> tree.Statement:
        kind: Literal["global", "nonlocal"] = "global" if isinstance(node, cst.Global) else "nonlocal"
        return tree.ScopeDeclaration(self.number(node), kind, [_identifier(item.name) for item in node.names])

    def importing(self, node: cst.Import | cst.LazyImport) -> tree.Statement:
        return tree.Import(self.number(node), [self.alias(alias) for alias in node.names])

    def importing_from(self, node: cst.ImportFrom | cst.LazyImportFrom) -> tree.Statement:
        names = [] if isinstance(node.names, cst.ImportStar) else node.names
        module = _dotted(node.module) if node.module else ""
        return tree.ImportFrom(self.number(node), module, len(node.relative), [self.alias(alias) for alias in names])

    def alias(self, node: cst.ImportAlias) -> tree.Alias:
        return tree.Alias(self.number(node), _dotted(node.name), _alias_name(node.asname))

    def ladder(self, node: cst.If) -> tree.Statement:
        first = last = self.rung(node)
        clause = node.orelse
        while isinstance(clause, cst.If):
            rung = self.rung(clause)
            last.orelse = [rung]
            last, clause = rung, clause.orelse
        last.orelse = self.suite(clause)
        return first

    def rung(self, node: cst.If) -> tree.If:
        return tree.If(self.number(node), self.expression(node.test), self.block(node.body.body), [])

    def for_loop(self, node: cst.For) -> tree.Statement:
        return tree.For(
            self.number(node),
            self.expression(node.target),
            self.expression(node.iter),
            self.block(node.body.body),
            self.suite(node.orelse),
            is_async=node.asynchronous is not None,
        )

    def while_loop(self, node: cst.While) -> tree.Statement:
        return tree.While(
            self.number(node), self.expression(node.test), self.block(node.body.body), self.suite(node.orelse)
        )

    def with_block(self, node: cst.With) -> tree.Statement:
        number = self.number(node)
        items = [
            tree.WithItem(
                self.number(item),
                self.expression(item.item),
                self.expression(item.asname.name) if item.asname else None,
            )
            for item in node.items
        ]
        return tree.With(number, items, self.block(node.body.body), is_async=node.asynchronous is not None)

    def try_block(self, node: cst.Try | cst.TryStar) -> tree.Statement:
        return tree.Try(
            self.number(node),
            self.block(node.body.body),
            [self.handler(handler) for handler in node.handlers],
            self.suite(node.orelse),
            self.suite(node.finalbody),
        )

    def handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> tree.Handler:
        return tree.Handler(
            self.number(node), self.optional(node.type), _alias_name(node.name), self.block(node.body.body)
        )

    def match_block(self, node: cst.Match) -> tree.Statement:
        return tree.Match(self.number(node), self.expression(node.subject), [self.case(case) for case in node.cases])

    def case(self, node: cst.MatchCase) -> tree.Case:
        return tree.Case(
            self.number(node), _captures(node.pattern), self.optional(node.guard), self.block(node.body.body)
        )

    def function(self, node: cst.FunctionDef) -> tree.Statement:
        number = self.number(node)
        decorators = [self.expression(decorator.decorator) for decorator in node.decorators]
        parameters = self.parameters(node.params)
        returns = self.expression(node.returns.annotation) if node.returns else None
        name = _identifier(node.name)
        suite = self.cut_out(name) or self.function_suite(node)
        return tree.Function(
            number, name, parameters, suite, decorators, returns, is_async=node.asynchronous is not None
        )

    def function_suite(self, node: cst.FunctionDef) -> tree.Suite:
        self.yields.append(False)
        statements = self.block(node.body.body)
        return tree.Suite(statements, self.yields.pop())

    def cut_out(self, name: str) -> tree.Unread | None:
        """The suite of the function called `name` if it was cut out of the text."""
        if self.suites is None or len(self.yields) > 1:
            return None
        if not self.suites or self.suites[-1][0] != name:
            raise Misplaced(name)
        return self.suites.pop()[1]

    def parameters(self, node: cst.Parameters) -> list[tree.Parameter]:
        parameters = [self.parameter(parameter, "positional") for parameter in node.posonly_params]
        parameters += [self.parameter(parameter, "either") for parameter in node.params]
        if isinstance(node.star_arg, cst.Param):
            parameters.append(self.parameter(node.star_arg, "*"))
        parameters += [self.parameter(parameter, "keyword") for parameter in node.kwonly_params]
        if node.star_kwarg:
            parameters.append(self.parameter(node.star_kwarg, "**"))
        return parameters

    def parameter(self, node: cst.Param, kind: Literal["positional", "either", "keyword", "*", "**"]) -> tree.Parameter:
        annotation = self.expression(node.annotation.annotation) if node.annotation else None
        return tree.Parameter(self.number(node), _identifier(node.name), self.optional(node.default), annotation, kind)

    def class_definition(self, node: cst.ClassDef) -> tree.Statement:
        number = self.number(node)
        decorators = [self.expression(decorator.decorator) for decorator in node.decorators]
        bases = [self.argument(base) for base in (*node.bases, *node.keywords)]
        return tree.Class(number, _identifier(node.name), bases, self.block(node.body.body), decorators)

    # Expressions

    def expression(self, node: cst.BaseExpression) -> tree.Expression:
        return _EXPRESSIONS[type(node)](self, node)

    def operand(self, node: cst.BaseExpression) -> tree.Expression:
        """An expression that another one ends with, in a place where the grammar lets it repeat without brackets."""
        self.rightward += 1
        if self.rightward > MOST_RIGHTWARD:
            raise TooDeep(f"an expression nested more than {MOST_RIGHTWARD} levels deep is more than tapelint reads")
        lowered = self.expression(node)
        self.rightward -= 1
        return lowered

    def optional(self, node: cst.BaseExpression | None) -> tree.Expression | None:
        return _EXPRESSIONS[type(node)](self, node) if node is not None else None

    def name(self, node: cst.Name) -> tree.Expression:
        if node.value in _SINGLETONS:
            return tree.Constant(self.number(node), _SINGLETONS[node.value])
        return tree.Name(self.number(node), _identifier(node))

    def integer(self, node: cst.Integer) -> tree.Expression:
        return tree.Constant(self.number(node), _number(int, node.value, 0))

    def floating(self, node: cst.Float) -> tree.Expression:
        return tree.Constant(self.number(node), _number(float, node.value))

    def imaginary(self, node: cst.Imaginary) -> tree.Expression:
        return tree.Constant(self.number(node), complex(0, _number(float, node.value[:-1])))

    def ellipsis(self, node: cst.Ellipsis) -> tree.Expression:
        return tree.Constant(self.number(node), ...)

    def string(self, node: cst.SimpleString) -> tree.Expression:
        return tree.Constant(self.number(node), _literal(node.value))

    def formatted(self, node: cst.FormattedString | cst.TemplatedString) -> tree.Expression:
        return tree.FormattedString(self.number(node), self.replacements(node.parts))

    def replacements(
        self, parts: Iterable[cst.BaseFormattedStringContent | cst.BaseTemplatedStringContent]
    ) -> list[tree.Expression]:
        found: list[tree.Expression] = []
        for part in parts:
            if isinstance(part, cst.FormattedStringExpression | cst.TemplatedStringExpression):
                found.append(self.expression(part.expression))
                found.extend(self.replacements(part.format_spec or ()))
        return found

    def concatenated(self, node: cst.ConcatenatedString) -> tree.Expression:
        number, pieces = self.number(node), _pieces(node)
        plain = [_literal(piece.value) for piece in pieces if isinstance(piece, cst.SimpleString)]
        if len(plain) == len(pieces):
            return tree.Constant(number, _joined(plain))
        if any(isinstance(value, bytes) for value in plain):
            raise IllegalLiteral("bytes and text in one literal")
        formatted = (piece for piece in pieces if not isinstance(piece, cst.SimpleString))
        return tree.FormattedString(number, [part for piece in formatted for part in self.replacements(piece.parts)])

    def chain(self, node: cst.BaseExpression) -> tree.Expression:
        """`node` and the expressions down its left edge, from the innermost one outwards."""
        links = []
        while field := _LEFT_EDGES.get(type(node)):
            links.append(node)
            node = getattr(node, field)
        result = self.expression(node)
        for link in reversed(links):
            result = _LINKS[type(link)](self, link, result)
        return result

    def attribute(self, node: cst.Attribute, left: tree.Expression) -> tree.Expression:
        return tree.Attribute(self.number(node), left, _identifier(node.attr))

    def call(self, node: cst.Call, left: tree.Expression) -> tree.Expression:
        return tree.Call(self.number(node), left, [self.argument(argument) for argument in node.args])

    def subscript(self, node: cst.Subscript, left: tree.Expression) -> tree.Expression:
        return tree.Subscript(self.number(node), left, self.index(node.slice))

    def binary(self, node: cst.BinaryOperation, left: tree.Expression) -> tree.Expression:
        return tree.Binary(self.number(node), left, _OPERATORS[type(node.operator)], self.operand(node.right))

    def boolean(self, node: cst.BooleanOperation, left: tree.Expression) -> tree.Expression:
        word: Literal["and", "or"] = "and" if isinstance(node.operator, cst.And) else "or"
        return tree.Boolean(self.number(node), left, word, self.expression(node.right))

    def argument(self, node: cst.Arg) -> tree.Argument:
        keyword = _identifier(node.keyword) if node.keyword else None
        return tree.Argument(self.number(node), self.expression(node.value), keyword, node.star)

    def index(self, elements: Sequence[cst.SubscriptElement]) -> tree.Expression:
        first = elements[0]
        is_starred = isinstance(first.slice, cst.Index) and first.slice.star
        if len(elements) == 1 and not isinstance(first.comma, cst.Comma) and not is_starred:
            return self.slice(first.slice)
        number = self.number((first, elements[-1]))
        return tree.Collection(number, "tuple", [self.slice(element.slice) for element in elements])

    def slice(self, node: cst.BaseSlice) -> tree.Expression:
        if isinstance(node, cst.Slice):
            return tree.Slice(
                self.number(node), self.optional(node.lower), self.optional(node.upper), self.optional(node.step)
            )
        index = cst.ensure_type(node, cst.Index)
        if index.star:
            return tree.Starred(self.number(index), self.expression(index.value))
        return self.expression(index.value)

    def unary(self, node: cst.UnaryOperation) -> tree.Expression:
        return tree.Unary(self.number(node), _OPERATORS[type(node.operator)], self.operand(node.expression))

    def comparison(self, node: cst.Comparison) -> tree.Expression:
        number, left = self.number(node), self.expression(node.left)
        comparisons = [
            (_comparison_operator(target.operator), self.expression(target.comparator)) for target in node.comparisons
        ]
        return tree.Compare(number, left, comparisons)

    def conditional(self, node: cst.IfExp) -> tree.Expression:
        return tree.Conditional(
            self.number(node), self.expression(node.test), self.expression(node.body), self.operand(node.orelse)
        )

    def elements(self, elements: Iterable[cst.BaseElement]) -> list[tree.Expression]:
        return [
            self.starred(element) if isinstance(element, cst.StarredElement) else self.expression(element.value)
            for element in elements
        ]

    def starred(self, node: cst.StarredElement) -> tree.Expression:
        return tree.Starred(self.number(node), self.expression(node.value))

    def collection(self, node: cst.Tuple | cst.List | cst.Set) -> tree.Expression:
        return tree.Collection(self.number(node), _COLLECTIONS[type(node)], self.elements(node.elements))

    def dictionary(self, node: cst.Dict) -> tree.Expression:
        number = self.number(node)
        items = [
            (self.expression(item.key) if isinstance(item, cst.DictElement) else None, self.expression(item.value))
            for item in node.elements
        ]
        return tree.Mapping(number, items)

    def comprehension(self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp) -> tree.Expression:
        number, element = self.number(node), self.expression(node.elt)
        return tree.Comprehension(number, _COMPREHENSIONS[type(node)], element, None, self.clauses(node.for_in))

    def dictionary_comprehension(self, node: cst.DictComp) -> tree.Expression:
        number, key = self.number(node), self.expression(node.key)
        return tree.Comprehension(number, "dict", self.expression(node.value), key, self.clauses(node.for_in))

    def merging_comprehension(self, node: cst.StarredDictComp) -> tree.Expression:
        return tree.Comprehension(
            self.number(node), "dict", self.expression(node.value), None, self.clauses(node.for_in)
        )

    def clauses(self, node: cst.CompFor | None) -> list[tree.Clause]:
        clauses = []
        while node is not None:
            clauses.append(
                tree.Clause(
                    self.number(node),
                    self.expression(node.target),
                    self.expression(node.iter),
                    [self.expression(condition.test) for condition in node.ifs],
                )
            )
            node = node.inner_for_in
        return clauses

    def lambda_expression(self, node: cst.Lambda) -> tree.Expression:
        number, function = self.number(node), self.number(node)
        parameters = self.parameters(node.params)
        self.yields.append(False)
        body = tree.Return(self.number(node.body), self.operand(node.body))
        return tree.Lambda(
            number,
            tree.Function(function, "<lambda>", parameters, tree.Suite([body], self.yields.pop()), [], None),
        )

    def walrus(self, node: cst.NamedExpr) -> tree.Expression:
        target = node.target
        if not isinstance(target, cst.Name):
            raise TypeError(f"{type(target).__name__} cannot be the target of :=")
        return tree.Walrus(
            self.number(node), tree.Name(self.number(target), _identifier(target)), self.expression(node.value)
        )

    def awaiting(self, node: cst.Await) -> tree.Expression:
        return tree.Await(self.number(node), self.expression(node.expression))

    def yielding(self, node: cst.Yield) -> tree.Expression:
        self.yields[-1] = True
        if isinstance(node.value, cst.From):
            return tree.Yield(self.number(node), self.expression(node.value.item), delegates=True)
        return tree.Yield(self.number(node), self.optional(node.value))


def _identifier(node: cst.Name) -> str:
    """A name as Python compares it: names that differ only in Unicode's compatibility forms are one name (PEP 3131)."""
    return node.value if node.value.isascii() else unicodedata.normalize("NFKC", node.value)


def _dotted(node: cst.BaseExpression) -> str:
    parts = []
    while isinstance(node, cst.Attribute):
        parts.append(_identifier(node.attr))
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(_identifier(node))
    return ".".join(reversed(parts))


def _alias_name(node: cst.AsName | None) -> str | None:
    return _identifier(node.name) if node and isinstance(node.name, cst.Name) else None


_Number = TypeVar("_Number", int, float)


def _number(read: Callable[..., _Number], text: str, *base: int) -> _Number:
    try:
        return read(text, *base)
    except ValueError as error:
        raise IllegalLiteral(text) from error


def _literal(text: str) -> str | bytes:
    """The value of one string literal; the usual ones, without escapes, are read without the help of a parser."""
    match = _LITERAL.match(text)
    if match is None:
        raise IllegalLiteral(text)
    prefix, quote = match[1].lower(), match[2]
    content = text[match.end() : -len(quote)]
    if "\r" in content:
        content = content.replace("\r\n", "\n").replace("\r", "\n")
    if "\\" in content and "r" not in prefix:
        return _unescaped(text)
    if "b" not in prefix:
        return content
    if not content.isascii():
        raise IllegalLiteral(text)
    return content.encode()


def _unescaped(text: str) -> str | bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown escape like "\d" is Python's to complain about
        try:
            value: str | bytes = ast.literal_eval(text)
        except (SyntaxError, ValueError) as error:
            raise IllegalLiteral(text) from error
    return value


def _joined(values: Sequence[str | bytes]) -> str | bytes:
    strings = [value for value in values if isinstance(value, str)]
    if len(strings) == len(values):
        return "".join(strings)
    if strings:
        raise IllegalLiteral("bytes and text in one literal")
    return b"".join(value for value in values if isinstance(value, bytes))


def _pieces(node: cst.ConcatenatedString) -> list[cst.SimpleString | cst.FormattedString | cst.TemplatedString]:
    pieces: list[cst.SimpleString | cst.FormattedString | cst.TemplatedString] = [node.left]
    while isinstance(node.right, cst.ConcatenatedString):
        node = node.right
        pieces.append(node.left)
    pieces.append(node.right)
    return pieces


def _captures(pattern: cst.MatchPattern) -> list[str]:
    """The names that a pattern binds, in the order of the text."""
    names: list[str] = []
    waiting: list[cst.CSTNode] = [pattern]
    while waiting:
        match waiting.pop():
            case cst.MatchAs(pattern=inner, name=name):
                # `inner as name`: the name comes last in the text, so it waits below what is inside.
                waiting.extend(part for part in (name, inner) if part is not None)
            case cst.MatchStar(name=cst.Name() as name) | (cst.Name() as name):
                names.append(_identifier(name))
            case cst.MatchList(patterns=parts) | cst.MatchTuple(patterns=parts) | cst.MatchOr(patterns=parts):
                waiting.extend(reversed(parts))
            case cst.MatchSequenceElement(value=inner):
                waiting.append(inner)
            case cst.MatchOrElement(pattern=inner) | cst.MatchMappingElement(pattern=inner):
                waiting.append(inner)
            case cst.MatchKeywordElement(pattern=inner):
                waiting.append(inner)
            case cst.MatchMapping(elements=parts, rest=rest):
                waiting.extend([rest] if rest else [])
                waiting.extend(reversed(parts))
            case cst.MatchClass(patterns=parts, kwds=keywords):
                waiting.extend(reversed([*parts, *keywords]))
    return list(dict.fromkeys(names))


def _comparison_operator(node: cst.BaseCompOp) -> str:
    return _OPERATORS[type(node)]


_SINGLETONS = {"None": None, "True": True, "False": False}

_JUMPS: dict[type, Literal["break", "continue", "pass"]] = {
    cst.Break: "break",
    cst.Continue: "continue",
    cst.Pass: "pass",
}

_COLLECTIONS: dict[type, Literal["tuple", "list", "set"]] = {cst.Tuple: "tuple", cst.List: "list", cst.Set: "set"}

_COMPREHENSIONS: dict[type, Literal["list", "set", "generator"]] = {
    cst.ListComp: "list",
    cst.SetComp: "set",
    cst.GeneratorExp: "generator",
}

_OPERATORS: dict[type, str] = {
    cst.Plus: "+",
    cst.Minus: "-",
    cst.BitInvert: "~",
    cst.Not: "not",
    cst.Add: "+",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.Divide: "/",
    cst.FloorDivide: "//",
    cst.Modulo: "%",
    cst.Power: "**",
    cst.LeftShift: "<<",
    cst.RightShift: ">>",
    cst.BitOr: "|",
    cst.BitAnd: "&",
    cst.BitXor: "^",
    cst.MatrixMultiply: "@",
    cst.AddAssign: "+",
    cst.SubtractAssign: "-",
    cst.MultiplyAssign: "*",
    cst.MatrixMultiplyAssign: "@",
    cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//",
    cst.ModuloAssign: "%",
    cst.BitAndAssign: "&",
    cst.BitOrAssign: "|",
    cst.BitXorAssign: "^",
    cst.LeftShiftAssign: "<<",
    cst.RightShiftAssign: ">>",
    cst.PowerAssign: "**",
    cst.LessThan: "<",
    cst.GreaterThan: ">",
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.LessThanEqual: "<=",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.NotIn: "not in",
    cst.Is: "is",
    cst.IsNot: "is not",
}

_STATEMENTS: dict[type, Callable[[_Lowering, Any], tree.Statement]] = {
    cst.Expr: _Lowering.expr,
    cst.Assign: _Lowering.assign,
    cst.AnnAssign: _Lowering.annotated_assign,
    cst.AugAssign: _Lowering.augmented_assign,
    cst.TypeAlias: _Lowering.type_alias,
    cst.Return: _Lowering.returning,
    cst.Raise: _Lowering.raising,
    cst.Assert: _Lowering.asserting,
    cst.Del: _Lowering.deletion,
    cst.Pass: _Lowering.jump,
    cst.Break: _Lowering.jump,
    cst.Continue: _Lowering.jump,
    cst.Global: _Lowering.declaration,
    cst.Nonlocal: _Lowering.declaration,
    cst.Import: _Lowering.importing,
    cst.LazyImport: _Lowering.importing,
    cst.ImportFrom: _Lowering.importing_from,
    cst.LazyImportFrom: _Lowering.importing_from,
    cst.If: _Lowering.ladder,
    cst.For: _Lowering.for_loop,
    cst.While: _Lowering.while_loop,
    cst.With: _Lowering.with_block,
    cst.Try: _Lowering.try_block,
    cst.TryStar: _Lowering.try_block,
    cst.Match: _Lowering.match_block,
    cst.FunctionDef: _Lowering.function,
    cst.ClassDef: _Lowering.class_definition,
}

# The kinds of expression that build chains: the field each begins with, and what makes the link.
_LEFT_EDGES: dict[type, str] = {
    cst.Attribute: "value",
    cst.Call: "func",
    cst.Subscript: "value",
    cst.BinaryOperation: "left",
    cst.BooleanOperation: "left",
}

_LINKS: dict[type, Callable[[_Lowering, Any, tree.Expression], tree.Expression]] = {
    cst.Attribute: _Lowering.attribute,
    cst.Call: _Lowering.call,
    cst.Subscript: _Lowering.subscript,
    cst.BinaryOperation: _Lowering.binary,
    cst.BooleanOperation: _Lowering.boolean,
}

_EXPRESSIONS: dict[type, Callable[[_Lowering, Any], tree.Expression]] = {
    cst.Name: _Lowering.name,
    cst.Integer: _Lowering.integer,
    cst.Float: _Lowering.floating,
    cst.Imaginary: _Lowering.imaginary,
    cst.Ellipsis: _Lowering.ellipsis,
    cst.SimpleString: _Lowering.string,
    cst.FormattedString: _Lowering.formatted,
    cst.TemplatedString: _Lowering.formatted,
    cst.ConcatenatedString: _Lowering.concatenated,
    cst.Attribute: _Lowering.chain,
    cst.Call: _Lowering.chain,
    cst.Subscript: _Lowering.chain,
    cst.BinaryOperation: _Lowering.chain,
    cst.BooleanOperation: _Lowering.chain,
    cst.UnaryOperation: _Lowering.unary,
    cst.Comparison: _Lowering.comparison,
    cst.IfExp: _Lowering.conditional,
    cst.Tuple: _Lowering.collection,
    cst.List: _Lowering.collection,
    cst.Set: _Lowering.collection,
    cst.Dict: _Lowering.dictionary,
    cst.ListComp: _Lowering.comprehension,
    cst.SetComp: _Lowering.comprehension,
    cst.GeneratorExp: _Lowering.comprehension,
    cst.DictComp: _Lowering.dictionary_comprehension,
    cst.StarredDictComp: _Lowering.merging_comprehension,
    cst.StarredElement: _Lowering.starred,
    cst.Lambda: _Lowering.lambda_expression,
    cst.NamedExpr: _Lowering.walrus,
    cst.Await: _Lowering.awaiting,
    cst.Yield: _Lowering.yielding,
}
