"""What the place that a report is written to can show."""

import os
import shutil
from collections.abc import Mapping
from typing import TextIO


def has_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether to write colours: NO_COLOR forbids them, FORCE_COLOR demands them, otherwise a terminal gets them."""
    if environment.get("NO_COLOR"):
        return False
    if force := environment.get("FORCE_COLOR"):
        return force != "0"
    return stream.isatty() and environment.get("TERM") != "dumb"


def width(stream: TextIO, environment: Mapping[str, str] = os.environ) -> int | None:
    """The columns that a line may take; None where lines have no end, as in a file or a pipe."""
    if environment.get("COLUMNS", "").isdecimal() and int(environment["COLUMNS"]) > 0:
        return int(environment["COLUMNS"])
    return shutil.get_terminal_size().columns if stream.isatty() else None
