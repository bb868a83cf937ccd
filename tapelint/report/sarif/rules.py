"""Rules as SARIF has them, with what GitHub's code scanning wants to know beside."""

from collections.abc import Mapping
from typing import Any

from tapelint.catalog import Rule
from tapelint.finding import Severity
from tapelint.report.manual import lesson, opening
from tapelint.report.reference import page

LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note", "off": "none"}
_PROBLEMS: Mapping[Severity, str] = {
    "error": "error",
    "warning": "warning",
    "info": "recommendation",
    "off": "recommendation",
}
_LONGEST_TEXT = 1024
"""GitHub's limit, in characters, for the two descriptions of a rule."""


def descriptor(rule: Rule) -> dict[str, Any]:
    """The rule: what it is about, and its page as help."""
    return {
        "id": rule.code,
        "name": rule.name,
        **({"deprecatedNames": list(rule.aliases)} if rule.aliases else {}),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": opening(rule)[:_LONGEST_TEXT]},
        "help": {"text": lesson(rule), "markdown": lesson(rule)},
        "helpUri": page(rule),
        "defaultConfiguration": {
            "enabled": not rule.preview and rule.severity != "off",
            "level": LEVELS[rule.severity],
        },
        "properties": {
            "tags": [rule.category, "tensorflow", "keras", *(["probe"] if rule.probe else [])],
            "precision": rule.precision,
            "problem.severity": _PROBLEMS[rule.severity],
        },
    }
