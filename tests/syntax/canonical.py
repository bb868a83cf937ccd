"""One form for both trees, ours and the standard library's, so that they can be compared.

The two renderers share nothing: each walks its own tree by its own rules, and what they agree on is nested tuples.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from tapelint.syntax import tree

Form: TypeAlias = Any


def ours(node: tree.Node | None) -> Form:
    """The form of a node of the compact tree."""
    match node:
        case None:
            return None
        case tree.Name(name=name):
            return ("name", name)
        case tree.Constant(value=value):
            return ("constant", type(value).__name__, repr(value))
        case tree.FormattedString(parts=parts):
            return ("f-string", each(ours, parts))
        case tree.Attribute(value=value, name=name):
            return ("attribute", ours(value), name)
        case tree.Subscript(value=value, index=index):
            return ("subscript", ours(value), ours(index))
        case tree.Slice(lower=lower, upper=upper, step=step):
            return ("slice", ours(lower), ours(upper), ours(step))
        case tree.Call(function=function, arguments=arguments):
            return ("call", ours(function), _our_arguments(arguments))
        case tree.Binary(left=left, operator=operator, right=right):
            return ("binary", ours(left), operator, ours(right))
        case tree.Unary(operator=operator, operand=operand):
            return ("unary", operator, ours(operand))
        case tree.Compare(left=left, comparisons=comparisons):
            return ("compare", ours(left), tuple((operator, ours(right)) for operator, right in comparisons))
        case tree.Boolean(operator=operator):
            return ("boolean", operator, each(ours, _our_operands(node, operator)))
        case tree.Conditional(test=test, body=body, orelse=orelse):
            return ("conditional", ours(test), ours(body), ours(orelse))
        case tree.Collection(kind=kind, items=items):
            return (kind, each(ours, items))
        case tree.Mapping(items=pairs):
            return ("dict", tuple((ours(key), ours(value)) for key, value in pairs))
        case tree.Starred(value=value):
            return ("starred", ours(value))
        case tree.Comprehension(kind=kind, element=element, key=key, clauses=clauses):
            return ("comprehension", kind, ours(key), ours(element), each(ours, clauses))
        case tree.Clause(target=target, iterable=iterable, conditions=conditions):
            return (ours(target), ours(iterable), each(ours, conditions))
        case tree.Walrus(target=target, value=value):
            return ("walrus", ours(target), ours(value))
        case tree.Await(value=value):
            return ("await", ours(value))
        case tree.Yield(value=value, delegates=delegates):
            return ("yield from" if delegates else "yield", ours(value))
        case tree.Lambda(function=function):
            return ("lambda", ours(function))
        case tree.Module(body=body):
            return each(ours, body)
        case tree.Statement():
            return _our_statement(node)
    raise AssertionError(f"no form for {node}")


def _our_statement(node: tree.Statement) -> Form:
    match node:
        case tree.Function():
            parameters = tuple((one.kind, one.name, ours(one.default), ours(one.annotation)) for one in node.parameters)
            header = (each(ours, node.decorators), node.name, parameters, ours(node.returns))
            return ("function", node.is_async, node.is_generator, header, each(ours, node.body))
        case tree.Class(name=name, bases=bases, body=body, decorators=decorators):
            return ("class", each(ours, decorators), name, _our_arguments(bases), each(ours, body))
        case tree.ExpressionStatement(value=value):
            return ("expression", ours(value))
        case tree.Assign(targets=targets, value=value, annotation=annotation):
            return ("assign", each(ours, targets), ours(value), ours(annotation))
        case tree.AugmentedAssign(target=target, operator=operator, value=value):
            return ("augment", ours(target), operator, ours(value))
        case tree.Declare(target=target, annotation=annotation):
            return ("declare", ours(target), ours(annotation))
        case tree.Return(value=value):
            return ("return", ours(value))
        case tree.If(test=test, body=body, orelse=orelse):
            return ("if", ours(test), each(ours, body), each(ours, orelse))
        case tree.For(target=target, iterable=iterable, body=body, orelse=orelse, is_async=is_async):
            return ("for", is_async, ours(target), ours(iterable), each(ours, body), each(ours, orelse))
        case tree.While(test=test, body=body, orelse=orelse):
            return ("while", ours(test), each(ours, body), each(ours, orelse))
        case tree.With(items=items, body=body, is_async=is_async):
            return ("with", is_async, tuple((ours(one.context), ours(one.target)) for one in items), each(ours, body))
        case tree.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            caught = tuple((ours(one.type), one.name, each(ours, one.body)) for one in handlers)
            return ("try", each(ours, body), caught, each(ours, orelse), each(ours, finalbody))
        case tree.Match(subject=subject, cases=cases):
            return (
                "match",
                ours(subject),
                tuple((tuple(one.names), ours(one.guard), each(ours, one.body)) for one in cases),
            )
        case tree.Import(names=names):
            return ("import", tuple((one.name, one.asname) for one in names))
        case tree.ImportFrom(module=module, level=level, names=names):
            return ("from", level, module, tuple((one.name, one.asname) for one in names))
        case tree.ScopeDeclaration(kind=kind, names=declared):
            return (kind, tuple(declared))
        case tree.Delete(targets=targets):
            return ("delete", each(ours, targets))
        case tree.Raise(value=value):
            return ("raise", ours(value))
        case tree.Assert(test=test, message=message):
            return ("assert", ours(test), ours(message))
        case tree.Jump(kind=kind):
            return (kind,)
    raise AssertionError(f"no form for {node}")


def _our_arguments(arguments: Iterable[tree.Argument]) -> Form:
    forms = [(one.star, one.keyword, ours(one.value)) for one in arguments]
    named = [form for form in forms if form[0] == "**" or form[1]]
    return (*(form for form in forms if form not in named), *named)


def _our_operands(node: tree.Expression, operator: str) -> list[tree.Expression]:
    operands: list[tree.Expression] = []
    while isinstance(node, tree.Boolean) and node.operator == operator:
        operands.append(node.right)
        node = node.left
    return [node, *reversed(operands)]


def theirs(node: ast.AST | None) -> Form:
    """The form of a node of the standard library's tree."""
    if node is None:
        return None
    return _THEIRS[type(node)](node)


def _their_fields(name: str, *fields: str) -> Callable[[Any], Form]:
    def form(node: Any) -> Form:
        return (name, *(_their_field(getattr(node, field)) for field in fields))

    return form


def _their_field(value: Any) -> Form:
    if isinstance(value, list):
        return each(_their_field, value)
    return theirs(value) if isinstance(value, ast.AST) else value


def _their_f_string(node: ast.JoinedStr) -> Iterator[Form]:
    for value in node.values:
        if isinstance(value, ast.FormattedValue):
            yield theirs(value.value)
            if isinstance(value.format_spec, ast.JoinedStr):
                yield from _their_f_string(value.format_spec)


def _their_call(arguments: list[ast.expr], keywords: list[ast.keyword]) -> Form:
    positional = [
        ("*", None, theirs(one.value)) if isinstance(one, ast.Starred) else ("", None, theirs(one)) for one in arguments
    ]
    return (*positional, *(("" if one.arg else "**", one.arg, theirs(one.value)) for one in keywords))


def _their_boolean(node: ast.BoolOp) -> Form:
    operands = node.values
    first = operands[0]
    while isinstance(first, ast.BoolOp) and type(first.op) is type(node.op):
        operands = [*first.values, *operands[1:]]
        first = operands[0]
    return ("boolean", _OPERATORS[type(node.op)], each(theirs, operands))


def _their_comprehension(kind: str) -> Callable[[Any], Form]:
    def form(node: Any) -> Form:
        is_dict = isinstance(node, ast.DictComp)
        key, element = (node.key, node.value) if is_dict else (None, node.elt)
        clauses = tuple((theirs(one.target), theirs(one.iter), each(theirs, one.ifs)) for one in node.generators)
        return ("comprehension", kind, theirs(key), theirs(element), clauses)

    return form


def _their_parameters(node: ast.arguments) -> Iterator[Form]:
    plain = [*(("positional", one) for one in node.posonlyargs), *(("either", one) for one in node.args)]
    defaults = [None] * (len(plain) - len(node.defaults)) + list(node.defaults)
    for (kind, one), default in zip(plain, defaults, strict=True):
        yield (kind, one.arg, theirs(default), theirs(one.annotation))
    if node.vararg:
        yield ("*", node.vararg.arg, None, theirs(node.vararg.annotation))
    for one, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        yield ("keyword", one.arg, theirs(default), theirs(one.annotation))
    if node.kwarg:
        yield ("**", node.kwarg.arg, None, theirs(node.kwarg.annotation))


def _their_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Form:
    header = (each(theirs, node.decorator_list), node.name, tuple(_their_parameters(node.args)), theirs(node.returns))
    is_async = isinstance(node, ast.AsyncFunctionDef)
    return ("function", is_async, _yields(node.body), header, each(theirs, node.body))


def _their_lambda(node: ast.Lambda) -> Form:
    header = ((), "<lambda>", tuple(_their_parameters(node.args)), None)
    return ("lambda", ("function", False, _yields([node.body]), header, (("return", theirs(node.body)),)))


def _their_class(node: ast.ClassDef) -> Form:
    bases = _their_call(node.bases, node.keywords)
    return ("class", each(theirs, node.decorator_list), node.name, bases, each(theirs, node.body))


def _yields(body: Sequence[ast.AST]) -> bool:
    """Whether there is a yield in `body` that is not in a function inside it."""
    for node in body:
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        inside: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            arguments = node.args
            inside = [*arguments.defaults, *(one for one in arguments.kw_defaults if one)]
            inside += [] if isinstance(node, ast.Lambda) else node.decorator_list
        if _yields(inside):
            return True
    return False


def _their_try(node: Any) -> Form:
    caught = tuple((theirs(one.type), one.name, each(theirs, one.body)) for one in node.handlers)
    return ("try", each(theirs, node.body), caught, each(theirs, node.orelse), each(theirs, node.finalbody))


def _their_match(node: ast.Match) -> Form:
    cases = tuple(
        (tuple(dict.fromkeys(_bound(one.pattern))), theirs(one.guard), each(theirs, one.body)) for one in node.cases
    )
    return ("match", theirs(node.subject), cases)


def _bound(pattern: ast.pattern) -> Iterator[str]:
    for inside in ast.iter_child_nodes(pattern):
        if isinstance(inside, ast.pattern):
            yield from _bound(inside)
    name = getattr(pattern, "rest" if isinstance(pattern, ast.MatchMapping) else "name", None)
    if isinstance(name, str):
        yield name


def _their_annotated(node: ast.AnnAssign) -> Form:
    if node.value is None:
        return ("declare", theirs(node.target), theirs(node.annotation))
    return ("assign", (theirs(node.target),), theirs(node.value), theirs(node.annotation))


def _their_names(names: Iterable[ast.alias]) -> Form:
    return tuple((one.name, one.asname) for one in names if one.name != "*")


def _their_loop(is_async: bool) -> Callable[[Any], Form]:
    return lambda node: (
        ("for", is_async, theirs(node.target), theirs(node.iter), each(theirs, node.body), each(theirs, node.orelse))
    )


def _their_with(is_async: bool) -> Callable[[Any], Form]:
    return lambda node: (
        "with",
        is_async,
        tuple((theirs(one.context_expr), theirs(one.optional_vars)) for one in node.items),
        each(theirs, node.body),
    )


_OPERATORS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.MatMult: "@",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Invert: "~",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}

_THEIRS: dict[type, Callable[[Any], Form]] = {
    ast.Module: lambda node: each(theirs, node.body),
    ast.Name: _their_fields("name", "id"),
    ast.Constant: lambda node: ("constant", type(node.value).__name__, repr(node.value)),
    ast.JoinedStr: lambda node: ("f-string", tuple(_their_f_string(node))),
    ast.Attribute: _their_fields("attribute", "value", "attr"),
    ast.Subscript: _their_fields("subscript", "value", "slice"),
    ast.Slice: _their_fields("slice", "lower", "upper", "step"),
    ast.Call: lambda node: ("call", theirs(node.func), _their_call(node.args, node.keywords)),
    ast.BinOp: lambda node: ("binary", theirs(node.left), _OPERATORS[type(node.op)], theirs(node.right)),
    ast.UnaryOp: lambda node: ("unary", _OPERATORS[type(node.op)], theirs(node.operand)),
    ast.Compare: lambda node: (
        "compare",
        theirs(node.left),
        tuple((_OPERATORS[type(op)], theirs(one)) for op, one in zip(node.ops, node.comparators, strict=True)),
    ),
    ast.BoolOp: _their_boolean,
    ast.IfExp: _their_fields("conditional", "test", "body", "orelse"),
    ast.Tuple: _their_fields("tuple", "elts"),
    ast.List: _their_fields("list", "elts"),
    ast.Set: _their_fields("set", "elts"),
    ast.Dict: lambda node: (
        "dict",
        tuple((theirs(key), theirs(value)) for key, value in zip(node.keys, node.values, strict=True)),
    ),
    ast.Starred: _their_fields("starred", "value"),
    ast.ListComp: _their_comprehension("list"),
    ast.SetComp: _their_comprehension("set"),
    ast.DictComp: _their_comprehension("dict"),
    ast.GeneratorExp: _their_comprehension("generator"),
    ast.NamedExpr: _their_fields("walrus", "target", "value"),
    ast.Await: _their_fields("await", "value"),
    ast.Yield: _their_fields("yield", "value"),
    ast.YieldFrom: _their_fields("yield from", "value"),
    ast.Lambda: _their_lambda,
    ast.FunctionDef: _their_function,
    ast.AsyncFunctionDef: _their_function,
    ast.ClassDef: _their_class,
    ast.Expr: _their_fields("expression", "value"),
    ast.Assign: lambda node: ("assign", each(theirs, node.targets), theirs(node.value), None),
    ast.AnnAssign: _their_annotated,
    ast.AugAssign: lambda node: ("augment", theirs(node.target), _OPERATORS[type(node.op)], theirs(node.value)),
    ast.Return: _their_fields("return", "value"),
    ast.If: _their_fields("if", "test", "body", "orelse"),
    ast.While: _their_fields("while", "test", "body", "orelse"),
    ast.For: _their_loop(is_async=False),
    ast.AsyncFor: _their_loop(is_async=True),
    ast.With: _their_with(is_async=False),
    ast.AsyncWith: _their_with(is_async=True),
    ast.Try: _their_try,
    ast.TryStar: _their_try,
    ast.Match: _their_match,
    ast.Import: lambda node: ("import", _their_names(node.names)),
    ast.ImportFrom: lambda node: ("from", node.level, node.module or "", _their_names(node.names)),
    ast.Global: _their_fields("global", "names"),
    ast.Nonlocal: _their_fields("nonlocal", "names"),
    ast.Delete: _their_fields("delete", "targets"),
    ast.Raise: _their_fields("raise", "exc"),
    ast.Assert: _their_fields("assert", "test", "msg"),
    ast.Pass: _their_fields("pass"),
    ast.Break: _their_fields("break"),
    ast.Continue: _their_fields("continue"),
}

if sys.version_info >= (3, 12):
    _THEIRS[ast.TypeAlias] = lambda node: ("assign", (theirs(node.name),), theirs(node.value), None)


def each(form: Callable[[Any], Form], nodes: Iterable[Any]) -> tuple[Form, ...]:
    return tuple(form(node) for node in nodes)
