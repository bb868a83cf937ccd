"""Which functions of a module can matter to training at all, by the words in them. The others need not be run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tapelint.program.knowledge import table
from tapelint.program.project import Module
from tapelint.syntax import tree
from tapelint.syntax.nodes import children, header
from tapelint.syntax.outline import without_text

# Names and, behind a dot, attributes without which no check has anything to look at.
_NAMES = frozenset(
    {"GradientTape", "LearningRateScheduler", "EarlyStopping", "ModelCheckpoint", "ReduceLROnPlateau",
     "drop_remainder", "test_step"}
)  # fmt: skip
_ATTRIBUTES = frozenset(
    {".gradient", ".jacobian", ".batch_jacobian", ".apply_gradients", ".minimize", ".fit", ".train_on_batch",
     ".compile", ".evaluate", ".assign_sub", ".learning_rate", ".lr", ".result", ".reset_state", ".reset_states",
     ".kernel_regularizer", ".bias_regularizer", ".kernel_constraint", ".bias_constraint",
     ".from_tensor_slices", ".prefetch", ".on_epoch_begin", ".on_epoch_end", ".function", ".predict", ".map"}
)  # fmt: skip
TRAINING = _NAMES | {f".{name}" for name in _NAMES} | _ATTRIBUTES

# What a model may define for `fit` and `evaluate` to call.
_CALLED_BY_KERAS = frozenset({"train_step", "test_step", "predict_step", "compute_loss", "compute_metrics"})

# What makes weights: a layer that does so in its `call`, or holds a plain variable, is looked at.
_VARIABLES = frozenset({".Variable", "Variable"})
_WEIGHTS = _VARIABLES | {f"{dot}{name}" for name in table("layers")["weighted"]["names"] for dot in ("", ".")}

# What `import x` or `import x as y` binds, where that is all there is to it.
_IMPORTED = re.compile(r"^[ \t]*import[ \t]+(?:\w+(?:\.\w+)*[ \t]+as[ \t]+)?(\w+)[ \t]*$", re.MULTILINE)
_CALL = re.compile(
    r"^(?P<indent>[ \t]+)def[ \t]+call\b(?P<body>.*?)(?=^(?P=indent)(?:def|async|class|@)|^\S|\Z)",
    re.MULTILINE | re.DOTALL,
)
_DEFINED = re.compile(r"^(?:class|def)[ \t]+(\w+)", re.MULTILINE)
_WORD = re.compile(r"(?:(\.)\s*)?([^\W\d]\w*)")


class Words:
    """The names in each function of a module, and which functions lead to training by calling others.

    `more` are names and attributes that say so in this project.
    """

    def __init__(self, module: Module, more: frozenset[str] = frozenset()) -> None:
        aliases = {
            alias.asname or alias.name
            for statement in module.tree.body
            if isinstance(statement, tree.ImportFrom)
            for alias in statement.names
            if {alias.name, f".{alias.name}"} & TRAINING
        }
        # A customary name that nothing binds is a forgotten import, wherever it stands.
        forgotten = set(table("names")["imports"]) - module.bound
        self._telling = TRAINING | more
        self._wanted = {*self._telling, *aliases, *forgotten}
        self._weights = set(_WEIGHTS)
        self._holds_variables = False
        self._functions: dict[int, tuple[str, frozenset[str]]] = {}
        self._known_names: dict[tuple[tree.Function, bool], frozenset[str]] = {}
        self.learn(_functions(module.tree))

    def learn(self, functions: Iterable[tuple[tree.Function, str | None]]) -> None:
        """Takes functions of the module into account, each with its class: bodies just read may hold new ones."""
        new = {node.id: (node, owner, self._names(node)) for node, owner in functions if node.id not in self._functions}
        if not new:
            return
        for node, owner, names in new.values():
            self._functions[node.id] = _call_of(node, owner), names
            # Blocks of the module's own have weights as well.
            if names & _WEIGHTS:
                self._weights.add(owner or node.name)
            if node.name != "call" and owner is not None and not names.isdisjoint(_VARIABLES):
                self._holds_variables = True
        grown = True
        while grown:
            called = self._functions.values()
            reached = {call for call, words in called if call not in self._wanted and words & self._wanted}
            self._wanted |= reached
            grown = bool(reached)

    def matter(self, function: tree.Function) -> bool:
        """Whether `function` does something of training: itself, through another of the module, or for Keras."""
        if function.name == "call" and (self._holds_variables or not self._names(function).isdisjoint(self._weights)):
            return True
        return function.name in _CALLED_BY_KERAS or not self._names(function).isdisjoint(self._wanted)

    def train(self, function: tree.Function) -> bool:
        """Whether `function`, of whatever module, does something of training itself."""
        return not self._names(function).isdisjoint(self._telling)

    def _names(self, function: tree.Function) -> frozenset[str]:
        """The names in a function, looked for when it is first asked about and once more when it has been read."""
        key = function, isinstance(function.suite, tree.Unread)
        if key not in self._known_names:
            self._known_names[key] = names_in(function)
        return self._known_names[key]


def makes_weights(bare: str) -> bool:
    """Whether a text without strings and comments has a layer that may make weights where it should not."""
    if _CALL.search(bare) is None:
        return False
    weights = _WEIGHTS.union(_DEFINED.findall(bare))
    return bool(_VARIABLES & set(words_in(bare))) or any(
        not weights.isdisjoint(words_in(call["body"])) for call in _CALL.finditer(bare)
    )


def names_in(function: tree.Function) -> frozenset[str]:
    """Every name in a function, and every attribute as `.name`, but for names that it imports itself.

    Of a body that has not been read, every word.
    """
    found: set[str] = set()
    imported: set[str] = set()
    pending: list[tree.Node] = [function]
    while pending:
        node = pending.pop()
        if isinstance(node, tree.Name):
            found.add(node.name)
        elif isinstance(node, tree.Attribute):
            found.add(f".{node.name}")
        elif isinstance(node, tree.Alias):
            imported.add(node.asname or node.name)
        if isinstance(node, tree.Function) and isinstance(node.suite, tree.Unread):
            bare = without_text(node.suite.text)
            found.update(words_in(_IMPORTED.sub("", bare)))
            imported.update(_IMPORTED.findall(bare))
            pending.extend(header(node))
        else:
            pending.extend(children(node))
    return frozenset(found - imported)


def words_in(bare: str) -> Iterator[str]:
    """Every word of a text without strings and comments, with a dot before it if it stands behind one."""
    return map("".join, _WORD.findall(bare))


def _call_of(function: tree.Function, owner: str | None) -> str:
    """How a call of a function begins: with its name, with the name of its class, or with a dot."""
    if owner is None:
        return function.name
    return owner if function.name in ("__init__", "__new__") else f".{function.name}"


def may_set(method: tree.Function) -> frozenset[str]:
    """The attributes of its first parameter that a method whose body has not been read may assign, and no other."""
    assert isinstance(method.suite, tree.Unread)
    receiver = method.parameters[0].name
    alone = r"\s*(?::[^=\n]*|[-+*/%@&|^<>]*)=(?!=)"
    # Bounded, for a line may mention very many attributes and assign none.
    among_others = r"\s*[,)\]][^\n]{0,200}=(?!=)"
    assigned = re.compile(rf"\b{receiver}\.(?:(?P<one>\w+){alone}|(?P<more>\w+){among_others})")
    found = (match["one"] or match["more"] for match in assigned.finditer(method.suite.text))
    return frozenset(found)


def _functions(module: tree.Module) -> Iterator[tuple[tree.Function, str | None]]:
    """The functions of a module, each with its class; of bodies that have not been read, nothing."""
    pending: list[tuple[tree.Node, str | None]] = [(module, None)]
    while pending:
        node, owner = pending.pop()
        if isinstance(node, tree.Function):
            yield node, owner
            if isinstance(node.suite, tree.Unread):
                continue
        if isinstance(node, tree.Expression):
            continue
        inner = node.name if isinstance(node, tree.Class) else None if isinstance(node, tree.Function) else owner
        pending.extend((child, inner) for child in children(node))
