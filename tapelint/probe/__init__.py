"""Evidence by running: a script runs for a few steps under observation, and what was seen is held against findings.

From Python, `audit_step` does this with one training step.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapelint.probe.step import StepRecord, UnsoundStep, audit_step

__all__ = ["StepRecord", "UnsoundStep", "audit_step"]


def __getattr__(name: str) -> Any:
    # Looked up when asked for: the child imports this package, too, and should carry nothing of what judges.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tapelint.probe import step

    return getattr(step, name)
