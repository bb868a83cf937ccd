"""The checks of the installed plugins: filed by importing them, and held to their pages."""

from __future__ import annotations

import functools

from tapelint.catalog import rules
from tapelint.checks.registry import CHECKS
from tapelint.plugins import Plugin, plugins


@functools.cache
def load() -> None:
    """Files the checks of all plugins. Raises BrokenPlugin."""
    for plugin in plugins():
        plugin.load()
        _compare(plugin)


def _compare(plugin: Plugin) -> None:
    """Raises BrokenPlugin for a page without a check and for a check without a page."""
    pages = {rule.name for rule in rules().values() if rule.plugin == str(plugin)}
    for name in sorted(pages - CHECKS.keys()):
        raise plugin.broken(f"no function `{name.replace('-', '_')}` checks the rule that rules/{name}.md declares")
    own = {name for name, check in CHECKS.items() if f"{check.__module__}.".startswith(f"{plugin.module}.")}
    for name in sorted(own - pages):
        raise plugin.broken(f"the check `{name.replace('-', '_')}` has no page rules/{name}.md")
