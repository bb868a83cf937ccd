"""Checks of steps that only work, or only work well, on batches of one size."""

from __future__ import annotations

from tapelint.checks import trails
from tapelint.checks.registry import check
from tapelint.checks.repairs import Repair, SetArgument
from tapelint.checks.report import Report, Reports
from tapelint.program import kinds
from tapelint.program.arrays import integer_of
from tapelint.program.feeds import Feed
from tapelint.program.knowledge import matches
from tapelint.program.losses import shape_of
from tapelint.program.models import library_class, sensitive_parts
from tapelint.program.pipelines import dataset_behind, redraws
from tapelint.program.program import Program
from tapelint.program.provenance import ancestors, made_by
from tapelint.program.tapes import Gradients, choices_of_root
from tapelint.program.trace import Call
from tapelint.program.values import Choice, Computed, Constant, Display, Element, Item, Result, SliceValue, Value

# How near to one a number must come to be one.
_ALMOST = 1e-6

# Statistics over so few examples are noise.
_HANDFUL = 4

# How many operations away from the gradients their division is looked for.
_NEAR = 6


@check
def undersized_final_batch(program: Program) -> Reports:
    for step, feed in program.feeds:
        if not feed.tail or feed.batches == 1:
            continue
        reason = _sensitive_step(program, step, feed)
        if reason is not None:
            yield Report(
                feed.site,
                f"the last batch has {feed.tail} examples instead of {feed.batch}: {reason}",
                trails.of_feed(feed),
                fix=_only_full_batches(feed),
            )


def _only_full_batches(feed: Feed) -> Repair | None:
    """The repair by which the smaller batch is dropped: of shuffled data, other examples each time."""
    pipeline = feed.pipeline
    if pipeline is None or pipeline.batch is None or not any(map(_mixes_anew, pipeline.before(pipeline.batch))):
        return None
    change = SetArgument(pipeline.batch.site, "drop_remainder", "True")
    return Repair("drop the smaller batch: `drop_remainder=True`", "unsafe", (change,))


def _mixes_anew(step: Call) -> bool:
    return step.method == "shuffle" and redraws(step)


def _sensitive_step(program: Program, step: Call, feed: Feed) -> str | None:
    """What in a step depends on the size of the batch."""
    models: list[Value] = [step.receiver] if step.receiver is not None else []
    frozen = _freezes_layers(program)
    for gradients in program.training:
        if gradients.call is step and gradients.target is not None:
            if not program.distributed and _is_sum(gradients.target, feed) and not _are_rescaled(gradients):
                return "the loss is a sum, and so its update is smaller"
            if any(_fixed_size(value, feed) for value in ancestors(gradients.target)):
                return f"what is made for {feed.batch} does not fit it, and the step raises"
            models = [root for each in gradients.parameters or () for root in choices_of_root(each.root)]
    return next((reason for model in models if (reason := _sensitive_model(model, feed, frozen)) is not None), None)


_DIVISIONS = frozenset(
    {"tensorflow.divide", "tensorflow.math.divide", "tensorflow.math.divide_no_nan", "tensorflow.truediv",
     "tensorflow.math.truediv", "keras.ops.divide", "keras.ops.divide_no_nan", "keras.ops.true_divide"}
)  # fmt: skip


def _is_sum(loss: Value, feed: Feed) -> bool:
    """Whether a loss surely grows with the number of examples in the batch."""
    shape = shape_of(loss)
    summed = shape is not None and (shape.kind == "per-example" or shape.reduction == "sum")
    return summed and not _is_average(loss, feed)


def _is_average(loss: Value, feed: Feed) -> bool:
    """Whether a sum is divided by what may follow the batch, before or after, or by the size of a full one."""
    for value in ancestors(loss, _is_arithmetic):
        match value:
            case Computed(operator="/", parts=(_, divisor)):
                if not isinstance(divisor, Constant) or divisor.value == feed.batch:
                    return True
            case Computed(operator="*", parts=parts):
                if any(_is_share(part, feed) for part in parts):
                    return True
            case Result(call=call) if call.op in _DIVISIONS:
                return True
    return False


def _is_arithmetic(value: Value) -> bool:
    match value:
        case Result(call=call):
            op = call.op or ""
            return op.endswith(("reduce_sum", "ops.sum")) or op in _DIVISIONS or matches(op, "elementwise", "names")
        case Computed(operator=operator):
            return operator in ("+", "-", "*", "/")
    return isinstance(value, Choice)


def _is_share(part: Value, feed: Feed) -> bool:
    """Whether `part` is one divided by the size of a full batch."""
    return (
        isinstance(part, Constant)
        and isinstance(part.value, float)
        and feed.batch is not None
        and abs(part.value * feed.batch - 1) < _ALMOST
    )


def _freezes_layers(program: Program) -> bool:
    """Whether some layer is taken out of training after it was made, and its statistics with it."""
    return any(
        assignment.name == "trainable" and not (isinstance(assignment.value, Constant) and assignment.value.value)
        for assignment in program.trace.assignments
    )


def _sensitive_model(model: Value, feed: Feed, frozen: bool) -> str | None:
    """What in a model depends on the size of the batch."""
    if any(_fixed_input(one, feed.batch) for one in ancestors(model)):
        return "the model is built for a fixed size, and the step raises"
    if frozen or feed.tail is None or feed.batch is None:
        return None
    if feed.tail <= _HANDFUL and feed.tail * 4 <= feed.batch:
        names = [library_class(layer) for layer in sensitive_parts(model)]
        if "keras.layers.BatchNormalization" in names:
            return "BatchNormalization takes its statistics from them alone"
    return None


def _fixed_input(value: Value, batch: int | None) -> bool:
    """Whether `value` is an input or a layer that fixes the batch size."""
    call = made_by(value)
    if call is None or not (call.op or "").startswith("keras."):
        return False
    shape = call.argument(None, "batch_shape") or call.argument(None, "batch_input_shape")
    given = shape.items[0] if isinstance(shape, Display) and shape.items else None
    if given is None and call.op in ("keras.Input", "keras.InputLayer"):
        given = call.argument(None, "batch_size")
    return given is not None and integer_of(given) == batch


# Functions that put tensors side by side, row by row.
_JOINS = frozenset({"tensorflow.concat", "keras.ops.concatenate"})


def _fixed_size(value: Value, feed: Feed) -> bool:
    """Whether a tensor with a fixed number of rows meets the batch in one operation that compares row by row."""
    match value:
        case Computed(operator="+" | "-" | "*" | "/", parts=parts):
            operands = list(parts)
        case Result(call=call) if call.op == "keras.Loss.__call__" or matches(call.op or "", "per_example", "names"):
            operands = list(call.arguments)
        case Result(call=call) if call.op in _JOINS and integer_of(call.argument(1, "axis")) not in (None, 0):
            joined = call.argument(0, "values")
            operands = joined.items if isinstance(joined, Display) else []
        case _:
            return False
    fixed = [any(_rows(one) == feed.batch for one in ancestors(part, _keeps_rows)) for part in operands]
    fed = [any(_is_batch(one, feed) for one in ancestors(part, _keeps_rows)) for part in operands]
    return any(fixed) and any(b and not f for b, f in zip(fed, fixed, strict=True))


def _keeps_rows(value: Value) -> bool:
    """Whether `value` has the rows of what it was made from."""
    match value:
        case Result(call=call):
            return call.op == "forward" or matches(call.op or "", "elementwise", "names")
        case Computed(operator=operator):
            return operator in ("+", "-", "*", "/")
        case Item(index=Constant()):
            return True
        case Item(index=Display(kind="tuple", items=[SliceValue(lower=None, upper=None, step=None), *_])):
            return True
    return isinstance(value, Choice)


def _rows(value: Value) -> int | None:
    """The constant first dimension of a tensor that is made anew: noise, ones, zeros."""
    if not isinstance(value, Result):
        return None
    op = value.call.op or ""
    if not op.startswith(("tensorflow.random.", "tensorflow.ones", "tensorflow.zeros", "keras.random.")):
        return None
    shape = value.call.argument(0, "shape")
    return integer_of(shape.items[0]) if isinstance(shape, Display) and len(shape.items) > 1 else None


def _is_batch(value: Value, feed: Feed) -> bool:
    if isinstance(value, Element):
        return kinds.of(dataset_behind(value.of)) == "dataset" and feed.pipeline is not None
    return any(value is cut.batch for cut in feed.slices)


def _are_rescaled(gradients: Gradients) -> bool:
    """Whether gradients are divided or multiplied before they are applied, maybe by the number of examples."""
    pending: list[tuple[Value, int]] = [(gradients.call.result, 0)]
    while pending:
        value, depth = pending.pop()
        for use in value.uses:
            if isinstance(use.by, Computed) and use.by.operator in ("/", "*"):
                return True
            if isinstance(use.by, Call) and use.by.op in _DIVISIONS:
                return True
            if isinstance(use.by, (Choice, Display, Element, Item)) and depth < _NEAR:
                pending.append((use.by, depth + 1))
    return False
