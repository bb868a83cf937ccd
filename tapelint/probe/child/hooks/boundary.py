"""What crosses the boundary of a `tf.function`, as a compiled one would take it and give it back.

Run eagerly, the Python function would get NumPy arrays and lists where the compiled one gets tensors, and its caller
would get numbers instead of tensors; a program that is right would then fail.
"""

import contextlib
from typing import Any

import numpy as np
import tensorflow as tf


def taken(
    function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as the compiled function would get them."""
    signature = None
    with contextlib.suppress(Exception):
        signature = function.input_signature
    if signature is not None and len(signature) == len(arguments) and not keywords:
        with contextlib.suppress(TypeError, ValueError):
            return tuple(_fitted(value, spec) for value, spec in zip(arguments, signature, strict=True)), keywords
    converted: tuple[tuple[Any, ...], dict[str, Any]] = tf.nest.map_structure(_array_to_tensor, (arguments, keywords))
    return converted


def given(result: Any) -> Any:
    """The result as the compiled function would give it."""
    return tf.nest.map_structure(_to_tensor, result)


def _fitted(value: Any, spec: Any) -> Any:
    if isinstance(spec, tf.TensorSpec) and not tf.is_tensor(value):
        return tf.convert_to_tensor(value, spec.dtype)
    return tf.nest.map_structure(_array_to_tensor, value)


def _array_to_tensor(value: Any) -> Any:
    return tf.convert_to_tensor(value) if isinstance(value, np.ndarray | np.generic) else value


def _to_tensor(value: Any) -> Any:
    if isinstance(value, bool | int | float | complex | str | bytes | np.ndarray | np.generic):
        return tf.convert_to_tensor(value)
    return value
