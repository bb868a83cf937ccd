"""The programs that a document holds: several where a text about programs quotes one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tapelint.source.document import Document, Part
from tapelint.syntax import tree
from tapelint.syntax.nodes import children, header
from tapelint.syntax.parse import Unparsable, parse
from tapelint.syntax.scopes import bound_names


def programs(document: Document) -> list[Document]:
    """The document, or each of the programs that it quotes.

    A quotation begins another program if it imports what has been imported before and uses nothing that the program in
    hand has made. One that goes on with an earlier program shows that all since then was one.
    """
    if not document.quotes:
        return [document]
    found: list[_Quoted] = []
    imported: set[str] = set()
    for part in document.parts:
        words = _words(document, part)
        asked = words.used - words.bound
        if not found or (words.imported & imported and not asked & found[-1].made):
            found.append(_Quoted())
        elif not words.imported & imported:
            first = next((number for number, each in enumerate(found) if asked & each.made), len(found) - 1)
            found[first:] = [_joined(found[first:])]
        found[-1].parts.append(part)
        found[-1].made |= words.bound - words.imported
        imported |= words.imported
    return [document.only(quoted.parts) for quoted in found]


@dataclass(slots=True)
class _Quoted:
    """One program in the making: its parts, and the names that it has bound and not just imported."""

    parts: list[Part] = field(default_factory=list)
    made: set[str] = field(default_factory=set)


def _joined(quoted: list[_Quoted]) -> _Quoted:
    parts = [part for each in quoted for part in each.parts]
    return _Quoted(parts, {name for each in quoted for name in each.made})


@dataclass(frozen=True, slots=True)
class _Words:
    """The names that a part imports, binds and uses; it binds what it imports."""

    imported: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()


def _words(document: Document, part: Part) -> _Words:
    try:
        module = parse(Document(document.path, document.text_of(part)))
    except Unparsable:
        return _Words()
    imports: list[tree.Statement] = [each for each in module.body if isinstance(each, tree.Import | tree.ImportFrom)]
    return _Words(bound_names(imports), bound_names(module.body), _used(module))


def _used(module: tree.Module) -> frozenset[str]:
    """The names that a part uses outside the functions, classes and comprehensions that have their own of that name."""
    used: set[str] = set()
    pending: list[tuple[tree.Node, frozenset[str]]] = [(module, frozenset())]
    while pending:
        node, own = pending.pop()
        match node:
            case tree.Name(name=name) if name not in own:
                used.add(name)
            case tree.Function():
                pending += [(each, own) for each in header(node)]
                inside = own | {parameter.name for parameter in node.parameters} | bound_names(node.body)
                pending += [(each, inside) for each in node.body]
            case tree.Class():
                pending += [(each, own) for each in (*node.decorators, *node.bases)]
                pending += [(each, own | bound_names(node.body)) for each in node.body]
            case tree.Comprehension():
                targets = {each.name for clause in node.clauses for each in _names(clause.target)}
                pending += [(each, own | targets) for each in children(node)]
            case _:
                pending += [(each, own) for each in children(node)]
    return frozenset(used)


def _names(target: tree.Node) -> Iterator[tree.Name]:
    if isinstance(target, tree.Name):
        yield target
    for each in children(target):
        yield from _names(each)
