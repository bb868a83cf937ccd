"""What the reports say about a rule beside its name: where its page is, and whether reading alone can find it."""

from tapelint.catalog import Rule

SITE = "https://tapelint.github.io/tapelint"
"""Where the documentation is published."""
REPOSITORY = "https://github.com/tapelint/tapelint"
_FIRST_BY_RUNNING = 50
"""In every family, the numbers from here on belong to rules that only a run can find."""


def page(rule: Rule) -> str:
    """The address of the rule's page."""
    return f"{SITE}/rules/{rule.name}.html"


def is_static(rule: Rule) -> bool:
    """Whether the rule's findings come from reading the program, not from running it."""
    return int(rule.code[-2:]) < _FIRST_BY_RUNNING
