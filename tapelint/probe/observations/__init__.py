"""What in a Record confirms a finding, and what contradicts it: one function for each observation a rule's page names.

Each says exactly what was seen, and no more. What was not reached is unreached, what cannot be told is unable.
"""

import importlib
import pkgutil

from tapelint.probe.observations.registry import LATE, OBSERVATIONS, OF_GRAPHS

__all__ = ["LATE", "OBSERVATIONS", "OF_GRAPHS"]

# Importing a family files its observations.
for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")
