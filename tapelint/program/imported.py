"""Names of libraries as a module writes them: `tf.keras` is `tensorflow.keras` here, and not `keras`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tapelint.syntax import tree
from tapelint.syntax.nodes import Nodes, children


def imports(nodes: Collection[tree.Node]) -> Iterator[tuple[tree.Alias, str, str | None]]:
    """What each import among a module's nodes brings, by its full name, and the name that this is bound to, if any."""
    for node in nodes:
        if isinstance(node, tree.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield alias, alias.name, alias.asname or (first if first == alias.name else None)
        elif isinstance(node, tree.ImportFrom) and not node.level:
            for alias in node.names:
                yield alias, f"{node.module}.{alias.name}", alias.asname or alias.name


def written(nodes: Collection[tree.Node]) -> Iterator[tuple[tree.Expression, str]]:
    """Each longest dotted name among a module's nodes that leads into a library, with the library's name for it."""
    bound: dict[str, str] = {}
    doubtful: set[str] = set()
    for _, full, name in imports(nodes):
        if name is not None:
            # What several imports bind, one of them tried before the other, may be either.
            if bound.setdefault(name, full) != full:
                doubtful.add(name)
        else:
            bound.setdefault(full.partition(".")[0], full.partition(".")[0])
    for name in doubtful:
        del bound[name]
    inner: set[int] = set()
    for node in nodes:
        if isinstance(node, tree.Attribute) and node.id not in inner:
            chain: list[str] = []
            one: tree.Expression = node
            while isinstance(one, tree.Attribute):
                inner.add(one.value.id)
                chain.append(one.name)
                one = one.value
            if isinstance(one, tree.Name) and one.name in bound:
                yield node, ".".join([bound[one.name], *reversed(chain)])
        elif isinstance(node, tree.Name) and node.id not in inner and "." in bound.get(node.name, ""):
            yield node, bound[node.name]


def guarded(nodes: Nodes, node: int) -> bool:
    """Whether something is only tried, or done if a version, a module or an attribute is there."""
    below = node
    for parent in nodes.parents(node):
        if isinstance(parent, tree.Try) and any(each.id == below for each in parent.body) and parent.handlers:
            return True
        if isinstance(parent, (tree.If, tree.Conditional)) and _asks_what_is_there(parent.test):
            return True
        below = parent.id
    return False


def _asks_what_is_there(test: tree.Expression) -> bool:
    pending: list[tree.Node] = [test]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Name) and (node.name in ("hasattr", "getattr") or "version" in node.name.lower()):
            return True
        if isinstance(node, tree.Name) and node.name.isupper():
            # A constant such as `KERAS_3` or `TF2` says which library it is.
            return True
        if isinstance(node, tree.Attribute) and "version" in node.name.lower():
            return True
        pending.extend(children(node))
    return False
