"""Checks of the names a training script relies on."""

from __future__ import annotations

from tapelint.checks.registry import check_of_absence
from tapelint.checks.report import Report, Reports
from tapelint.program.knowledge import table
from tapelint.program.program import Program
from tapelint.program.project import Module
from tapelint.syntax import tree


@check_of_absence
def unimported_module(program: Program) -> Reports:
    # A customary name that nothing binds cannot be anything but a forgotten import.
    customary = table("names")["imports"]
    seen = set()
    for name, site, _ in program.trace.unbound:
        module = site.module
        if name in customary and (module, name) not in seen and not _may_be_bound(program, module, name):
            seen.add((module, name))
            yield Report(site, f"`{name}` is never imported: the program stops here with a NameError")


def _may_be_bound(program: Program, module: Module, name: str) -> bool:
    """Whether something in the module binds the name after all: a function declares it global, or code is executed."""
    if name in module.bound or module.star_imports:
        return True
    for node in program.nodes(module):
        if isinstance(node, tree.ScopeDeclaration) and node.kind == "global" and name in node.names:
            return True
        if isinstance(node, tree.Name) and node.name in ("globals", "exec", "execfile"):
            return True
    return False
