"""TensorFlow 1: what only programs call that build a graph first and run it in a session later."""

from __future__ import annotations

_MODULES = ("tensorflow.compat.v1.", "tensorflow.")
_CALLS = frozenset(
    {"placeholder", "disable_v2_behavior", "disable_eager_execution", "global_variables_initializer",
     "initialize_all_variables", "train.MonitoredTrainingSession", "train.MonitoredSession", "train.Supervisor",
     "train.GradientDescentOptimizer", "train.AdamOptimizer", "train.MomentumOptimizer", "train.RMSPropOptimizer",
     "train.AdagradOptimizer", "train.FtrlOptimizer", "train.AdadeltaOptimizer",
     "estimator.Estimator", "estimator.EstimatorSpec", "estimator.train_and_evaluate"}
)  # fmt: skip


def is_of_old(op: str) -> bool:
    """Whether a call of this name means that a program is for TensorFlow 1, or for its compatibility layer."""
    return any(op.startswith(module) and op.removeprefix(module) in _CALLS for module in _MODULES)
