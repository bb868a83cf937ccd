"""What becomes of predictions: whether they are compared with something to say how good they are."""

from __future__ import annotations

from tapelint.program.tapes import ASKING
from tapelint.program.trace import Call
from tapelint.program.values import Attribute, Choice, Computed, Element, Item, Result, Value

# Calls that say how good predictions are, and those that only put them into another form before.
_JUDGING = (
    "keras.losses.", "keras.Loss.__call__", "keras.Metric.", "sklearn.metrics.", "tensorflow.equal",
    "tensorflow.math.equal", "tensorflow.math.in_top_k", "tensorflow.nn.softmax_cross_entropy",
    "tensorflow.nn.sparse_softmax_cross_entropy", "tensorflow.nn.sigmoid_cross_entropy", "numpy.equal",
    "keras.ops.equal",
)  # fmt: skip
_AVERAGING = frozenset(
    {"tensorflow.reduce_mean", "tensorflow.reduce_sum", "numpy.mean", "numpy.sum", "keras.ops.mean", "keras.ops.sum",
     "numpy.average", "tensorflow.nn.l2_loss", "builtins.sum"}
)  # fmt: skip
_FORMING = ("tensorflow.", "keras.ops.", "numpy.", "keras.activations.")
_READING = frozenset({"numpy", "item", "tolist"})
_READING_CALLS = frozenset({"builtins.float", "builtins.int", "builtins.print"})
_METHODS = frozenset({*_READING, "argmax", "squeeze", "reshape", "astype", "flatten", "ravel", "round", "mean", "sum"})


def judged(predictions: Value) -> list[Value]:
    """The scores that predictions get, each on its own way: losses, metrics, mean differences, matches with labels."""
    found: list[Value] = []
    seen: set[int] = set()
    pending: list[tuple[Value, bool]] = [(predictions, False)]
    while pending:
        value, compared = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for use in value.uses:
            if use.kind == "operand" and isinstance(use.by, Computed):
                if use.by.operator == "==":
                    found.append(use.by)
                else:
                    pending.append((use.by, compared or use.by.operator == "-"))
            elif use.kind == "operand" and isinstance(use.by, (Item, Attribute, Element, Choice)):
                pending.append((use.by, compared))
            elif use.kind in ("argument", "receiver") and isinstance(use.by, Call):
                op = use.by.op or ""
                if op.startswith(_JUDGING) or (compared and (op in _AVERAGING or use.by.method in ("mean", "sum"))):
                    found.append(use.by.result)
                elif op.startswith(_FORMING) or (use.kind == "receiver" and use.by.method in _METHODS):
                    pending.append((use.by.result, compared or op.endswith((".subtract", ".squared_difference"))))
    return found


def is_read(score: Value) -> bool:
    """Whether a score surely ends as a number for people, out of reach of any gradient: in a metric, or as a float."""
    if isinstance(score, Result) and (score.call.op or "").startswith(("keras.Metric.", "sklearn.")):
        return True
    seen: set[int] = set()
    pending = [score]
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        for use in value.uses:
            if isinstance(use.by, Call):
                if use.by.method in ASKING:
                    return False
                if use.by.method in _READING or use.by.op in _READING_CALLS or (use.by.op or "").startswith("numpy."):
                    return True
                if (use.by.op or "").startswith(("tensorflow.", "keras.ops.", "keras.Metric.")):
                    pending.append(use.by.result)
            elif isinstance(use.by, Value):
                pending.append(use.by)
    return False
