"""The Python that a Markdown text quotes: its fenced blocks as one text."""

import re
from pathlib import Path

from tapelint.source.commands import as_python
from tapelint.source.document import Assembly, Document, Part
from tapelint.source.markdown import Fence, fences

# The info strings under which documentation tools find Python: `python title="a"`, `{python}`, `{code-cell} ipython3` …
_PYTHON = re.compile(
    r"(?:\{(?:code-cell|code-block|code|sourcecode)\}\s*)?\{?\.?i?(?:python3?|py3?)(?![\w-]) | \{code-cell\}\s*$",
    re.IGNORECASE | re.VERBOSE,
)
# What such a tool reads at the head of a block: options, which are no Python.
_OPTION = re.compile(r":[\w-]+:(?:\s|$)")
_ELISION = re.compile(r"(?<!\[)(?:\.\.\.|…)")


def read_markdown(path: Path, data: bytes) -> Document:
    """The document in a Markdown text. Bytes that are not UTF-8 are prose, and prose may say what it likes."""
    whole = data.decode("utf-8-sig", errors="replace")
    written = Document(path, whole).lines
    blocks = [fence for fence in fences(whole) if fence.text and _PYTHON.match(fence.info)]
    assembly = Assembly()
    for fence in blocks:
        lines, shifts = as_python(_code(fence))
        for index, line in enumerate(_lines(fence)):
            # The indentation of the block itself is lost too.
            lost = len(written[fence.line - 1 + index]) - len(line)
            if lost:
                shifts[index] = shifts.get(index, 0) + lost
        assembly.add(lines, shifts, Part(at=fence.line, elided=_ELISION.search(fence.text) is not None))
    return Document(
        path,
        assembly.text,
        tuple(assembly.parts),
        {None: written},
        assembly.shifts,
        quotes=True,
    )


def _lines(fence: Fence) -> list[str]:
    return fence.text.removesuffix("\n").split("\n")


def _code(fence: Fence) -> list[str]:
    """The lines of a block, without the options at its head."""
    lines = _lines(fence)
    if lines[0] == "---" and "---" in lines[1:]:
        head = lines.index("---", 1) + 1
    else:
        head = next((index for index, line in enumerate(lines) if not _OPTION.match(line)), len(lines))
    return [""] * head + lines[head:]
