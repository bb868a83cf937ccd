"""The programs that a document holds: several where a text about programs quotes one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.source.document import Document, Part
from tapelint.syntax import tree
from tapelint.syntax.nodes import children, header
from tapelint.syntax.parse import Unparsable, parse
from tapelint.syntax.scopes import bound_names


def programs(document: Document) -> list[Document]:
    """The document, or each of the programs that it quotes.

    A quotation goes on with the program before it, unless it begins like a program, by importing again what is
    imported already, and uses nothing that the program before has made.
    """
    if not document.quotes:
        return [document]
    found: list[list[Part]] = []
    imported: set[str] = set()
    made: set[str] = set()
    for part in document.parts:
        words = _words(document, part)
        if not found or (words.imported & imported and not words.used & (made - words.bound)):
            found.append([])
            imported.clear()
            made.clear()
        found[-1].append(part)
        imported |= words.imported
        made |= words.bound - words.imported
    return [document.only(parts) for parts in found]


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
