"""Which names a block of statements binds in its own scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tapelint.syntax import tree
from tapelint.syntax.nodes import children


def bound_names(body: list[tree.Statement]) -> frozenset[str]:
    """Every name that running `body` may bind or delete, in the scope that `body` stands in.

    The names of `from module import *` are not known. A name that `body` declares global or nonlocal is among the names
    all the same: `names_of` tells it apart.
    """
    found: set[str] = set()
    for node in _own_nodes(body):
        match node:
            case tree.Assign(targets=targets) | tree.Delete(targets=targets):
                for target in targets:
                    found.update(_targets(target))
            case (
                tree.AugmentedAssign(target=target)
                | tree.Declare(target=target)
                | tree.For(target=target)
                | tree.Walrus(target=target)
            ):
                found.update(_targets(target))
            case tree.WithItem(target=tree.Expression() as target):
                found.update(_targets(target))
            case tree.Function(name=name) | tree.Class(name=name) | tree.Handler(name=str(name)):
                found.add(name)
            case tree.Case(names=names):
                found.update(names)
            case tree.Import(names=aliases):
                found.update(alias.asname or alias.name.partition(".")[0] for alias in aliases)
            case tree.ImportFrom(names=aliases):
                found.update(alias.asname or alias.name for alias in aliases)
    return frozenset(found)


def names_of(function: tree.Function) -> tree.Names:
    """The names in a function's body, looked for once. Raises Unparsable."""
    suite = function.read()
    if suite.names is None:
        body = suite.statements
        suite.names = tree.Names(bound_names(body), _declared(body, "global"), _declared(body, "nonlocal"))
    return suite.names


def own_names(node: tree.Node) -> frozenset[str]:
    """The names that a function or comprehension has for itself: whatever they mean around it, they mean another."""
    match node:
        case tree.Function(parameters=parameters):
            names = names_of(node)
            own = names.bound - names.globals - names.nonlocals
            return own.union(parameter.name for parameter in parameters)
        case tree.Comprehension(clauses=clauses):
            return frozenset(name for clause in clauses for name in _targets(clause.target))
    return frozenset()


def _declared(body: list[tree.Statement], kind: Literal["global", "nonlocal"]) -> frozenset[str]:
    return frozenset(
        name
        for node in _own_nodes(body)
        if isinstance(node, tree.ScopeDeclaration) and node.kind == kind
        for name in node.names
    )


def _own_nodes(body: list[tree.Statement]) -> Iterator[tree.Node]:
    """The nodes evaluated in the scope of `body`: of a function or class in it, only what its header evaluates.

    Comprehensions are walked through: a Clause is no For, so all they bind here is what `:=` binds.
    """
    pending: list[tree.Node] = list(reversed(body))
    while pending:
        node = pending.pop()
        match node:
            case tree.Lambda(function=function):
                pending.extend(_header(function))
            case tree.Function():
                yield node
                pending.extend(_header(node))
            case tree.Class():
                yield node
                pending.extend((*node.decorators, *node.bases))
            case _:
                yield node
                pending.extend(children(node))


def _header(function: tree.Function) -> Iterator[tree.Node]:
    yield from function.decorators
    for parameter in function.parameters:
        yield from (part for part in (parameter.default, parameter.annotation) if part is not None)
    if function.returns is not None:
        yield function.returns


def _targets(target: tree.Expression) -> Iterator[str]:
    pending: list[tree.Node] = [target]
    while pending:
        match pending.pop():
            case tree.Name(name=name):
                yield name
            case tree.Collection(items=items):
                pending.extend(items)
            case tree.Starred(value=value):
                pending.append(value)
