"""What the checks of a plugin are written with. It may change until tapelint 1.0, and from then on only with notice.

A check is a generator of Reports, a function of one argument, the Program. What lies in the modules that these names
come from, and is not here, is nobody's business but tapelint's.
"""

from tapelint.checks.registry import check, check_of_absence
from tapelint.checks.repairs import (
    AddItem,
    Decorate,
    Insert,
    Move,
    Remove,
    RemoveArgument,
    Repair,
    Replace,
    SetArgument,
    Surround,
)
from tapelint.checks.report import Report, Reports
from tapelint.program.fits import callbacks_of, epochs_of, is_of_keras, validates
from tapelint.program.models import library_class
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by, site_of
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call, Context, Loop
from tapelint.program.values import (
    Choice,
    Constant,
    Display,
    Instance,
    Library,
    Result,
    Site,
    Unknown,
    Value,
    alternatives,
)

__all__ = [
    "AddItem",
    "Call",
    "Choice",
    "Constant",
    "Context",
    "Decorate",
    "Display",
    "Insert",
    "Instance",
    "Library",
    "Loop",
    "Move",
    "Program",
    "Remove",
    "RemoveArgument",
    "Repair",
    "Replace",
    "Report",
    "Reports",
    "Result",
    "SetArgument",
    "Site",
    "Surround",
    "Unknown",
    "Value",
    "alternatives",
    "ancestors",
    "callbacks_of",
    "check",
    "check_of_absence",
    "epochs_of",
    "is_of_keras",
    "library_class",
    "made_by",
    "site_of",
    "spelling",
    "validates",
]
