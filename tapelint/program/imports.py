"""What imports bind."""

from __future__ import annotations

from tapelint.program.binding import Binding
from tapelint.program.knowledge import canonical
from tapelint.program.project import Module
from tapelint.program.values import (
    Library,
    ModuleValue,
    Value,
)
from tapelint.syntax import tree


class Imports(Binding):
    """Finds the modules that imports name. How one is executed is left to the next level up."""

    def import_module(self, module: Module) -> None:
        raise NotImplementedError

    def _import(self, node: tree.Import) -> None:
        for alias in node.names:
            first, _, rest = alias.name.partition(".")
            if alias.asname is None:
                self.bind(tree.Name(alias.id, first), self._module(first, 0))
                if rest:
                    self._module(alias.name, 0)
            else:
                self.bind(tree.Name(alias.id, alias.asname), self._module(alias.name, 0))

    def _import_from(self, node: tree.ImportFrom) -> None:
        module = self._module(node.module, node.level)
        if not node.names:
            self._import_star(module)
        for alias in node.names:
            value = self._imported(module, node, alias)
            self.bind(tree.Name(alias.id, alias.asname or alias.name), value)

    def _imported(self, module: Value, node: tree.ImportFrom, alias: tree.Alias) -> Value:
        if isinstance(module, ModuleValue):
            if alias.name in module.module.scope.names:
                return module.module.scope.names[alias.name]
            name = f"{node.module}.{alias.name}" if node.module else alias.name
            submodule = self.project.find(self.module, name, node.level)
            if submodule is not None:
                self.import_module(submodule)
                return ModuleValue(submodule)
            return self.unknown(f"`{alias.name}` of {node.module or '.'}", module)
        return self.attribute(module, alias.name)

    def _import_star(self, module: Value) -> None:
        if isinstance(module, ModuleValue):
            self.scope.names.update({k: v for k, v in module.module.scope.names.items() if not k.startswith("_")})
            self.module.star_imports = self.module.star_imports or module.module.star_imports
        else:
            self.module.star_imports = True
            if isinstance(module, Library) and module.name not in self.module.star_libraries:
                self.module.star_libraries.append(module.name)

    def _module(self, name: str, level: int) -> Value:
        found = self.project.find(self.module, name, level)
        if found is not None:
            self.import_module(found)
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
