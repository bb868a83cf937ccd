"""Which functions of a module can matter to training at all, by the words in them. The others need not be run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tapelint.program.knowledge import table
from tapelint.program.project import Module
from tapelint.syntax import tree
from tapelint.syntax.nodes import children, header
from tapelint.syntax.outline import without_text

# Attributes and names without which no check has anything to look at.
_TRAINING = frozenset(
    {"GradientTape", "gradient", "jacobian", "apply_gradients", "minimize", "fit", "train_on_batch", "evaluate",
     "LearningRateScheduler", "EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau", "assign_sub", "learning_rate",
     "result", "reset_state", "reset_states", "from_tensor_slices", "drop_remainder", "on_epoch_begin", "on_epoch_end"}
)  # fmt: skip

_WORD = re.compile(r"[^\W\d]\w*")


class Words:
    """The names in each function of a module, and which functions lead to training by calling others.

    `more` are words that say so in this project.
    """

    def __init__(self, module: Module, more: frozenset[str] = frozenset()) -> None:
        aliases = {
            alias.asname or alias.name
            for statement in module.tree.body
            if isinstance(statement, tree.ImportFrom)
            for alias in statement.names
            if alias.name in _TRAINING
        }
        functions = {node.name: names_in(node) for node in _functions(module.tree)}
        # A customary name that nothing binds is a forgotten import, wherever it stands.
        self._wanted = set(_TRAINING | more | aliases | (set(table("names")["imports"]) - module.bound))
        grown = True
        while grown:
            reached = {name for name, words in functions.items() if name not in self._wanted and words & self._wanted}
            self._wanted |= reached
            grown = bool(reached)

    def matter(self, function: tree.Function) -> bool:
        """Whether `function` does something of training, itself or through another function of the module."""
        return not names_in(function).isdisjoint(self._wanted)


def names_in(function: tree.Function) -> frozenset[str]:
    """Every name and attribute in a function; of a body that has not been read, every word."""
    found: set[str] = set()
    pending: list[tree.Node] = [function]
    while pending:
        node = pending.pop()
        if isinstance(node, (tree.Name, tree.Attribute)):
            found.add(node.name)
        if isinstance(node, tree.Function) and isinstance(node.suite, tree.Unread):
            found.update(_WORD.findall(without_text(node.suite.text)))
            pending.extend(header(node))
        else:
            pending.extend(children(node))
    return frozenset(found)


def mentions(function: tree.Function, name: str) -> bool:
    """Whether `name` may occur in a function: no, only if its body has not been read and does not have the word."""
    return not isinstance(function.suite, tree.Unread) or name in function.suite.text


def _functions(module: tree.Module) -> Iterator[tree.Function]:
    """The functions of a module; of those in bodies that have not been read, only what is around them."""
    pending: list[tree.Node] = [module]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Function):
            yield node
            if isinstance(node.suite, tree.Unread):
                continue
        pending.extend(children(node))
