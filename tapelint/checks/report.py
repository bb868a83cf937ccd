"""What a check yields: a claim about a place in the source, before positions are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapelint.checks.repairs import Repair
from tapelint.finding import Severity
from tapelint.program.values import Site


@dataclass(frozen=True, slots=True)
class Report:
    """A broken promise at `site`. The trail is how the value got there, in order; severity None is the rule's own.

    `fix` is how to mend it, where that is mechanical.
    """

    site: Site
    message: str
    trail: tuple[tuple[Site, str], ...] = ()
    severity: Severity | None = None
    fix: Repair | None = None


Reports = Iterator[Report]
