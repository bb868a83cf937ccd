"""The files of a project, and which of them an import means. Nothing is executed and nothing is installed for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.program.values import Scope
from tapelint.program.wrappers import Wrappers
from tapelint.source.document import Document
from tapelint.source.relevance import is_relevant
from tapelint.source.span import Position
from tapelint.syntax import tree
from tapelint.syntax.legible import legible
from tapelint.syntax.parse import Unparsable
from tapelint.syntax.scopes import bound_names

Read = Callable[[Path], Document | None]

# How far above a file the root of its project may lie.
_ANCESTORS = 6

_FOREIGN = frozenset(sys.stdlib_module_names) | {
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
    """One file of the project. `scope` holds its global variables as the run numbered `executed_in` left them."""

    document: Document
    tree: tree.Module
    requested: bool
    scope: Scope = field(init=False, repr=False)
    executed_in: int = 0
    star_imports: bool = False
    star_libraries: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scope = Scope({}, None, "module", self)
        self.bound = bound_names(self.tree.body)

    @property
    def is_test(self) -> bool:
        """Whether this is a file of tests, by the names that test runners look for: its functions train nothing."""
        name = self.document.path.stem
        return name.startswith("test_") or name.endswith("_test") or name == "conftest"

    def __hash__(self) -> int:
        return id(self)


class Project:
    """The modules in view: the requested ones, and those they import, read on demand."""

    def __init__(self, documents: Iterable[Document], read: Read, wrappers: Wrappers | None = None) -> None:
        self.wrappers = wrappers or Wrappers()
        self.unparsable: list[tuple[Document, str, Position]] = []
        self._read = read
        self._modules: dict[Path, Module | None] = {}
        self._leads_on: dict[Path, bool] = {}
        self._resolved: dict[tuple[Path, str], Module | None] = {}
        for document in documents:
            self._modules[document.path] = self._load(document, requested=True)

    @property
    def requested(self) -> list[Module]:
        return [module for module in self._modules.values() if module is not None and module.requested]

    def find(self, importer: Module, name: str, level: int) -> Module | None:
        """The module that `importer` means by `name` with `level` leading dots; None when it is not the project's."""
        if not self._follows(importer):
            return None
        folder = importer.document.path.parent
        key = (folder, "." * level + name)
        if key not in self._resolved:
            self._resolved[key] = self._search(folder, name, level)
        return self._resolved[key]

    def _follows(self, importer: Module) -> bool:
        """Whether the imports of a module are looked up: those of files without any training are a dead end."""
        path = importer.document.path
        if path not in self._leads_on:
            gathers = path.name == "__init__.py"
            self._leads_on[path] = importer.requested or gathers or is_relevant(importer.document.text.encode())
        return self._leads_on[path]

    def _search(self, folder: Path, name: str, level: int) -> Module | None:
        if level:
            for _ in range(level - 1):
                folder = folder.parent
            return self._at(folder, name)
        if not name or name.partition(".")[0] in _FOREIGN:
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
            if path not in self._modules:
                document = self._read(path)
                self._modules[path] = self._load(document, requested=False) if document is not None else None
            module = self._modules[path]
            if module is not None:
                return module
        return None

    def _load(self, document: Document, *, requested: bool) -> Module | None:
        broken: list[Unparsable] = []
        module = None
        try:
            document, body, broken = legible(document, imported=not requested)
            module = Module(document, body, requested)
        except Unparsable as error:
            broken = [error]
        if requested:
            self.unparsable += [(document, error.message, error.position) for error in broken]
        return module
