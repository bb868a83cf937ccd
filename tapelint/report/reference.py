"""What the reports say about a rule beside its name: where its page is, what it says, and how it is found."""

import re

from tapelint.catalog import Rule
from tapelint.run.select import runs_only

SITE = "https://tapelint.github.io/tapelint"
"""Where the documentation is published."""
REPOSITORY = "https://github.com/tapelint/tapelint"

_DECLARATION = re.compile(r"^```toml\n.*?^```\n\n?", re.MULTILINE | re.DOTALL)


def page(rule: Rule) -> str:
    """The address of the rule's page."""
    return rule.url or f"{SITE}/rules/{rule.name}.html"


def is_static(rule: Rule) -> bool:
    """Whether the rule's findings come from reading the program, not from running it."""
    return not runs_only(rule)


def prose(rule: Rule) -> str:
    """The rule's page for readers: its declaration has become a line of prose."""
    return _DECLARATION.sub(f"*{_nature(rule)}*\n\n", rule.text, count=1)


def _nature(rule: Rule) -> str:
    """The declaration in a line of prose."""
    told = [rule.code, rule.category, f"{rule.severity} by default", f"{rule.precision} precision"]
    if rule.preview:
        told.append("preview")
    if rule.fix:
        told.append(f"{rule.fix} fix")
    told.append("proved by running" if rule.probe else "found by reading")
    return ", ".join([*told, f"since {rule.since}"])
