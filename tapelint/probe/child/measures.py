"""What tensors are like that take the same part in call after call: their form, and the range of their numbers."""

from typing import Any

import numpy as np

from tapelint.record import Values

LARGEST = 1 << 22
"""The numbers up to which a tensor is looked through."""

MOST_CLASSES = 100

UNIT = 1e-3
"""By how much the sum of a row may miss one."""


def measured(value: Any) -> Values:
    """What one tensor is like."""
    shape, dtype = _form(value)
    numbers = _numbers(value)
    if numbers is None or not numbers.size:
        return Values(shape, dtype, None, None, None, None, None)
    finite = np.isfinite(numbers)
    inside = numbers[finite]
    return Values(
        shape,
        dtype,
        low=float(inside.min()) if inside.size else None,
        high=float(inside.max()) if inside.size else None,
        whole=bool((inside == np.floor(inside)).all()),
        sums=_adds_up(numbers),
        finite=bool(finite.all()),
    )


def joined(before: Values, now: Values) -> Values:
    """What two tensors are like together: the form of the first, the extremes of both."""
    return Values(
        before.shape,
        before.dtype,
        low=_either(before.low, now.low, min),
        high=_either(before.high, now.high, max),
        whole=_either(before.whole, now.whole, min),
        sums=_either(before.sums, now.sums, min),
        finite=_either(before.finite, now.finite, min),
    )


def counted(value: Any) -> dict[int, int]:
    """How often each class stands in labels, whole or one-hot; nothing where they are no classes, or too many."""
    numbers = _numbers(value)
    if numbers is None or not numbers.size or not (numbers == np.floor(numbers)).all():
        return {}
    if numbers.ndim > 1 and numbers.shape[-1] > 1:
        if not _adds_up(numbers):
            return {}
        numbers = numbers.argmax(axis=-1)
    classes, counts = np.unique(numbers, return_counts=True)
    return dict(zip(map(int, classes), map(int, counts), strict=True)) if len(classes) <= MOST_CLASSES else {}


def _form(value: Any) -> tuple[tuple[int | None, ...], str]:
    dtype = getattr(value, "dtype", type(value).__name__)
    name = str(getattr(dtype, "name", dtype))
    shape = getattr(value, "shape", None)
    try:
        sizes = tuple(None if size is None else int(size) for size in shape) if shape is not None else ()
    except (TypeError, ValueError):  # Nobody knows how many dimensions it has.
        sizes = ()
    return sizes, name


def _numbers(value: Any) -> "np.ndarray[Any, Any] | None":
    try:
        numbers = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return None
    if numbers.dtype.kind not in "fiub" and numbers.dtype.name != "bfloat16":
        return None
    return numbers.astype("float64") if numbers.size <= LARGEST else None


def _adds_up(numbers: "np.ndarray[Any, Any]") -> bool | None:
    if numbers.ndim == 0 or numbers.shape[-1] < 2:
        return None
    return bool(np.allclose(numbers.sum(axis=-1), 1, atol=UNIT) and numbers.min() >= 0)


def _either(left: Any, right: Any, choose: Any) -> Any:
    known = [value for value in (left, right) if value is not None]
    return choose(known) if known else None
