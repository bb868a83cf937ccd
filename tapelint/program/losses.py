"""The shape of a loss: one number, or one for each example."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tapelint.program import kinds
from tapelint.program.arrays import size_of
from tapelint.program.axes import is_batch_of_rows, rank_of
from tapelint.program.knowledge import matches, table
from tapelint.program.models import Axes, axes_of
from tapelint.program.provenance import ancestors
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Choice,
    Class,
    Computed,
    Constant,
    Display,
    Element,
    Instance,
    Item,
    Library,
    Result,
    SliceValue,
    Value,
    alternatives,
    is_none,
)

_ARITHMETIC = frozenset({"+", "-", "*", "/", "**"})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_COMPARING = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_not"})
_RESHAPING = frozenset({"tensorflow.reshape", "numpy.reshape", "keras.ops.reshape"})
_EXPANDING = frozenset({"tensorflow.expand_dims", "numpy.expand_dims", "keras.ops.expand_dims"})
_NEW_AXES = frozenset({"numpy.newaxis", "tensorflow.newaxis"})
_MULTIPLYING = frozenset({"tensorflow.matmul", "tensorflow.linalg.matmul", "keras.ops.matmul"})
# How environments hand out what they show: one observation after another.
_OBSERVING = frozenset({"reset", "step"})


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A scalar (with how it was reduced), or one value per example (with the call that left it so)."""

    kind: Literal["scalar", "per-example"]
    reduction: str = ""
    producer: Call | None = None


@asked_once
def shape_of(value: Value) -> Shape | None:
    """The shape of a loss; None when it cannot be told."""
    match value:
        case Constant(value=int() | float()):
            return Shape("scalar")
        case Choice():
            return _common([shape_of(option) for option in alternatives(value)])
        case Computed(operator="/", parts=(left, right)) if _may_average(right):
            # Divided by a number that may follow the batch, a sum is an average, and so is what the tape will sum up.
            shape = _combined([shape_of(left), shape_of(right)])
            return Shape("scalar", "other") if shape is not None and shape.kind == "scalar" else None
        case Computed(operator="*", parts=(left, right)) if _is_weighted(left, right) or _is_weighted(right, left):
            return None
        case Computed(operator=operator, parts=parts) if operator in _ARITHMETIC:
            return _combined([shape_of(part) for part in parts]) or _shape_of_formula(value)
        case Result(call=call):
            return _shape_of_call(call)
    return None


def _may_average(divisor: Value) -> bool:
    """Whether a divisor may be the number of examples; 2 belongs to the formula."""
    return not (isinstance(divisor, Constant) and isinstance(divisor.value, (int, float)) and abs(divisor.value) <= 2)


def _is_weighted(losses: Value, weights: Value) -> bool:
    """Whether a loss per example is multiplied by something of which nobody knows what it sums up to."""
    shape = shape_of(losses)
    if is_quotient(weights):
        return True
    return shape is not None and shape.kind == "per-example" and shape_of(weights) is None and not _is_mask(weights)


def _is_mask(weights: Value) -> bool:
    """Whether weights are zeros and ones that a comparison gave: they leave terms out, and divide none."""
    if isinstance(weights, Computed):
        return weights.operator in _COMPARISONS
    if not isinstance(weights, Result) or not weights.call.arguments:
        return False
    op = weights.call.op or ""
    if op in ("tensorflow.cast", "keras.ops.cast"):
        return _is_mask(weights.call.arguments[0])
    return op.startswith(("tensorflow.", "keras.ops.")) and op.rpartition(".")[2] in _COMPARING


def is_quotient(value: Value) -> bool:
    """Whether `value` is a fraction such as `1 / batch_size`, or weights that are made to sum up to one."""
    if isinstance(value, Result):
        return (value.call.op or "").endswith((".softmax", ".normalize", ".l1_normalize"))
    return isinstance(value, Computed) and value.operator == "/" and _may_average(value.parts[-1])


def _shape_of_formula(value: Value) -> Shape | None:
    """The shape of a formula written by hand: per example, if predictions with several axes are in it."""
    return Shape("per-example") if any(_surely_wide(part) for part in value.operands()) else None


@asked_once
def _surely_wide(value: Value) -> bool | None:
    """Whether `value` has surely the axes of the predictions of a model in view, for a whole batch, or of its data."""
    match value:
        case Choice():
            return all(_surely_wide(option) for option in alternatives(value))
        case Item() | Element():
            return is_batch_of_rows(value) and not _single_example(value)
        case Computed(operator="@", parts=(rows, _)):
            return bool(_surely_wide(rows) and rank_of(value))
        case Result(call=call) if call.op in _MULTIPLYING and call.arguments and not call.keywords:
            return bool(_surely_wide(call.arguments[0]) and rank_of(value))
        case Result(call=call) if call.op == "forward":
            return _axes_of_forward(call) == "several"
        case Result(call=call) if matches(call.op or "", "elementwise", "names"):
            return any(_surely_wide(argument) for argument in call.arguments)
        case Computed(operator=operator, parts=parts) if operator in _ARITHMETIC:
            return any(_surely_wide(part) for part in parts)
    return False


def _common(shapes: list[Shape | None]) -> Shape | None:
    first = shapes[0] if shapes else None
    return first if first is not None and all(s is not None and s.kind == first.kind for s in shapes) else None


def _combined(shapes: list[Shape | None]) -> Shape | None:
    """The shape of an elementwise operation: one term per example makes the whole per example."""
    for shape in shapes:
        if shape is not None and shape.kind == "per-example":
            return shape
    known = [shape for shape in shapes if shape is not None]
    if len(known) != len(shapes) or not known:
        return None
    sums = [shape for shape in known if shape.reduction == "sum"]
    return sums[0] if sums else known[0]


def _shape_of_call(call: Call) -> Shape | None:
    op = call.op or ""
    if matches(op, "per_example", "names"):
        prediction = call.argument(1, "y_pred") or call.argument(1, "logits") or call.argument(1, "output")
        if prediction is None or not (
            has_feature_axis(prediction) or ("categorical" in op and _is_batch_output(prediction))
        ):
            return None
        return Shape("per-example", producer=call)
    if op == "keras.Loss.__call__":
        return _shape_of_loss_object(call)
    if op in table("tensors")["reductions"]:
        return _shape_of_reduction(call, table("tensors")["reductions"][op])
    if matches(op, "elementwise", "names"):
        if matches(op, "dividing", "names") and len(call.arguments) > 1 and _may_average(call.arguments[1]):
            return None
        return _combined([shape_of(argument) for argument in call.arguments]) or _shape_of_formula(call.result)
    if op == "builtins.sum" and call.arguments:
        return _shape_of_sum(call)
    if op in (
        "keras.Model.compiled_loss",
        "keras.Model.compute_loss",
        "tensorflow.add_n",
        "keras.Optimizer.scale_loss",
    ):
        return Shape("scalar")
    return None


def _shape_of_sum(call: Call) -> Shape | None:
    """The shape of Python's sum of a model's own losses, or of several."""
    match call.arguments[0]:
        case Attribute(name="losses"):
            return Shape("scalar")
        case Display(items=items) if items:
            return _combined([shape_of(item) for item in items])
    return None


def _shape_of_loss_object(call: Call) -> Shape | None:
    reductions = (
        {reduction_of(option) for option in alternatives(call.receiver) if not is_none(option)}
        if call.receiver
        else {None}
    )
    if len(reductions) != 1:
        return None
    match reductions.pop():
        case "none":
            prediction = call.argument(1, "y_pred")
            return (
                Shape("per-example", producer=call) if prediction is not None and has_feature_axis(prediction) else None
            )
        case "sum":
            return Shape("scalar", "sum", call)
        case "mean":
            return Shape("scalar", "mean", call)
    return None


def reduction_of(loss: Value) -> str | None:
    """How a loss object of Keras reduces: `mean` (its default), `sum` or `none`; None when it cannot be told."""
    if not isinstance(loss, Instance) or loss.call is None or not _is_made_by_keras(loss):
        return None
    given = loss.call.argument(None, "reduction")
    if given is None:
        return None if loss.call.opaque else "mean"
    match given:
        case Constant(value=None):
            return "none"
        case Constant(value=str() as word):
            return {"none": "none", "sum": "sum", "sum_over_batch_size": "mean", "mean": "mean"}.get(word)
        case Library(name=name):
            return {"NONE": "none", "SUM": "sum", "SUM_OVER_BATCH_SIZE": "mean", "AUTO": "mean"}.get(
                name.rpartition(".")[2]
            )
    return None


def _is_made_by_keras(loss: Instance) -> bool:
    """Whether the constructor of a loss is Keras's own, so that its reduction is what it was made with."""
    if isinstance(loss.cls, Library):
        return True
    own = [cls for cls in kinds.ancestors(loss.cls) if isinstance(cls, Class)]
    return kinds.of(loss) == "loss" and not any({"__init__", "__call__"} & set(cls.attributes) for cls in own)


def _shape_of_reduction(call: Call, how: str) -> Shape | None:
    axis = call.argument(1, "axis")
    if how == "average":
        return Shape("scalar", "average", call)
    if call.opaque:
        return None
    if axis is not None and not is_none(axis):
        return (
            Shape("per-example", how, call)
            if _keeps_batch(axis) and call.arguments and _has_axis_for(axis, call.arguments[0])
            else None
        )
    if how == "sum" and not (call.arguments and _is_per_example(call.arguments[0])):
        # A sum over weights or over single numbers has nothing to do with the batch.
        how = "other"
    return Shape("scalar", how, call)


def _is_per_example(value: Value) -> bool:
    shape = shape_of(value)
    return has_feature_axis(value) or (shape is not None and shape.kind == "per-example")


def _keeps_batch(axis: Value) -> bool:
    """Whether a reduction along `axis` leaves the batch alone."""
    axes = axis.items if isinstance(axis, Display) else [axis]
    return all(isinstance(one, Constant) and isinstance(one.value, int) and one.value != 0 for one in axes)


def _has_axis_for(axis: Value, reduced: Value) -> bool:
    """Whether there is a batch left when `reduced` has lost `axis`."""
    axes = axis.items if isinstance(axis, Display) else [axis]
    if all(isinstance(one, Constant) and isinstance(one.value, int) and one.value > 0 for one in axes):
        # Counted from the front, the first axis stays, whatever the rank.
        return _is_made_of_batches(reduced)
    return has_feature_axis(reduced)


def _is_made_of_batches(value: Value) -> bool:
    """Whether `value` comes from what models make of batches, and not of single examples."""
    forwards = [one.call for one in ancestors(value) if isinstance(one, Result) and one.call.op == "forward"]
    return bool(forwards) and not any(_single_example(given) for forward in forwards for given in forward.arguments)


@asked_once
def has_feature_axis(prediction: Value) -> bool:
    """Whether predictions surely have an axis besides the batch: the untouched output of a model or layer."""
    options = alternatives(prediction)
    for option in options:
        match option:
            case Result(call=call) if call.op == "forward":
                if not _keeps_axes(call):
                    return False
            case Result(call=call) if matches(call.op or "", "elementwise", "names"):
                if not any(has_feature_axis(argument) for argument in call.arguments):
                    return False
            case Computed(operator=operator, parts=parts) if operator in _ARITHMETIC:
                if not any(has_feature_axis(part) for part in parts):
                    return False
            case Result(call=call) if call.op in (
                "tensorflow.nn.softmax",
                "tensorflow.nn.sigmoid",
                "tensorflow.sigmoid",
            ):
                if not (call.arguments and has_feature_axis(call.arguments[0])):
                    return False
            case _:
                return False
    return bool(options)


def _is_batch_output(prediction: Value) -> bool:
    """Whether predictions are what a model makes of a batch. A loss over classes needs their axis besides."""
    return all(
        isinstance(option, Result)
        and option.call.op == "forward"
        and not any(_single_example(argument) for argument in option.call.arguments)
        for option in alternatives(prediction)
    )


def _keeps_axes(forward: Call) -> bool:
    """Whether a forward pass gives back (batch, features …): nothing reshapes at its end, nor feeds one example."""
    return _axes_of_forward(forward) != "unclear"


def _axes_of_forward(forward: Call) -> Axes:
    """The axes of predictions, `unclear` also where one example is fed."""
    if forward.receiver is None or any(_single_example(argument) for argument in forward.arguments):
        return "unclear"
    if forward.body is None:
        models = alternatives(forward.receiver)
        known = kinds.of(forward.receiver) in ("model", "layer") or "model" in forward.receiver.marks
        return _least(axes_of(model) for model in models) if known else "unclear"
    return _least(_axes_of_body(option) for option in alternatives(forward.body))


def _axes_of_body(returned: Value) -> Axes:
    if isinstance(returned, Result) and returned.call.op == "forward":
        return _axes_of_forward(returned.call)
    if isinstance(returned, Result) and (returned.call.op or "").startswith("tensorflow.nn."):
        return "out of view"
    return "unclear"


def _least(found: Iterable[Axes]) -> Axes:
    """What can be said of all."""
    known = set(found)
    return "unclear" if "unclear" in known or not known else "out of view" if "out of view" in known else "several"


def _single_example(inputs: Value) -> bool:
    """Whether an input is one example dressed up as a batch."""
    for one in ancestors(inputs, _holds_examples):
        if size_of(one) == 1:
            return True
        if isinstance(one, Result) and _makes_single(one.call):
            return True
        if isinstance(one, Item) and _picks_single(one.index):
            return True
    return False


def _makes_single(call: Call) -> bool:
    """Whether a call gives a batch of one, or of who knows how many."""
    if call.op in _EXPANDING:
        axis = call.argument(1, "axis")
        return not (isinstance(axis, Constant) and axis.value)
    if call.method == "batch":
        return _is_one(call.argument(0, "batch_size"))
    if call.op == "keras.Input":
        whole = call.argument(None, "batch_shape")
        first = whole.items[0] if isinstance(whole, Display) and whole.items else call.argument(1, "batch_size")
        return _is_one(first)
    if call.op in _RESHAPING:
        shape = call.argument(1, "shape") or call.argument(1, "newshape")
        return isinstance(shape, Display) and bool(shape.items) and _is_one(shape.items[0])
    return call.op == "numpy.atleast_2d" or (call.op is None and call.method in _OBSERVING)


def _picks_single(index: Value) -> bool:
    """Whether an index makes an axis for one example, or is the slice from one position to the next."""
    first = index.items[0] if isinstance(index, Display) and index.items else index
    if isinstance(first, SliceValue):
        upper = first.upper
        one_on = isinstance(upper, Computed) and upper.operator == "+" and any(_is_one(part) for part in upper.parts)
        return one_on and upper is not None and any(first.lower is part for part in upper.operands())
    return is_none(first) or (isinstance(first, Library) and first.name in _NEW_AXES)


def _is_one(value: Value | None) -> bool:
    return isinstance(value, Constant) and value.value == 1


def _holds_examples(value: Value) -> bool:
    """Whether what `value` is made of may be examples: inner lists are rows, and an input is made of a mere shape."""
    of_input = isinstance(value, Result) and value.call.op == "keras.Input"
    return not of_input and not (isinstance(value, Display) and value.kind == "list")
