"""Which Keras a program is written for: the questions that rules about versions turn on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

Target = Literal["2", "3"]
TARGETS: Sequence[Target] = get_args(Target)

NEWEST: Target = "3"
"""The Keras that a program meets which says nothing, for it is what is installed today."""

# A program that asks for the old Keras beside the new one says so where it imports, or in its environment.
_LEGACY = re.compile(
    r"^[ \t]*(?:import|from)[ \t][^\n#]*\b(?:tf_keras|tensorflow\.python\.keras)\b"
    r"|TF_USE_LEGACY_KERAS['\"]?(?:\]|,)?[ \t]*(?:=|,)?[ \t]*['\"]?(?:1|[Tt]rue)",
    re.MULTILINE,
)


def asks_for_legacy(text: str) -> bool:
    """Whether the text of a file imports Keras 2 under its own name, or switches TensorFlow over to it."""
    return _LEGACY.search(text) is not None
