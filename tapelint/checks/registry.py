"""The shelf of checks: a check is a function of a Program, and its name is its rule's name."""

from __future__ import annotations

from collections.abc import Callable

from tapelint.checks.report import Reports
from tapelint.program.program import Program

Check = Callable[[Program], Reports]

CHECKS: dict[str, Check] = {}

OF_ABSENCE: set[str] = set()
"""The rules that find something missing, which the fragment of a program may well leave out."""

OF_GRAPHS_OF_OLD: set[str] = set()
"""The rules that have something to say of TensorFlow 1, where gradients, data and updates are other things."""


class TakenName(ValueError):
    """A check that is called like another one."""


def check(function: Check) -> Check:
    """File a check under the rule that its name spells. Raises TakenName."""
    name = rule_of(function)
    other = CHECKS.get(name)
    if other is not None and other.__module__ != function.__module__:
        raise TakenName(f"`{function.__module__}` has a check of `{name}`, which `{other.__module__}` has already")
    CHECKS[name] = function
    return function


def check_of_absence(function: Check) -> Check:
    """File a check that finds something missing: it is not asked about fragments of programs."""
    OF_ABSENCE.add(rule_of(function))
    return check(function)


def check_of_graphs_of_old(function: Check) -> Check:
    """File a check of programs for TensorFlow 1; of these, no other rule is asked."""
    OF_GRAPHS_OF_OLD.add(rule_of(function))
    return check(function)


def rule_of(function: Check) -> str:
    return function.__name__.replace("_", "-")
