"""The shelf of checks: a check is a function of a Program, and its name is its rule's name."""

from __future__ import annotations

from collections.abc import Callable

from tapelint.checks.report import Reports
from tapelint.program.program import Program

Check = Callable[[Program], Reports]

CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """File a check under the rule that its name spells."""
    CHECKS[function.__name__.replace("_", "-")] = function
    return function
