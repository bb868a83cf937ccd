"""Which functions of a module can matter to training at all, by the words in them. The others need not be run."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.program.knowledge import table
from tapelint.program.project import Module
from tapelint.syntax import tree
from tapelint.syntax.nodes import children

# Attributes and names without which no check has anything to look at.
_TRAINING = frozenset(
    {"GradientTape", "gradient", "jacobian", "apply_gradients", "minimize", "fit", "train_on_batch", "evaluate",
     "LearningRateScheduler", "EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau", "assign_sub", "learning_rate",
     "result", "from_tensor_slices", "drop_remainder", "on_epoch_begin", "on_epoch_end"}
)  # fmt: skip


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
    """Every name and attribute in a function."""
    found: set[str] = set()
    pending: list[tree.Node] = [function]
    while pending:
        node = pending.pop()
        if isinstance(node, (tree.Name, tree.Attribute)):
            found.add(node.name)
        pending.extend(children(node))
    return frozenset(found)


def _functions(module: tree.Module) -> Iterator[tree.Function]:
    pending: list[tree.Node] = [module]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Function):
            yield node
        pending.extend(children(node))
