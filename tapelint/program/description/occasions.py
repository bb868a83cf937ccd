"""What kind of file a program is: on what occasion its code runs, and whether it trains then."""

from __future__ import annotations

from tapelint.program.program import Program
from tapelint.program.tapes import ASKING
from tapelint.program.trace import Call

# What only programs written for TensorFlow 1 call, by their canonical names.
_FIRST_VERSION = (
    "tensorflow.Session",
    "tensorflow.placeholder",
    "tensorflow.global_variables_initializer",
    "tensorflow.estimator.",
    "tensorflow.disable_eager_execution",
    "tensorflow.compat.v1.Session",
    "tensorflow.compat.v1.placeholder",
    "tensorflow.compat.v1.global_variables_initializer",
    "tensorflow.compat.v1.estimator.",
    "tensorflow.compat.v1.disable_eager_execution",
    "tensorflow.compat.v1.disable_v2_behavior",
)

_TRAINING = ASKING | {"fit", "train_on_batch", "minimize"}


def kind_of_file(program: Program) -> str:
    """What kind of file a program is, in the words of `tapelint show`."""
    if program.module.is_test:
        return "tests: their functions are not run"
    old = next((call.op for call in program.trace.calls if (call.op or "").startswith(_FIRST_VERSION)), None)
    if old is not None:
        return f"TensorFlow 1: it calls `{old}`"
    steps = [call for call in program.trace.calls if call.method in _TRAINING]
    if not steps:
        return "nothing in it trains"
    if not any(_runs_by_itself(step) for step in steps):
        return "a library: what trains waits for a caller out of view"
    if all(step.method in ASKING and not step.context.loops for step in steps):
        return "a demonstration: it asks for gradients outside any loop"
    noun = "a notebook" if program.module.document.shows_values else "a program"
    return f"{noun}: it trains when it is run"


def _runs_by_itself(step: Call) -> bool:
    """Whether running the file comes to this step."""
    return list(step.context.frame.stack())[-1].function is None
