"""What imports bind."""

from __future__ import annotations

from tapelint.program.execution.binding import Binding
from tapelint.program.knowledge import canonical
from tapelint.program.values import (
    Deferred,
    Library,
    ModuleValue,
    Value,
)
from tapelint.syntax import tree


class Imports(Binding):
    """Finds the modules that imports name. A module is executed when something in it is first asked for."""

    def _import(self, node: tree.Import) -> None:
        for alias in node.names:
            whole = self._module(alias.name, 0)
            if isinstance(whole, ModuleValue):
                # A program may import a module for nothing but what happens then.
                self.import_module(whole.module)
            first = alias.name.partition(".")[0]
            value = whole if alias.asname is not None else self._module(first, 0)
            self.bind(tree.Name(alias.id, alias.asname or first), value)

    def _import_from(self, node: tree.ImportFrom) -> None:
        module = self._module(node.module, node.level)
        if not node.names:
            self._import_star(module)
        for alias in node.names:
            value = self._imported(module, node, alias)
            self.bind(tree.Name(alias.id, alias.asname or alias.name), value)

    def _imported(self, module: Value, node: tree.ImportFrom, alias: tree.Alias) -> Value:
        if not isinstance(module, ModuleValue):
            # A folder is a package, even without anything in it to say so.
            inside = self.project.find(self.module, f"{node.module}.{alias.name}", node.level) if node.level else None
            return ModuleValue(inside) if inside is not None else self.attribute(module, alias.name)
        importer = self.module

        def find() -> Value:
            found = self.name_of(module.module, alias.name)
            if found is not None:
                return found
            name = f"{node.module}.{alias.name}" if node.module else alias.name
            submodule = self.project.find(importer, name, node.level)
            if submodule is not None:
                return ModuleValue(submodule)
            return self.unknown(f"`{alias.name}` of {node.module or '.'}", module)

        # Where branches are merged, what a name stands for has to be known; and a module that imports from itself
        # means what it holds by now.
        return Deferred(find) if self.is_straight and module.module is not importer else find()

    def _import_star(self, module: Value) -> None:
        if isinstance(module, ModuleValue):
            self.import_module(module.module)
            names = module.module.scope.names
            self.scope.names.update({k: v for k, v in names.items() if not k.startswith("_")})
            self.module.star_imports = self.module.star_imports or module.module.star_imports
            libraries = list(module.module.star_libraries)
        else:
            self.module.star_imports = True
            libraries = [module.name] if isinstance(module, Library) else []
        # The last one counts where several bring the same name.
        kept = [name for name in self.module.star_libraries if name not in libraries]
        self.module.star_libraries[:] = [*kept, *libraries]

    def _module(self, name: str, level: int) -> Value:
        found = self.project.find(self.module, name, level)
        if found is not None:
            return ModuleValue(found)
        if level:
            return self.library("." * level + name)
        value: Value | None = None
        for part in name.split("."):
            value = self.library(part) if value is None else self.attribute(value, part)
        assert value is not None
        if isinstance(value, Library):
            return self.library(canonical(value.name))
        return value
