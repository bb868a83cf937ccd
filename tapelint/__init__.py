"""tapelint: a linter for TensorFlow/Keras training code that proves its claims by running them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tapelint.catalog import Rule, rules
    from tapelint.finding import Finding, Fix, Place, TrailStep, Verdict
    from tapelint.plugins import BrokenPlugin
    from tapelint.run.api import configure, lint
    from tapelint.run.config import ConfigError
    from tapelint.run.outcome import Outcome
    from tapelint.source.discover import MissingPath
    from tapelint.source.edit import Edit
    from tapelint.source.span import Position, Span

__version__ = "0.1.0"

__all__ = [
    "BrokenPlugin",
    "ConfigError",
    "Edit",
    "Finding",
    "Fix",
    "MissingPath",
    "Outcome",
    "Place",
    "Position",
    "Rule",
    "Span",
    "TrailStep",
    "Verdict",
    "__version__",
    "configure",
    "lint",
    "rules",
]

_HOMES = {
    "catalog": ("Rule", "rules"),
    "finding": ("Finding", "Fix", "Place", "TrailStep", "Verdict"),
    "plugins": ("BrokenPlugin",),
    "run.api": ("configure", "lint"),
    "run.config": ("ConfigError",),
    "run.outcome": ("Outcome",),
    "source.discover": ("MissingPath",),
    "source.edit": ("Edit",),
    "source.span": ("Position", "Span"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # which would take every name for one that is there

    def __getattr__(name: str) -> Any:
        """What the package offers, loaded when somebody asks for it: importing the package costs nothing."""
        if name not in _HOME_OF:
            raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
