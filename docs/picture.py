"""The picture of a terminal in the README: what the program itself prints about a fixture, drawn by rich.

`make picture` draws it again.
"""

import html
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "finding.svg"
FIXTURE = ROOT / "fixtures" / "seeds" / "loop_without_update.py"
ARGUMENTS = ("check", "--probe", "train.py")
COLUMNS = 100
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"


def output() -> str:
    """What the program prints on a terminal with colours, about the fixture without what it gives away."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        program = re.sub(r" +# error.*", "", FIXTURE.read_text(encoding="utf-8"))
        Path(folder, ARGUMENTS[-1]).write_text(program, encoding="utf-8")
        command = [sys.executable, "-m", "tapelint", *ARGUMENTS]
        told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if told.returncode != 1:
        raise RuntimeError(f"the picture needs findings, but tapelint ended with {told.returncode}: {told.stderr}")
    return told.stdout


def draw(printed: str) -> str:
    """The picture of a terminal in which that was printed."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="standard")
        console.print(Text.assemble(("$ ", "bold green"), (f"tapelint {' '.join(ARGUMENTS)}\n", "bold")))
        console.print(Text.from_ansi(printed.rstrip("\n")))
    svg = console.export_svg(title="tapelint", unique_id="tapelint")
    # The reader's own monospaced font will do: a picture should not fetch one.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("font-family: Fira Code, monospace", f"font-family: {FONTS}")


def words(svg: str) -> list[str]:
    """The words that the picture shows, in order."""
    shown = re.findall(r"<text[^>]*>(.*?)</text>", svg, flags=re.DOTALL)
    return html.unescape(" ".join(shown)).split()


if __name__ == "__main__":
    PICTURE.write_text(draw(output()), encoding="utf-8")
