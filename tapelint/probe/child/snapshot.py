"""The values of a variable at one moment, to be compared with those at a later one."""

import zlib
from typing import Any

import numpy as np

LARGEST = 128 << 20
"""The bytes of a variable up to which its values are kept; of larger ones only a checksum."""


class Snapshot:
    """What a variable held."""

    def __init__(self, variable: Any) -> None:
        values = array(variable)
        self._shape = values.shape
        self._checksum = zlib.crc32(_bytes(values).data) if values.nbytes > LARGEST else None
        self._values = values.copy() if self._checksum is None else None

    @property
    def scale(self) -> float | None:
        """The greatest magnitude; None where only a checksum is kept."""
        return None if self._values is None else largest(self._values.astype("float64"))

    @property
    def length(self) -> float | None:
        """The root of the sum of the squares; None where only a checksum is kept."""
        return None if self._values is None else float(np.linalg.norm(self._values.astype("float64")))

    def same(self, later: "Snapshot") -> bool:
        """Whether every bit is the same."""
        if self._shape != later._shape:
            return False
        if self._values is None or later._values is None:
            return self._checksum == later._checksum
        return bool(np.array_equal(_bytes(self._values), _bytes(later._values)))

    def moved(self, later: "Snapshot") -> float | None:
        """The greatest distance between two values in the same place; None where only checksums are kept."""
        way = self._way(later)
        return None if way is None else largest(way)

    def distance(self, later: "Snapshot") -> float | None:
        """The length of the way from one to the other; None where only checksums are kept."""
        way = self._way(later)
        return None if way is None else float(np.linalg.norm(way))

    def _way(self, later: "Snapshot") -> "np.ndarray[Any, Any] | None":
        if self._values is None or later._values is None or self._shape != later._shape:
            return None
        way: np.ndarray[Any, Any] = later._values.astype("float64") - self._values.astype("float64")
        return way


def array(value: Any) -> "np.ndarray[Any, Any]":
    """The values of a tensor or variable."""
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def largest(values: Any) -> float:
    """The greatest magnitude; not a number if any of the values is none."""
    return float(np.max(np.abs(values))) if np.size(values) else 0.0


def _bytes(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    if values.dtype.hasobject:
        return np.frombuffer(repr(values.tolist()).encode(), np.uint8)
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)
