"""The page in a real browser, which the tests do without: `make browser`, or `python -m tests.report.browser`.

Takes pictures of example pages, light and dark, wide and as narrow as a telephone, for somebody to look at, and fails
if the browser complains, if a page must be scrolled sideways, or if letters are hard to tell from their ground. Other
pages are checked in place of the examples if they are named.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tapelint.report.html import page
from tapelint.report.html.runs import Run
from tests.report.pages import EMPTY, found
from tests.report.runs import compiled, failing, right, standing_still

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
SCHEMES = {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}
WIDTHS = (400, 1000)
TALLEST = 8000

# A page in a frame has the width of the frame, however wide a window must be.
FRAME = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>A page in a frame</title>
<style>
:root {{ color-scheme: light dark }}
body {{ margin: 0 }}
iframe {{ border: 0; width: {width}px; height: {height}px }}
</style>
<iframe srcdoc="{page}"></iframe>
<pre id="measured"></pre>
<script>{script}</script>
</html>
"""

MEASURE = """
function channels(colour) {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}
function luminance(rgb) {
  const [r, g, b] = rgb.slice(0, 3).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ground(element) {
  for (let e = element; e; e = e.parentElement) {
    const colour = channels(e.ownerDocument.defaultView.getComputedStyle(e).backgroundColor);
    if (colour[3] > 250) return colour;
  }
  return [255, 255, 255, 255];
}
function faint(root) {
  const found = new Set();
  const walker = root.createTreeWalker(root.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    const style = root.defaultView.getComputedStyle(element);
    const letters = channels(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [luminance(letters), luminance(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.add(`${walker.currentNode.data.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return [...found];
}
onload = () => {
  const inner = document.querySelector("iframe").contentDocument;
  const closed = inner.querySelectorAll("details:not([open])");
  for (const each of closed) each.open = true;
  const told = {width: inner.documentElement.scrollWidth, faint: faint(inner)};
  for (const each of closed) each.open = false;
  told.height = Math.ceil(inner.body.getBoundingClientRect().bottom);
  document.getElementById("measured").textContent = JSON.stringify(told);
};
"""


def main() -> int:
    """The check; its status says whether there were complaints."""
    parser = argparse.ArgumentParser(description="Look at pages with a real browser.")
    parser.add_argument("pages", nargs="*", type=Path, help="pages to look at in place of the examples")
    parser.add_argument("--pictures", type=Path, default=Path("build/browser"), help="where the pictures go")
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"there is no browser here: none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return 2
    options.pictures.mkdir(parents=True, exist_ok=True)
    named = {path.stem: _read(path) for path in options.pages} or _examples()
    complaints = [
        f"{name}, {scheme}, {width} wide: {complaint}"
        for name, text in named.items()
        for scheme in SCHEMES
        for width in WIDTHS
        for complaint in _looked_at(browser, text, width, scheme, options.pictures / f"{name}-{scheme}-{width}.png")
    ]
    print("\n".join(complaints) or f"{len(named)} pages are in order; look at them yourself in {options.pictures}/")
    return 1 if complaints else 0


def _read(path: Path) -> str:
    """A page that loads what lies beside it, wherever it is looked at."""
    base = f'<head><base href="{path.resolve().as_uri()}">'
    return path.read_text(encoding="utf-8").replace("<head>", base, 1)


def _examples() -> dict[str, str]:
    return {
        "right": page.render(EMPTY, [Run(right(), compiled())]),
        "wrong": page.render(found(), [Run(standing_still())]),
        "failing": page.render(found(), [Run(failing())]),
        "several": page.render(found(), [Run(right()), Run(standing_still())]),
    }


def _looked_at(browser: str, text: str, width: int, scheme: str, picture: Path) -> Iterator[str]:
    """What is wrong with a page; a picture of it is taken on the way."""
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        asked = (browser, *QUIET, *SCHEMES[scheme], f"--user-data-dir={there / 'profile'}")
        document = there / "frame.html"
        document.write_text(_framed(text, width, TALLEST, MEASURE), encoding="utf-8")
        told = _run(*asked, f"--window-size={width + 100},900", "--dump-dom", document.as_uri())
        measured = re.search(r'<pre id="measured">(.+?)</pre>', told.stdout, re.S)
        yield from re.findall(r"CONSOLE.*", told.stderr)
        if measured is None:
            yield f"the browser said nothing: {told.stderr[-300:]}"
            return
        seen = json.loads(html.unescape(measured[1]))
        if seen["width"] > width:
            yield f"it is {seen['width']} wide"
        yield from (f"hard to read: {each}" for each in seen["faint"])
        height = min(TALLEST, seen["height"])
        document.write_text(_framed(text, width, height, ""), encoding="utf-8")
        size = f"--window-size={max(500, width)},{height}"
        _run(*asked, size, f"--screenshot={picture.resolve()}", document.as_uri())
        if not picture.is_file():
            yield "there is no picture of it"


def _framed(text: str, width: int, height: int, script: str) -> str:
    return FRAME.format(width=width, height=height, page=html.escape(text), script=script)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


if __name__ == "__main__":
    sys.exit(main())
