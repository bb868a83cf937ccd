"""Drawings of matplotlib's as parts of a page: their colours are the page's, and their letters are letters."""

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from tapelint.report.html.markup import Html, legible, tag

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours that nobody would choose stand for those that the reader's scheme gives: light or dark.
COLOURS = {
    "ink": "#010203",
    "faint": "#040506",
    "line": "#070809",
    "first": "#0a0b0c",
    "second": "#0d0e0f",
    "third": "#101112",
    "fourth": "#131415",
    "bad": "#161718",
}
PALETTE = ("first", "second", "third", "fourth")

SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tapelint",
    "text.parse_math": False,
    "font.size": 10,
    "text.color": COLOURS["ink"],
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["faint"],
    "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["faint"],
    "ytick.labelcolor": COLOURS["faint"],
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
}

_SVG = "http://www.w3.org/2000/svg"
_HREF = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"#([\w.-]+)")


def inline(figure: "Figure", name: str, description: str) -> Html:
    """The figure as an `svg` element. `name` keeps its parts apart from those of other figures on the page."""
    paper = io.StringIO()
    with warnings.catch_warnings():
        # The letters are drawn by the reader's browser; what matplotlib's own font lacks is of no matter.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(paper, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(paper.getvalue())
    for unwanted in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(unwanted)
    wanted = {target for element in root.iter() for target in _targets(element)}
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        _rename(element, name, wanted)
    for part in ("width", "height", "version"):
        root.attrib.pop(part, None)
    root.set("role", "img")
    root.set("aria-label", legible(description))
    drawn = ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)
    for role, colour in COLOURS.items():
        drawn = drawn.replace(colour, f"var(--{role})")
    return tag("div", Html(drawn), class_="plot")


def _targets(element: ElementTree.Element) -> set[str]:
    """The names by which an element refers to others."""
    return {found for key, value in element.attrib.items() if key != "id" for found in _REFERENCE.findall(value)}


def _rename(element: ElementTree.Element, name: str, wanted: set[str]) -> None:
    own = element.attrib.pop("id", None)
    if own in wanted:
        element.set("id", f"{name}-{own}")
    href = element.attrib.pop(_HREF, None)
    if href is not None:
        element.set("href", href)
    for key, value in element.attrib.items():
        if key == "href" or "url(" in value:
            element.set(key, _REFERENCE.sub(rf"#{name}-\1", value))
    if element.tag == "text":
        element.set("style", _without_font(element.get("style", "")))


def _without_font(style: str) -> str:
    """The style of a text without the name of a font: the page has one."""
    return re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", re.sub(r"font-family:[^;]*;?", "", style))
