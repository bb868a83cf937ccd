"""Checks of the names a training script relies on."""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program.knowledge import table
from tapelint.program.program import Program


@check
def unimported_module(program: Program) -> Reports:
    # A customary name that nothing binds cannot be anything but a forgotten import.
    customary = table("names")["imports"]
    seen = set()
    for name, site, _ in program.trace.unbound:
        module = site.module
        if name in customary and name not in module.bound and not module.star_imports and (module, name) not in seen:
            seen.add((module, name))
            yield Report(site, f"`{name}` is never imported: the program stops here with a NameError")
