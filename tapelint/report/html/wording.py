"""Numbers, places and counts in the words of the page."""

import math
import re

from tapelint.record import Caller, Site
from tapelint.report.address import line
from tapelint.report.html.markup import Html, joined, tag

NOTHING = "–"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)


def times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number:,} times")


def figure(value: float | None) -> str:
    """A number with three digits that count; a dash where there is none."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def spot(where: Site | Caller, script: str) -> str:
    """Where something happened: the line, and the file if it is not the script itself."""
    if where.path != script:
        return line(where)
    return (where.spot if isinstance(where, Site) else where).told


def place(where: Site | Caller | None, script: str) -> Html:
    """The same, as a part of the page."""
    return tag("span", breakable(spot(where, script)) if where else NOTHING, class_="place")


def breakable(name: str) -> Html:
    """A path, which may go on in the next line behind a slash or an underscore."""
    return joined(*(joined(piece, tag("wbr")) for piece in re.split("(?<=[/_])", name)))


def listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""
