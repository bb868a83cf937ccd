"""Whether a fit is validated on examples that it trains on, told from the bits of their rows."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

MOST_BYTES = 100_000_000
MOST_ROWS = 5_000
"""The held-out examples that are looked for among the others."""

MOST_BATCHES = 200

UNLIKE = ("map", "generator", "flat_map")
"""Links of a pipeline after which the same example may look another way."""


def overlap(x: Any, validation_data: Any) -> tuple[int, int] | None:
    """How many held-out examples were looked at, and how many of them are trained on; None where it cannot be told."""
    held = validation_data if hasattr(validation_data, "element_spec") else _first(validation_data)
    if x is None or held is None:
        return None
    if x is validation_data and hasattr(x, "element_spec"):
        count = sum(1 for _ in _rows(x))
        return (count, count) if count else None
    trained = {hash(row) for row in _rows(x)}
    rows = [hash(row) for row in itertools.islice(_rows(held), MOST_ROWS)]
    shared = sum(row in trained for row in rows)
    if not rows or not trained or (not shared and any(map(_may_look_another_way, (x, held)))):
        return None
    return len(rows), shared


def _first(data: Any) -> Any:
    """The inputs, of inputs and labels."""
    return data[0] if isinstance(data, (tuple, list)) and data else None


def _rows(data: Any) -> Iterator[bytes]:
    """The bits of the first component of each example."""
    read = 0
    batches = itertools.islice(data, MOST_BATCHES) if hasattr(data, "element_spec") else [data]
    for batch in batches:
        first: Any = next(iter(tf.nest.flatten(batch)), None)
        if not hasattr(first, "shape") or np.ndim(first) == 0:
            return
        array = np.ascontiguousarray(first)
        for row in array:
            read += row.nbytes
            if read > MOST_BYTES:
                return
            yield row.tobytes()


def _may_look_another_way(data: Any) -> bool:
    pending = [data] if hasattr(data, "element_spec") else []
    while pending:
        link = pending.pop()
        if any(word in type(link).__name__.lower() for word in UNLIKE):
            return True
        pending.extend(link._inputs())
    return False
