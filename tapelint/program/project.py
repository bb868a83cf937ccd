"""The files of a project, and which of them an import means. Nothing is executed and nothing is installed for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tapelint.program.target import NEWEST, Target
from tapelint.program.values import Scope
from tapelint.program.wrappers import Wrappers
from tapelint.source.document import Document
from tapelint.source.relevance import is_relevant
from tapelint.source.span import Position
from tapelint.syntax.legible import SEPARATING, legible
from tapelint.syntax.parse import Unparsable, check, parse
from tapelint.syntax.scopes import bound_names
from tapelint.syntax.tree import ExpressionStatement, ScopeDeclaration
from tapelint.syntax.tree import Module as Tree

Read = Callable[[Path], Document | None]

# How far above a file the root of its project may lie.
_ANCESTORS = 6

FOREIGN = frozenset(sys.stdlib_module_names) | {
    "tensorflow",
    "keras",
    "tf_keras",
    "numpy",
    "pandas",
    "sklearn",
    "scipy",
}


@dataclass(eq=False)
class Module:
    """One file of the project. `scope` holds its global variables, as the last run, number `executed_in`, has them."""

    document: Document
    requested: bool
    scope: Scope = field(init=False, repr=False)
    executed_in: int = field(default=0, init=False)
    star_imports: bool = field(default=False, init=False)
    star_libraries: list[str] = field(default_factory=list, init=False)
    _tree: Tree | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.scope = Scope({}, None, "module", self)

    def begin_again(self) -> None:
        """Let go of all variables."""
        self.scope.names.clear()
        self.star_imports = False
        self.star_libraries.clear()

    def forget(self) -> None:
        """Let go of the tree, which is made again when it is asked for."""
        self._tree = None
        self.__dict__.pop("bound", None)

    @property
    def tree(self) -> Tree:
        """What stands in the file; of one that is not Python, nothing."""
        if self._tree is None:
            try:
                self._tree = parse(self.document, imported=True)
            except Unparsable:
                self._tree = Tree(0, [])
        return self._tree

    @property
    def is_held(self) -> bool:
        """Whether the tree takes up memory."""
        return self._tree is not None

    @cached_property
    def displayed(self) -> frozenset[int]:
        """The expressions that show their value to whoever runs the module cell by cell: the last of each cell.

        All of them, where the notebook mentions the setting that makes it so.
        """
        document, body = self.document, self.tree.body
        if not document.shows_values:
            return frozenset()
        every = "ast_node_interactivity" in document.text
        ends = [isinstance(after, ScopeDeclaration) and after.names == SEPARATING for after in body[1:]]
        return frozenset(
            each.id
            for each, is_last in zip(body, [*ends, True], strict=False)
            if isinstance(each, ExpressionStatement) and (is_last or every)
        )

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that the module's own statements bind."""
        return bound_names(self.tree.body)

    @property
    def is_test(self) -> bool:
        """Whether this is a file of tests, by the names that test runners look for: its functions train nothing."""
        name = self.document.path.stem
        return name.startswith("test_") or name.endswith("_test") or name == "conftest"

    def __hash__(self) -> int:
        return id(self)


class Project:
    """The modules in view: the requested ones, and those they import, read on demand.

    `unparsable` are the requested documents that turned out not to be Python when their turn came.
    """

    def __init__(
        self,
        documents: Iterable[Document],
        read: Read,
        wrappers: Wrappers | None = None,
        target: Target = NEWEST,
    ) -> None:
        self.wrappers = wrappers or Wrappers()
        self.target = target
        self.unparsable: list[tuple[Document, str, Position]] = []
        self._read = read
        self._documents = {document.path: document for document in documents}
        self._modules: dict[Path, Module | None] = {}
        self._leading: dict[Path, bool] = {}
        self._resolved: dict[tuple[Path, str], Module | None] = {}

    @property
    def requested(self) -> Iterator[Module]:
        for path in self._documents:
            module = self._open(path)
            if module is not None:
                yield module

    def shed(self, allowed: int) -> bool:
        """Let go of the trees that were needed longest ago, until those of `allowed` characters of source are held."""
        held = [module for module in self._modules.values() if module is not None and module.is_held]
        excess = sum(len(module.document.text) for module in held) - allowed
        if excess <= 0:
            return False
        for module in sorted(held, key=lambda module: module.executed_in):
            module.forget()
            excess -= len(module.document.text)
            if excess <= 0:
                break
        return True

    def find(self, importer: Module, name: str, level: int) -> Module | None:
        """The module that `importer` means by `name` with `level` leading dots; None when it is not the project's."""
        if not self._leads_on(importer):
            return None
        folder = importer.document.path.parent
        key = (folder, "." * level + name)
        if key not in self._resolved:
            self._resolved[key] = self._search(folder, name, level)
        return self._resolved[key]

    def _leads_on(self, importer: Module) -> bool:
        """Whether the imports of a module are looked up: those of files without any training are a dead end."""
        path = importer.document.path
        known = self._leading.get(path)
        if known is None:
            gathers = path.name == "__init__.py"
            known = importer.requested or gathers or is_relevant(importer.document.text.encode())
            self._leading[path] = known
        return known

    def _search(self, folder: Path, name: str, level: int) -> Module | None:
        if level:
            for _ in range(level - 1):
                folder = folder.parent
            return self._at(folder, name)
        if not name or name.partition(".")[0] in FOREIGN:
            return None
        roots = [folder, *list(folder.parents)[:_ANCESTORS]]
        for root in roots:
            found = self._at(root, name) or self._at(root / "src", name)
            if found is not None:
                return found
        return None

    def _at(self, root: Path, name: str) -> Module | None:
        """The module `name` below `root`, as a file or as a package."""
        stem = root.joinpath(*name.split(".")) if name else root
        candidates = [stem / "__init__.py"]
        if name:
            candidates.insert(0, stem.with_name(stem.name + ".py"))
        for path in candidates:
            module = self._open(path)
            if module is not None:
                return module
        return None

    def _open(self, path: Path) -> Module | None:
        """The module in a file; None if there is no such file, or it was asked for and is not Python."""
        if path not in self._modules:
            if path in self._documents:
                self._modules[path] = self._check(self._documents[path])
            else:
                document = self._read(path)
                self._modules[path] = Module(document, requested=False) if document is not None else None
        return self._modules[path]

    def _check(self, document: Document) -> Module | None:
        """The module that was asked for, as far as it is Python."""
        broken: list[Unparsable] = []
        module = None
        try:
            if document.parts:
                rest, body, broken = legible(document)
                module = Module(rest, True, body)
            else:
                check(document)
                module = Module(document, True)
        except Unparsable as error:
            broken = [error]
        self.unparsable += [(document, error.message, error.position) for error in broken]
        return module
