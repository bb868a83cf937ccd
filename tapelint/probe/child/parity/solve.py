"""Gradients told as multiples of others: `g = a * g_data + b * g_penalties`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapelint.probe.child.snapshot import array

EXPLAINED = 5e-4
"""The part of the gradients that may be left unexplained."""

FEWEST_NUMBERS = 8
"""The numbers that gradients must have to say something: two of them are a sum of multiples of any two others."""

SAME_DIRECTION = 0.999
"""The cosine from which on two parts cannot be told from each other."""

Vector = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Solution:
    """The factors of the parts, and what they leave unexplained. A part that is nothing has no factor."""

    factors: tuple[float | None, ...]
    residual: float


def flat(gradients: Iterable[Any], variables: Iterable[Any]) -> Vector:
    """Gradients, those that are missing as zeros, one after the other."""
    parts = [
        np.zeros(int(np.prod(variable.shape))) if gradient is None else numbers(gradient).reshape(-1)
        for gradient, variable in zip(gradients, variables, strict=True)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def numbers(gradient: Any) -> Vector:
    """The numbers of a gradient, whether it is dense or not, exact enough to be added up."""
    if not hasattr(gradient, "numpy") and hasattr(gradient, "indices"):
        import tensorflow as tf

        gradient = tf.convert_to_tensor(gradient)
    return array(gradient).astype("float64")


def solved(user: Vector, parts: Sequence[Vector]) -> Solution | None:
    """The factors that come closest to the user's gradients; None where they cannot be told."""
    size, *sizes = (float(np.linalg.norm(each)) for each in (user, *parts))
    if user.size < FEWEST_NUMBERS or not np.isfinite([size, *sizes]).all() or not size:
        return None
    there = [index for index, length in enumerate(sizes) if length]
    # Each column at the length of one, or the small one would be lost.
    columns = [parts[index] / sizes[index] for index in there]
    products = np.array([[float(left @ right) for right in columns] for left in columns])
    if not columns or np.abs(products - np.eye(len(columns))).max() > SAME_DIRECTION:
        return None
    # The normal equations, because a general solver would copy all numbers several times.
    found = np.linalg.solve(products, np.array([float(column @ user) for column in columns]))
    rest = user.copy()
    for factor, column in zip(found, columns, strict=True):
        rest -= factor * column
    factors: list[float | None] = [None] * len(parts)
    for index, factor in zip(there, found, strict=True):
        factors[index] = float(factor) / sizes[index]
    return Solution(tuple(factors), float(np.linalg.norm(rest)) / size)


def distance(left: Vector, right: Vector) -> float:
    """How far two vectors are apart, in lengths of the second."""
    length = float(np.linalg.norm(right))
    return float(np.linalg.norm(left - right)) / length if length else float(np.any(left))
