"""Whether a file is a program that can be run, or one that only others import."""

from pathlib import Path

from tapelint.source.document import Document
from tapelint.syntax.parse import Unparsable, parse
from tapelint.syntax.tree import (
    Assign,
    Attribute,
    Call,
    Compare,
    Constant,
    Expression,
    ExpressionStatement,
    For,
    If,
    Name,
    Statement,
    Try,
    While,
    With,
)


def why_not_run(document: Document) -> str | None:
    """Why running this file would show nothing, or None if it is a script."""
    if document.quotes:
        return "this text quotes programs, and is none"
    if document.parts:
        return None
    if _is_test(document.path):
        return "this is a test: a test runner has to run it"
    try:
        body = parse(document).body
    except Unparsable:
        return "this file is not valid Python"
    if any(_does_something(statement) for statement in body):
        return None
    return "this file only defines things that others import: probe the script that uses it"


def _is_test(path: Path) -> bool:
    return path.name.startswith("test_") or path.stem.endswith("_test") or path.name == "conftest.py"


def _does_something(statement: Statement) -> bool:
    """Whether a statement at the top of a file is more than a definition."""
    match statement:
        case If(test=test, body=body, orelse=orelse):
            return _asks_whether_main(test) or any(map(_does_something, [*body, *orelse]))
        case Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            inner = [*body, *orelse, *finalbody, *(each for handler in handlers for each in handler.body)]
            return any(map(_does_something, inner))
        case ExpressionStatement(value=value):
            return not isinstance(value, Constant)
        case Assign(value=Call(function=Attribute(name="fit"))):
            return True
        case For() | While() | With():
            return True
    return False


def _asks_whether_main(test: Expression) -> bool:
    match test:
        case Compare(left=Name(name="__name__")):
            return True
        case Compare(comparisons=[(_, Name(name="__name__"))]):
            return True
    return False
