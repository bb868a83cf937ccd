"""What Python's own operators and functions give, as far as values can be followed through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Constants that take more characters to write are not computed.
_LONGEST = 300

# Functions that hand out the elements of their first argument, in some order.
PASSING = frozenset(
    {"builtins.list", "builtins.tuple", "builtins.iter", "builtins.reversed", "builtins.sorted", "builtins.set"}
)

_FOLDED: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b if abs(b) < 64 and abs(a) < 1e6 else None,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def fold(operator: str, left: Any, right: Any) -> Any:
    """The constant `left operator right`; None when it has no small value."""
    if operator not in _FOLDED or (isinstance(left, (str, bytes)) and operator == "*"):
        return None
    try:
        folded = _FOLDED[operator](left, right)
        return folded if len(repr(folded)) < _LONGEST else None
    except (TypeError, ValueError, ArithmeticError):
        return None
