"""What the reports say about a rule beside its name: where its page is, and whether reading alone can find it."""

from tapelint.catalog import Rule
from tapelint.run.select import runs_only

SITE = "https://tapelint.github.io/tapelint"
"""Where the documentation is published."""
REPOSITORY = "https://github.com/tapelint/tapelint"


def page(rule: Rule) -> str:
    """The address of the rule's page."""
    return rule.url or f"{SITE}/rules/{rule.name}.html"


def is_static(rule: Rule) -> bool:
    """Whether the rule's findings come from reading the program, not from running it."""
    return not runs_only(rule)
