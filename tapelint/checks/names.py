"""Checks of the names a training script relies on."""

from __future__ import annotations

from tapelint.checks.registry import check
from tapelint.checks.report import Report, Reports
from tapelint.program.program import Program

# The customary names of the modules that training scripts use. A name here that nothing binds is a forgotten import,
# for it cannot be anything else.
_CUSTOMARY = {
    "tf": "import tensorflow as tf",
    "tensorflow": "import tensorflow",
    "keras": "import keras",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "layers": "from keras import layers",
    "os": "import os",
    "math": "import math",
    "random": "import random",
    "time": "import time",
}


@check
def unimported_module(program: Program) -> Reports:
    seen = set()
    for name, site, _ in program.trace.unbound:
        module = site.module
        if name in _CUSTOMARY and name not in module.bound and not module.star_imports and (module, name) not in seen:
            seen.add((module, name))
            yield Report(site, f"`{name}` is never imported: the program stops here with a NameError")
