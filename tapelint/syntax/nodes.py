"""Finding nodes of a tree by their number, their parents, and how the user spelled them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import Field, fields
from typing import Any, Literal, get_origin

from tapelint.syntax import tree


class Nodes:
    """The nodes of one module by id, each with its parent. Bodies that nobody has read yet are not looked into."""

    def __init__(self, module: tree.Module) -> None:
        self._nodes: dict[int, tree.Node] = {}
        self._parents: dict[int, tree.Node] = {}
        self._unread: list[tree.Function] = []
        self._enter(module)

    def __iter__(self) -> Iterator[tree.Node]:
        """Every node of the module; this reads all bodies. Raises Unparsable."""
        while self._unread:
            function = self._unread.pop()
            self._enter_all(function, function.body)
        return iter(self._nodes.values())

    def mentioning(self, wanted: Callable[[str], bool]) -> Collection[tree.Node]:
        """The nodes of the module, but for those in bodies that nobody has read and whose text is not `wanted`.

        Raises Unparsable.
        """
        silent = []
        while self._unread:
            function = self._unread.pop()
            if isinstance(function.suite, tree.Unread) and not wanted(function.suite.text):
                silent.append(function)
            else:
                self._enter_all(function, function.body)
        self._unread = silent
        return self._nodes.values()

    @property
    def known(self) -> Collection[int]:
        """The ids of the nodes that have been read so far."""
        return self._nodes.keys()

    def __getitem__(self, node: int) -> tree.Node:
        if node not in self._nodes:
            read = [function for function in self._unread if isinstance(function.suite, tree.Suite)]
            self._unread = [function for function in self._unread if function not in read]
            for function in read:
                self._enter_all(function, function.body)
        return self._nodes[node]

    def _enter_all(self, parent: tree.Node, nodes: Iterable[tree.Node]) -> None:
        for node in nodes:
            self._parents[node.id] = parent
            self._enter(node)

    def _enter(self, root: tree.Node) -> None:
        pending = [root]
        while pending:
            node = pending.pop()
            self._nodes[node.id] = node
            inside = children(node)
            if isinstance(node, tree.Function) and isinstance(node.suite, tree.Unread):
                self._unread.append(node)
                inside = header(node)
            for child in inside:
                self._parents[child.id] = node
                pending.append(child)

    def parents(self, node: int) -> Iterator[tree.Node]:
        """The parent of a node, its parent, and so on up to the module."""
        parent = self._parents.get(self[node].id)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent.id)

    def bound_name(self, node: int) -> str | None:
        """The name or attribute that a value is given: by an assignment, as one of a tuple, or by `with … as`.

        A call in a chain of methods counts as the chain: `data = load().batch(8).repeat()` names the batches.
        """
        one = self[node]
        for parent in (one, *self.parents(node)):
            match parent:
                case tree.Assign(targets=[target, *_]):
                    return spell(target.items[0] if isinstance(target, tree.Collection) and target.items else target)
                case tree.AugmentedAssign(target=target) | tree.WithItem(target=tree.Expression() as target):
                    return spell(target)
                case tree.Attribute() | tree.Await():
                    one = parent
                case tree.Call(function=function) if function is one or parent is one:
                    one = parent
                case _ if parent is not one:
                    return None
        return None


def children(node: tree.Node) -> Iterator[tree.Node]:
    """The nodes directly inside `node`, in source order as far as the tree keeps it."""
    for name in _FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, tree.Node):
            yield value
        elif value:
            yield from _nodes_in(value)


def header(function: tree.Function) -> Iterator[tree.Node]:
    """The nodes directly inside `function`, but for its body."""
    yield from function.parameters
    yield from function.decorators
    if function.returns is not None:
        yield function.returns


def _may_hold_nodes(field: Field[Any]) -> bool:
    return field.name != "id" and field.type not in (str, str | None, bool, int, object) and not _is_literal(field.type)


def _is_literal(kind: object) -> bool:
    return get_origin(kind) is Literal


_FIELDS: dict[type, list[str]] = {
    kind: ["body" if field.name == "suite" else field.name for field in fields(kind) if _may_hold_nodes(field)]
    for kind in vars(tree).values()
    if isinstance(kind, type) and issubclass(kind, tree.Node)
}


def _nodes_in(items: Iterable[object]) -> Iterator[tree.Node]:
    for item in items:
        if isinstance(item, tree.Node):
            yield item
        elif isinstance(item, list | tuple):
            yield from _nodes_in(item)


def spell(expression: tree.Node, *, limit: int = 40) -> str | None:
    """A name, attribute, subscript or call as the user wrote it; None for what would be too long to quote."""
    text = _spell(expression)
    return text if text is not None and len(text) <= limit else None


def _spell(node: tree.Node) -> str | None:
    match node:
        case tree.Name(name=name):
            return name
        case tree.Constant(value=value):
            return repr(value)
        case tree.Attribute(value=value, name=name):
            inner = _spell(value)
            return f"{inner}.{name}" if inner is not None else None
        case tree.Subscript(value=value, index=index):
            inner, key = _spell(value), _spell(index)
            return f"{inner}[{key or '…'}]" if inner is not None else None
        case tree.Call(function=function, arguments=arguments):
            inner = _spell(function)
            return f"{inner}({'…' if arguments else ''})" if inner is not None else None
        case tree.Argument(value=value):
            return _spell(value)
    return None
